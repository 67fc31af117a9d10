// An MQTT 3.1.1 client: subscribes, hands messages on, publishes. It connects again by itself, with
// growing, capped pauses. Only its .cpp knows libmosquitto.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"

namespace powershare::net {

struct MqttMessage {
  std::string topic;
  std::string payload;
  bool retained = false;  ///< said some time ago, and kept by the broker for new subscribers
};

struct MqttOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string client_id;
  std::string username;  ///< empty: none
  std::string password;
  std::string ca_file;  ///< PEM; empty: no TLS. With TLS the broker's name is checked
  std::vector<std::string> subscriptions;
  std::string will_topic;  ///< empty: no last will; both are retained, and sent at an orderly stop
  std::string will_payload;
  std::size_t max_payload_bytes = 65'536;  ///< larger messages are dropped
  std::size_t max_unsent = 1'000;          ///< messages given to publish() and not yet on the wire
  std::chrono::seconds keep_alive{30};
  std::chrono::milliseconds first_pause{500};  ///< before connecting again; doubled each time
  std::chrono::milliseconds longest_pause{30'000};
};

struct MqttStatistics {
  std::uint64_t received = 0, published = 0, connects = 0;
  std::uint64_t dropped_payloads = 0;  ///< received, too large
  std::uint64_t unpublished = 0;       ///< not connected, or too many unsent
};

/// Both are called by the client's own thread, one at a time, and must not block for long.
struct MqttHandlers {
  std::function<void(MqttMessage)> on_message;
  /// True: connected, subscriptions are sent. False: why it is not (once per loss or attempt).
  std::function<void(bool connected, const std::string& why)> on_state;
};

class MqttClient {
 public:
  /// Starts the thread that connects. NetError::bad_address for a topic or an option that MQTT
  /// does not allow, NetError::bad_key for a CA file that cannot be used.
  static Result<std::unique_ptr<MqttClient>> start(MqttOptions options, MqttHandlers handlers);
  /// Publishes the last will where connected, disconnects, and ends the thread.
  virtual ~MqttClient() = default;
  /// At most once (QoS 0). False, and nothing is kept, where there is no connection or too much is
  /// unsent. Safe from any thread, the handlers included.
  virtual bool publish(const std::string& topic, const std::string& payload, bool retained) = 0;
  virtual MqttStatistics statistics() const = 0;
};

}  // namespace powershare::net
