#include "net/mqtt_client.hpp"

#include <mosquitto.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "net/thread.hpp"

namespace powershare::net {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int loop_ms = 100;
/// From the beginning of an attempt until the broker must have accepted it.
constexpr auto handshake_limit = 10s;
/// For the last messages at an orderly stop.
constexpr auto farewell_limit = 1s;

void initialise_library() {
  static const int once = mosquitto_lib_init();
  (void)once;
}

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

std::string reason(int code) {
  return code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
}

class Client final : public MqttClient {
 public:
  Client(MqttOptions options, MqttHandlers handlers)
      : options_(std::move(options)), handlers_(std::move(handlers)) {}
  ~Client() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_asked_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> prepare() {
    client_.reset(mosquitto_new(options_.client_id.c_str(), true, this));
    if (client_ == nullptr) return Error{NetError::bad_address, "the MQTT client id is not usable"};
    mosquitto_threaded_set(client_.get(), true);
    for (const auto& topic : options_.subscriptions) {
      if (mosquitto_sub_topic_check(topic.c_str()) != MOSQ_ERR_SUCCESS) {
        return Error{NetError::bad_address, "not an MQTT topic to subscribe to: " + topic};
      }
    }
    if (!options_.username.empty() &&
        mosquitto_username_pw_set(client_.get(), options_.username.c_str(),
                                  options_.password.c_str()) != MOSQ_ERR_SUCCESS) {
      return Error{NetError::bad_address, "the MQTT user name is not usable"};
    }
    if (!options_.will_topic.empty() && !set_will()) {
      return Error{NetError::bad_address, "not an MQTT topic: " + options_.will_topic};
    }
    if (!options_.ca_file.empty()) {
      const int set = mosquitto_tls_set(client_.get(), options_.ca_file.c_str(), nullptr, nullptr,
                                        nullptr, nullptr);
      if (set != MOSQ_ERR_SUCCESS) {
        return Error{NetError::bad_key, options_.ca_file + ": " + reason(set)};
      }
    }
    mosquitto_connect_callback_set(client_.get(), [](mosquitto*, void* self, int code) {
      static_cast<Client*>(self)->on_connect(code);
    });
    mosquitto_message_callback_set(client_.get(),
                                   [](mosquitto*, void* self, const mosquitto_message* message) {
                                     static_cast<Client*>(self)->on_message(*message);
                                   });
    mosquitto_publish_callback_set(
        client_.get(), [](mosquitto*, void* self, int) { static_cast<Client*>(self)->on_sent(); });
    return {};
  }

  void run_in_thread() {
    thread_ = start_thread([this] { run(); });
  }

  bool publish(const std::string& topic, const std::string& payload, bool retained) override {
    if (!connected_ || unsent_ >= options_.max_unsent) {
      ++unpublished_;
      return false;
    }
    ++unsent_;
    const int sent =
        mosquitto_publish(client_.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()),
                          payload.data(), 0, retained);
    if (sent == MOSQ_ERR_SUCCESS) return true;
    --unsent_;
    ++unpublished_;
    return false;
  }

  MqttStatistics statistics() const override {
    return {received_, published_, connects_, dropped_payloads_, unpublished_};
  }

 private:
  bool set_will() {
    const auto& payload = options_.will_payload;
    return mosquitto_will_set(client_.get(), options_.will_topic.c_str(),
                              static_cast<int>(payload.size()), payload.data(), 0,
                              true) == MOSQ_ERR_SUCCESS;
  }

  void on_connect(int code) {
    if (code != 0) {
      refusal_ = mosquitto_connack_string(code);
      return;
    }
    for (const auto& topic : options_.subscriptions) {
      mosquitto_subscribe(client_.get(), nullptr, topic.c_str(), 0);
    }
    ++connects_;
    connected_ = true;
    handlers_.on_state(true, {});
  }

  void on_message(const mosquitto_message& message) {
    if (message.payloadlen < 0 ||
        static_cast<std::size_t>(message.payloadlen) > options_.max_payload_bytes) {
      ++dropped_payloads_;
      return;
    }
    ++received_;
    handlers_.on_message({message.topic,
                          std::string(static_cast<const char*>(message.payload),
                                      static_cast<std::size_t>(message.payloadlen)),
                          message.retain});
  }

  void on_sent() {
    ++published_;
    auto unsent = unsent_.load();
    while (unsent > 0 && !unsent_.compare_exchange_weak(unsent, unsent - 1)) continue;
  }

  void run() {
    auto pause = options_.first_pause;
    while (!stopping()) {
      const auto why = stay_connected();
      const bool was_connected = connected_.exchange(false);
      unsent_ = 0;  // what was on its way is lost with the connection
      if (stopping()) break;
      handlers_.on_state(false, why);
      if (was_connected) pause = options_.first_pause;
      wait(pause);
      pause = std::min(pause * 2, options_.longest_pause);
    }
  }

  /// One connection, until it is lost or the client is to stop; gives the reason.
  std::string stay_connected() {
    refusal_.clear();
    const auto begin = Clock::now();
    int code = mosquitto_connect_async(client_.get(), options_.host.c_str(), options_.port,
                                       static_cast<int>(options_.keep_alive.count()));
    while (code == MOSQ_ERR_SUCCESS) {
      if (stopping()) {
        if (connected_) say_farewell();
        return {};
      }
      code = mosquitto_loop(client_.get(), loop_ms, 1);
      if (!connected_ && Clock::now() - begin > handshake_limit) {
        mosquitto_disconnect(client_.get());
        return "no answer";
      }
    }
    return refusal_.empty() ? reason(code) : refusal_;
  }

  void say_farewell() {
    if (!options_.will_topic.empty()) publish(options_.will_topic, options_.will_payload, true);
    const auto begin = Clock::now();
    while (unsent_ > 0 && Clock::now() - begin < farewell_limit) {
      if (mosquitto_loop(client_.get(), loop_ms, 1) != MOSQ_ERR_SUCCESS) return;
    }
    mosquitto_disconnect(client_.get());
    while (Clock::now() - begin < farewell_limit &&
           mosquitto_loop(client_.get(), loop_ms, 1) == MOSQ_ERR_SUCCESS) {
      continue;
    }
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }
  void wait(std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex_);
    stop_asked_.wait_for(lock, pause, [&] { return stopping_; });
  }

  const MqttOptions options_;
  const MqttHandlers handlers_;
  std::unique_ptr<mosquitto, Destroy> client_;
  std::string refusal_;  // by the client's thread alone
  std::atomic<bool> connected_{false};
  std::atomic<std::size_t> unsent_{0};
  std::atomic<std::uint64_t> received_{0}, published_{0}, connects_{0}, dropped_payloads_{0},
      unpublished_{0};
  std::mutex mutex_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<MqttClient>> MqttClient::start(MqttOptions options, MqttHandlers handlers) {
  initialise_library();
  auto client = std::make_unique<Client>(std::move(options), std::move(handlers));
  if (auto prepared = client->prepare(); !prepared) return prepared.error();
  client->run_in_thread();
  return std::unique_ptr<MqttClient>(std::move(client));
}

}  // namespace powershare::net
