// Where remotes reach one channel of this peer: a bound ROUTER that only receives. Not for other
// rooms.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "net/zmq_socket.hpp"

namespace powershare::net {

struct ListenOptions {
  CurveKeyPair keys;
  std::string endpoint;
  std::size_t max_frame_bytes = 0;
  int high_water_mark = 0;
};

/// On one thread. Can be bound again, under other keys, while it runs.
class Listener {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// A frame and the User-Id that the ZAP handler gave its connection, empty for none.
  using Accept = std::function<void(std::string_view user, zmq::message_t& frame)>;

  Listener(zmq::context_t& context, ListenOptions options);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// NetError::address_in_use, bad_address. Throws zmq::error_t.
  Result<void> bind();
  /// Tries a throw-away key; blocks until it was refused, was let in, or too long has passed.
  bool stranger_is_refused();

  /// Cuts all connections; the endpoint is to be bound again under these keys.
  void bind_later(const CurveKeyPair& keys);
  /// The same under the keys of now.
  void cut() { bind_later(options_.keys); }
  /// When bind_again() has something to do; nothing while it is bound.
  std::optional<TimePoint> bind_again_at() const { return bind_at_; }
  /// Binds when it is due; true when it is bound now and was not.
  bool bind_again();

  /// To poll for reading while it is bound: for receive() and for failed_handshakes().
  void* frames() { return router_.handle(); }
  void* events() { return monitor_.handle(); }
  /// Takes up to `budget` messages that have come; returns how many were no single frame.
  std::size_t receive(std::size_t budget, const Accept& accept);
  /// Whether receive() stopped for its budget: its socket need not become readable again.
  bool has_more() const { return more_; }
  /// How many handshakes have failed since the last call.
  std::size_t failed_handshakes();

 private:
  zmq::context_t& context_;
  ListenOptions options_;
  zmq::socket_t router_;
  Monitor monitor_;  // goes before the router
  std::optional<TimePoint> bind_at_;
  bool more_ = false;
};

}  // namespace powershare::net
