// The ZAP handler (ZeroMQ RFC 27): admits CURVE clients with a known key, and nobody else. Not for
// other rooms.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "net/zmq_link.hpp"

namespace powershare::net {

/// The User-Id of all frames that come over an admitted connection: its key, not the peer, whose
/// key may be another one by the time the frame comes.
std::string user_id(const CurveKey& key);

/// Answers on a thread of its own from construction until the context is shut down. Must stand
/// before any bind: without a handler, libzmq lets every key in. Throws zmq::error_t.
class ZapHandler {
 public:
  ZapHandler(zmq::context_t& context, std::set<CurveKey> admitted);
  /// The context must have been shut down.
  ~ZapHandler() { thread_.join(); }
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  /// The keys that are admitted from now on. A connection that stands is not asked again. Any
  /// thread.
  void admit(std::set<CurveKey> admitted);
  std::uint64_t refused() const { return refused_; }

 private:
  void run();
  void answer();
  std::optional<CurveKey> judge(const std::vector<zmq::message_t>& request);

  std::mutex mutex_;
  std::set<CurveKey> admitted_;
  zmq::socket_t socket_;
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace powershare::net
