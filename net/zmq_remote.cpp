#include "net/zmq_remote.hpp"

#include <algorithm>

namespace powershare::net {
namespace {

constexpr std::chrono::milliseconds first_pause{100}, longest_pause{2'000};
constexpr int farewell_ms = 500;  ///< for the frames that a socket holds when it is closed

constexpr int refusals = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr int watched_events =
    refusals | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;

}  // namespace

RemoteSockets::RemoteSockets(zmq::context_t& context, Remote remote,
                             std::shared_ptr<std::atomic<bool>> connected)
    : context_(context), remote_(std::move(remote)), connected_(std::move(connected)) {}

const std::string& RemoteSockets::endpoint(Channel channel) const {
  return channel == Channel::control ? remote_.control_endpoint : remote_.bulk_endpoint;
}

bool RemoteSockets::dial(const DialOptions& options) {
  bool opened = true;
  for (const auto channel : all_channels) {
    lines_[index(channel)].pause = first_pause;
    if (!endpoint(channel).empty()) opened &= open(channel, options);
  }
  return opened;
}

bool RemoteSockets::open(Channel channel, const DialOptions& options) {
  auto& line = lines_[index(channel)];
  line.dial_at.reset();
  try {
    line.dealer = make_dealer(context_, options.keys, remote_.public_key,
                              options.high_water_marks[index(channel)]);
    line.monitor = Monitor(context_, line.dealer, watched_events);
    line.dealer.connect(endpoint(channel));
    return true;
  } catch (const zmq::error_t&) {
    close(line);
    dial_later(line);
    return false;
  }
}

void RemoteSockets::close(Line& line) {
  line.monitor = {};
  line.dealer.close();
}

void RemoteSockets::dial_later(Line& line) {
  line.dial_at = std::chrono::steady_clock::now() + line.pause;
  line.pause = std::min(line.pause * 2, longest_pause);
}

void RemoteSockets::hang_up(const PeerChange& change) {
  for (auto& line : lines_) {
    if (line.dealer) line.dealer.set(zmq::sockopt::linger, farewell_ms);
    close(line);
    line.dial_at.reset();
  }
  set_connected(false, change);
}

bool RemoteSockets::send(Channel channel, zmq::message_t& message) {
  auto& dealer = lines_[index(channel)].dealer;
  if (!dealer) return false;
  // Fails at once when the peer is away (IMMEDIATE) or slow (high-water mark),
  if (zmq_msg_send(message.handle(), dealer.handle(), ZMQ_DONTWAIT) >= 0) return true;
  // and also when libzmq has not looked for credit for a millisecond: asking for events does.
  return zmq_errno() == EAGAIN && (dealer.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0 &&
         zmq_msg_send(message.handle(), dealer.handle(), ZMQ_DONTWAIT) >= 0;
}

std::vector<void*> RemoteSockets::events() {
  std::vector<void*> handles;
  for (auto& line : lines_)
    if (line.dealer) handles.push_back(line.monitor.handle());
  return handles;
}

void RemoteSockets::watch(const PeerChange& change) {
  for (const auto channel : all_channels) {
    auto& line = lines_[index(channel)];
    if (!line.dealer) continue;
    while (const auto event = line.monitor.next()) {
      const bool up = event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
      if (up) {
        line.dial_at.reset();  // libzmq itself tried again, and was let in
        line.pause = first_pause;
      } else if ((event->event & refusals) != 0 && !line.dial_at) {
        dial_later(line);
      }
      if (channel == Channel::control) set_connected(up, change);
    }
  }
}

void RemoteSockets::set_connected(bool connected, const PeerChange& change) {
  if (connected_->exchange(connected) != connected && change) change(remote_.peer, connected);
}

std::optional<RemoteSockets::TimePoint> RemoteSockets::dial_again_at() const {
  std::optional<TimePoint> first;
  for (const auto& line : lines_)
    if (line.dial_at && (!first || *line.dial_at < *first)) first = line.dial_at;
  return first;
}

bool RemoteSockets::dial_again(const DialOptions& options) {
  bool exchanged = false;
  const auto now = std::chrono::steady_clock::now();
  for (const auto channel : all_channels) {
    auto& line = lines_[index(channel)];
    if (!line.dial_at || *line.dial_at > now) continue;
    close(line);
    open(channel, options);
    exchanged = true;
  }
  return exchanged;
}

}  // namespace powershare::net
