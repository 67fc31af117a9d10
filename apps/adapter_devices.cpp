#include "apps/adapter_devices.hpp"

#include <utility>

#include "adapters/error.hpp"
#include "base/assert.hpp"

namespace powershare::apps {
namespace {

using adapters::Report;

class TasmotaDevice final : public Device {
 public:
  explicit TasmotaDevice(TasmotaSource source) : source_(std::move(source)) {}
  std::vector<std::string> topics() const override { return {source_.topic}; }
  Result<Report> hear(const Heard& heard) override {
    if (heard.meter || heard.topic != source_.topic) return Report{};
    return adapters::read_tasmota(heard.content, source_.fields);
  }

 private:
  TasmotaSource source_;
};

class ShellyGen1Device final : public Device {
 public:
  explicit ShellyGen1Device(const ShellyGen1Source& source)
      : meter_(source.prefix, source.channels) {}
  std::vector<std::string> topics() const override { return {meter_.topics()}; }
  Result<Report> hear(const Heard& heard) override {
    if (heard.meter) return Report{};
    return meter_.take(heard.topic, heard.content);
  }

 private:
  adapters::ShellyGen1 meter_;
};

class ShellyDevice final : public Device {
 public:
  explicit ShellyDevice(adapters::ShellyComponent component) : component_(std::move(component)) {}
  std::vector<std::string> topics() const override { return component_.topics(); }
  Result<Report> hear(const Heard& heard) override {
    if (heard.meter) return Report{};
    return component_.take(heard.topic, heard.content);
  }

 private:
  adapters::ShellyComponent component_;
};

class P1Device final : public Device {
 public:
  explicit P1Device(const P1Source& source)
      : options_(source.options), meter_clock_(source.meter_clock) {}
  Result<Report> hear(const Heard& heard) override {
    if (!heard.meter) return Report{};
    auto report = adapters::read_p1(heard.content, options_);
    if (!report) return report;
    if (!meter_clock_) {
      report->time.reset();
    } else if (!report->time) {
      return Error{AdapterError::malformed,
                   "the telegram has no time stamp; with `clock: box` it needs none"};
    }
    return report;
  }

 private:
  adapters::P1Options options_;
  bool meter_clock_;
};

struct Maker {
  std::unique_ptr<Device> operator()(const TasmotaSource& source) const {
    return std::make_unique<TasmotaDevice>(source);
  }
  std::unique_ptr<Device> operator()(const ShellyGen1Source& source) const {
    return std::make_unique<ShellyGen1Device>(source);
  }
  std::unique_ptr<Device> operator()(const ShellySource& source) const {
    auto component = adapters::ShellyComponent::create(source.prefix, source.component);
    PS_ASSERT(component.ok());  // the configuration was checked
    return std::make_unique<ShellyDevice>(std::move(*component));
  }
  std::unique_ptr<Device> operator()(const P1Source& source) const {
    return std::make_unique<P1Device>(source);
  }
};

}  // namespace

void HeardQueue::push(Heard heard) {
  {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= max_entries) return;
    entries_.push_back(std::move(heard));
  }
  filled_.notify_one();
}

void HeardQueue::push_patiently(Heard heard, const std::atomic<bool>& stop) {
  {
    std::unique_lock lock(mutex_);
    while (entries_.size() >= max_entries) {
      if (stop) return;
      emptied_.wait_for(lock, std::chrono::milliseconds(100));
    }
    entries_.push_back(std::move(heard));
  }
  filled_.notify_one();
}

std::deque<Heard> HeardQueue::take(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, limit, [&] { return !entries_.empty(); });
  emptied_.notify_all();
  return std::exchange(entries_, {});
}

std::unique_ptr<Device> make_device(const AdaptedMeter& meter) {
  return std::visit(Maker{}, meter.source);
}

}  // namespace powershare::apps
