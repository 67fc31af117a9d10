#include "apps/adapter.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <map>
#include <thread>

#include "apps/adapter_delivery.hpp"
#include "apps/adapter_devices.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/stop_signal.hpp"
#include "net/byte_source.hpp"
#include "net/mqtt_client.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto tick = 200ms;
/// A device that speaks nonsense is complained of once in this time.
constexpr auto complaint_interval = 60s;
/// States go to Home Assistant no more often.
constexpr auto publish_interval = 2s;

UtcMillis wall_clock() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

class Box {
 public:
  Box(const AdapterConfig& config, AdapterStateFile file)
      : config_(config),
        household_(config, std::move(file)),
        delivery_(config, household_, market_listener()) {
    for (const auto& meter : config_.meters) devices_.push_back({make_device(meter), {}, {}});
  }

  ~Box() {
    stop_requested = true;
    lines_.clear();
    mqtt_.reset();
  }
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  Result<void> run() {
    if (auto started = start_lines(); !started) return started;
    if (auto started = start_mqtt(); !started) return started;
    std::thread delivery([this] {
      auto done = delivery_.run(stop_requested);
      if (done) return;
      const std::lock_guard lock(mutex_);
      fault_ = done.error();
      stop_requested = true;
    });
    auto heard = listen();
    stop_requested = true;
    delivery.join();
    lines_.clear();
    mqtt_.reset();
    spdlog::info("stopped; {} readings wait for the ledger", household_.pending());
    if (!heard) return heard;
    if (fault_) return *fault_;
    return {};
  }

 private:
  struct Ear {
    std::unique_ptr<Device> device;
    Clock::time_point next_complaint{};
    Clock::time_point next_publication{};
  };

  bool tells_home_assistant() const { return config_.mqtt && config_.mqtt->home_assistant; }

  std::function<void(std::size_t, const MarketStates&)> market_listener() {
    if (!tells_home_assistant()) return {};
    return [this](std::size_t meter, const MarketStates& states) {
      {
        const std::lock_guard lock(mutex_);
        market_[meter] = states;
      }
      publish_states(meter);
    };
  }

  Result<void> start_lines() {
    for (std::size_t i = 0; i < config_.meters.size(); ++i) {
      const auto* source = std::get_if<P1Source>(&config_.meters[i].source);
      if (source == nullptr) continue;
      const auto name = config_.meters[i].meter.text();
      auto framer = std::make_shared<adapters::P1Framer>(source->options);
      net::ByteSourceHandlers handlers;
      handlers.on_bytes = [this, i, framer, name](std::string_view bytes) {
        const auto damaged = framer->damaged();
        framer->feed(bytes, [&](std::string_view telegram) {
          queue_.push_patiently({i, {}, std::string(telegram), wall_clock(), false},
                                stop_requested);
        });
        if (damaged == 0 && framer->damaged() > 0) {
          spdlog::warn("meter {}: a damaged telegram was left out", name);
        }
      };
      handlers.on_state = [framer, name, options = source->options](bool open,
                                                                    const std::string& why) {
        *framer = adapters::P1Framer(options);
        if (open) spdlog::info("meter {}: P1 is open", name);
        if (!open) spdlog::warn("meter {}: P1: {}", name, why);
      };
      auto line = net::ByteSource::start(source->line, std::move(handlers));
      if (!line) return line.error();
      lines_.push_back(std::move(*line));
    }
    return {};
  }

  Result<void> start_mqtt() {
    if (!config_.mqtt) return {};
    const auto& broker = *config_.mqtt;
    net::MqttOptions options;
    options.host = broker.host;
    options.port = broker.port;
    options.client_id = broker.client_id;
    options.username = broker.username;
    options.password = broker.password;
    options.ca_file = broker.ca_file;
    for (const auto& ear : devices_) {
      for (auto& topic : ear.device->topics()) options.subscriptions.push_back(std::move(topic));
    }
    if (broker.home_assistant) {
      options.will_topic = adapters::availability_topic(*broker.home_assistant);
      options.will_payload = "offline";
    }
    net::MqttHandlers handlers;
    handlers.on_message = [this](net::MqttMessage message) {
      // Kept by the broker from some other time: registers must be of now.
      if (message.retained) return;
      queue_.push({{}, std::move(message.topic), std::move(message.payload), wall_clock(), false});
    };
    handlers.on_state = [this](bool connected, const std::string& why) {
      if (connected) {
        spdlog::info("MQTT: connected");
        queue_.push({{}, {}, {}, {}, true});
      } else {
        spdlog::warn("MQTT: {}", why);
      }
    };
    auto client = net::MqttClient::start(std::move(options), std::move(handlers));
    if (!client) return client.error();
    const std::lock_guard lock(mutex_);
    mqtt_ = std::move(*client);
    return {};
  }

