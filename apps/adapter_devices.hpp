// The devices of an adapter: one decoder per meter, fed with what MQTT and serial lines bring, and
// the bounded queue in which that waits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/report.hpp"
#include "apps/adapter_config.hpp"

namespace powershare::apps {

/// Something heard: an MQTT message, or a telegram of one meter's own line.
struct Heard {
  std::optional<std::size_t> meter;  ///< index in the configuration; none: whoever knows the topic
  std::string topic;
  std::string content;
  UtcMillis time;
  bool broker_connected = false;  ///< not heard: MQTT is connected (again)
};

/// Between the threads that hear and the one that decodes.
class HeardQueue {
 public:
  static constexpr std::size_t max_entries = 1'024;
  /// Past the limit it is left out: registers say it again.
  void push(Heard heard);
  /// Past the limit it waits, until there is room or `stop` is set; for lines that can wait.
  void push_patiently(Heard heard, const std::atomic<bool>& stop);
  /// Waits for at most `limit`; all that there is.
  std::deque<Heard> take(std::chrono::milliseconds limit);

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable emptied_;
  std::deque<Heard> entries_;
};

/// The decoder of one meter's device.
class Device {
 public:
  virtual ~Device() = default;
  /// What to subscribe to.
  virtual std::vector<std::string> topics() const { return {}; }
  /// Empty for what is of no concern. AdapterError.
  virtual Result<adapters::Report> hear(const Heard& heard) = 0;
};
std::unique_ptr<Device> make_device(const AdaptedMeter& meter);

}  // namespace powershare::apps
