// The sockets to one remote peer: a DEALER for each channel, dialled again where libzmq gives up.
// Not for other rooms.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "net/zmq_socket.hpp"

namespace powershare::net {

inline constexpr std::size_t channel_count = 2;
inline constexpr std::array<Channel, channel_count> all_channels{Channel::control, Channel::bulk};

inline std::size_t index(Channel channel) {
  return static_cast<std::size_t>(channel);
}

/// How this peer dials all its remotes.
struct DialOptions {
  CurveKeyPair keys;
  std::array<int, channel_count> high_water_marks{};
};

/// On one thread. libzmq ends a connection for good when the other end refuses its key, which a
/// peer that is about to be admitted lives through: so it is dialled again with a new socket.
class RemoteSockets {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `connected` follows the control connection.
  RemoteSockets(zmq::context_t& context, Remote remote,
                std::shared_ptr<std::atomic<bool>> connected);
  RemoteSockets(const RemoteSockets&) = delete;
  RemoteSockets& operator=(const RemoteSockets&) = delete;

  const PeerId& peer() const { return remote_.peer; }
  /// Opens the sockets of all channels that have an endpoint. False when one could not be opened
  /// (a bad address, no more sockets): that one is tried again later.
  bool dial(const DialOptions& options);
  /// Closes the sockets; what they have in hand still goes out within a short time.
  void hang_up(const PeerChange& change);
  /// Without waiting; false when the frame was not taken.
  bool send(Channel channel, zmq::message_t& message);

  /// To poll for reading, for watch().
  std::vector<void*> events();
  /// Takes up what happened to the connections.
  void watch(const PeerChange& change);
  /// When dial_again() has something to do; nothing while all is well.
  std::optional<TimePoint> dial_again_at() const;
  /// Dials what is due; true when sockets were exchanged.
  bool dial_again(const DialOptions& options);

 private:
  struct Line {
    zmq::socket_t dealer;
    Monitor monitor;  // goes before the dealer
    std::optional<TimePoint> dial_at;
    std::chrono::milliseconds pause{};
  };
  const std::string& endpoint(Channel channel) const;
  bool open(Channel channel, const DialOptions& options);
  static void close(Line& line);
  static void dial_later(Line& line);
  void set_connected(bool connected, const PeerChange& change);

  zmq::context_t& context_;
  Remote remote_;
  std::shared_ptr<std::atomic<bool>> connected_;
  std::array<Line, channel_count> lines_;
};

}  // namespace powershare::net