  Result<void> listen() {
    while (!stop_requested) {
      for (const auto& heard : queue_.take(tick)) {
        if (heard.broker_connected) {
          introduce();
          continue;
        }
        for (std::size_t i = 0; i < devices_.size(); ++i) {
          if (heard.meter.value_or(i) != i) continue;
          if (auto taken = hear(i, heard); !taken) return taken;
        }
      }
    }
    return {};
  }

  Result<void> hear(std::size_t meter, const Heard& heard) {
    auto& ear = devices_[meter];
    const auto report = ear.device->hear(heard);
    if (!report) {
      const auto now = Clock::now();
      if (now < ear.next_complaint) return {};
      ear.next_complaint = now + complaint_interval;
      spdlog::warn("meter {}: {}", config_.meters[meter].meter.text(), report.error().detail());
      return {};
    }
    if (*report == adapters::Report{}) return {};
    if (auto taken = household_.take(meter, *report, heard.time); !taken) return taken;
    if (tells_home_assistant() && Clock::now() >= ear.next_publication) {
      ear.next_publication = Clock::now() + publish_interval;
      publish_states(meter);
    }
    return {};
  }

  /// Everything again to a broker that may know nothing of us.
  void introduce() {
    if (!tells_home_assistant()) return;
    const auto& options = *config_.mqtt->home_assistant;
    publish({adapters::availability_topic(options), "online"});
    for (std::size_t i = 0; i < config_.meters.size(); ++i) {
      for (const auto& one : adapters::discovery(options, config_.meters[i].meter)) publish(one);
      publish_states(i);
    }
  }

  void publish_states(std::size_t meter) {
    auto values = household_.states(meter);
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = market_.find(meter); found != market_.end()) {
        values.bought = found->second.bought;
        values.sold = found->second.sold;
        values.price = found->second.price;
      }
    }
    const auto& options = *config_.mqtt->home_assistant;
    for (const auto& one : adapters::states(options, config_.meters[meter].meter, values)) {
      publish(one);
    }
  }

  void publish(const adapters::Publication& publication) {
    const std::lock_guard lock(mutex_);
    if (mqtt_) mqtt_->publish(publication.topic, publication.payload, true);
  }

  const AdapterConfig& config_;
  Household household_;
  AdapterDelivery delivery_;
  std::vector<Ear> devices_;
  HeardQueue queue_;
  std::mutex mutex_;  ///< of what follows
  std::map<std::size_t, MarketStates> market_;
  std::optional<Error> fault_;
  std::unique_ptr<net::MqttClient> mqtt_;
  std::vector<std::unique_ptr<net::ByteSource>> lines_;  ///< by the main thread alone
};

/// As a peer's log looks.
void log_to_standard_error() {
  auto logger = spdlog::stderr_logger_mt("adapter");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

int run_adapter(const AdapterOptions& options) {
  crypto::initialise();
  auto config = load_adapter_config(options.config);
  if (!config) return report(config.error());
  auto file = AdapterStateFile::open(config->state);
  if (!file) return report(file.error());
  const auto slot_ms = file->state().slot_ms;
  if (slot_ms % config->interval_ms.value_or(1) != 0) {
    return report(
        Error{AppError::bad_configuration, "interval must divide the market's slot of " +
                                               std::to_string(slot_ms / millis_per_second) + " s"});
  }
  install_stop_signals();
  log_to_standard_error();
  Box box(*config, std::move(*file));
  spdlog::info("{} meters, {} peers", config->meters.size(), config->peers.size());
  const auto ran = box.run();
  return ran ? 0 : report(ran.error());
}

}  // namespace powershare::apps
