// What the files of the ZeroMQ link share: sockets with every option set, and monitor events. Not
// for other rooms.
#pragma once

#include <cstdint>
#include <optional>
#include <zmq.hpp>

#include "net/zmq_link.hpp"

namespace powershare::net {

inline constexpr const char* zap_domain = "powershare";

/// Encrypted frames are a little longer than what they carry.
inline constexpr std::int64_t curve_overhead_bytes = 64;

/// A ROUTER that demands CURVE and a ZAP handler's consent. Throws zmq::error_t.
zmq::socket_t make_router(zmq::context_t& context, const CurveKeyPair& keys,
                          std::size_t max_frame_bytes, int high_water_mark);

/// A DEALER that proves its key and expects the server's. Throws zmq::error_t.
zmq::socket_t make_dealer(zmq::context_t& context, const CurveKeyPair& keys,
                          const CurveKey& server_key, int high_water_mark);

struct MonitorEvent {
  int event = 0;  ///< ZMQ_EVENT_…
  std::uint32_t value = 0;
};

/// Watches a socket's connections while it lives. Must go before the watched socket does: libzmq
/// would wait for ever to deliver an event to a watcher that is gone.
class Monitor {
 public:
  Monitor() = default;
  /// Throws zmq::error_t.
  Monitor(zmq::context_t& context, zmq::socket_t& watched, int events);
  ~Monitor();
  Monitor(Monitor&& other) noexcept;
  Monitor& operator=(Monitor&& other) noexcept;

  void* handle() { return socket_.handle(); }
  /// The next event that has come, without waiting.
  std::optional<MonitorEvent> next();

 private:
  void* watched_ = nullptr;
  zmq::socket_t socket_;
};

}  // namespace powershare::net
