// The ZAP handler (ZeroMQ RFC 27): admits CURVE clients whose key belongs to a known peer, and
// nobody else. Not for other rooms.
#pragma once

#include <atomic>
#include <map>
#include <thread>
#include <zmq.hpp>

#include "net/zmq_link.hpp"

namespace powershare::net {

/// Answers on a thread of its own from construction until the context is shut down. Must stand
/// before any bind: without a handler, libzmq lets every key in. Throws zmq::error_t.
class ZapHandler {
 public:
  ZapHandler(zmq::context_t& context, std::map<CurveKey, PeerId> admitted);
  /// The context must have been shut down.
  ~ZapHandler() { thread_.join(); }
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  std::uint64_t refused() const { return refused_; }

 private:
  void run();
  void answer();
  const PeerId* judge(const std::vector<zmq::message_t>& request) const;

  std::map<CurveKey, PeerId> admitted_;
  zmq::socket_t socket_;
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace powershare::net
