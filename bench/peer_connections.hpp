// The connections of a load to every peer's door: frames out, frames in, one poll for all.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "bench/frames.hpp"

namespace powershare::bench {

class PeerConnections {
 public:
  using Take = std::function<void(std::size_t peer, FrameKind kind, ByteView content)>;

  PeerConnections() = default;
  ~PeerConnections();
  PeerConnections(const PeerConnections&) = delete;
  PeerConnections& operator=(const PeerConnections&) = delete;

  /// Tries for up to `patience`: the peers may still be starting.
  Result<void> open(const std::vector<std::uint16_t>& ports, std::chrono::milliseconds patience);
  std::size_t size() const { return connections_.size(); }
  /// Queues a frame.
  void send(std::size_t peer, ByteView frame);
  /// Writes what is queued and gives what has arrived, after waiting at most `wait` for it.
  /// BenchError::unavailable when a peer has closed its end.
  Result<void> exchange(std::chrono::microseconds wait, const Take& take);

 private:
  struct Connection {
    int socket = -1;
    FrameReader in;
    Bytes out;
    std::size_t written = 0;
  };
  static bool write(Connection& connection);

  std::vector<Connection> connections_;
};

}  // namespace powershare::bench
