#include "net/zmq_link.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "net/thread.hpp"
#include "net/zap.hpp"
#include "net/zmq_socket.hpp"

namespace powershare::net {
namespace {

constexpr std::size_t channels = 2;
constexpr std::size_t receive_budget[channels] = {256, 16};  ///< frames per turn of the loop
constexpr std::size_t copied_frame_bytes = 1024;  ///< shorter frames are copied, longer ones shared
constexpr std::chrono::seconds self_test_timeout{20};

constexpr int remote_events =
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;
constexpr int router_events =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

std::size_t index(Channel channel) {
  return static_cast<std::size_t>(channel);
}

struct Outgoing {
  std::size_t remote = 0;
  std::shared_ptr<const Bytes> frame;
};

struct RemoteSockets {
  PeerId peer;
  zmq::socket_t dealers[channels];
  Monitor monitor;
  std::atomic<bool> connected{false};
};

zmq::message_t make_message(const std::shared_ptr<const Bytes>& frame) {
  if (frame->size() <= copied_frame_bytes) return zmq::message_t(frame->data(), frame->size());
  auto owner = std::make_unique<std::shared_ptr<const Bytes>>(frame);
  // libzmq takes a pointer to non-const and only reads it: the encrypted frame is another buffer.
  zmq::message_t message(
      const_cast<std::uint8_t*>(frame->data()), frame->size(),
      [](void*, void* hint) { delete static_cast<std::shared_ptr<const Bytes>*>(hint); },
      owner.get());
  owner.release();
  return message;
}

Result<void> check_keys(const LinkOptions& options) {
  if (curve_public_key(options.keys.secret_key) != options.keys.public_key)
    return Error{NetError::bad_key, "the CURVE public key does not belong to the secret key"};
  std::map<CurveKey, PeerId> seen;
  for (const auto& remote : options.remotes) {
    if (remote.public_key == CurveKey{} || remote.peer.empty())
      return Error{NetError::bad_key, "no CURVE key for peer " + remote.peer.text()};
    if (!seen.emplace(remote.public_key, remote.peer).second)
      return Error{NetError::bad_key, "two peers have one CURVE key: " + remote.peer.text()};
    if (remote.peer == options.self || remote.public_key == options.keys.public_key)
      return Error{NetError::bad_key, "a remote peer is this peer itself: " + remote.peer.text()};
  }
  return {};
}

// Where a client on this machine reaches what was bound as `endpoint`.
std::string local_endpoint(std::string endpoint) {
  for (const std::string_view any : {"tcp://0.0.0.0:", "tcp://*:"})
    if (endpoint.starts_with(any)) return "tcp://127.0.0.1:" + endpoint.substr(any.size());
  if (endpoint.starts_with("tcp://[::]:")) return "tcp://[::1]:" + endpoint.substr(11);
  return endpoint;
}

class Link final : public ZmqLink {
 public:
  Link(LinkOptions options, ReceiveFrame receive, PeerChange change);
  ~Link() override;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Result<void> open();
  void stop() override;
  bool send(const PeerId& to, Channel channel, std::shared_ptr<const Bytes> frame) override;
  LinkStatistics statistics() const override;
  bool connected(const PeerId& peer) const override;

 private:
  Result<void> bind(Channel channel, const std::string& endpoint);
  bool stranger_is_refused(Channel channel);
  void connect(const Remote& remote);

  void run();
  void wake();
  void send_queued();
  void send_now(Channel channel, const Outgoing& outgoing);
  void receive(Channel channel);
  void accept_frame(Channel channel, zmq::message_t& frame);
  void watch_remote(RemoteSockets& remote);
  void watch_router(Channel channel);

  LinkOptions options_;
  ReceiveFrame receive_;
  PeerChange change_;
  zmq::context_t context_{1};
  std::unique_ptr<ZapHandler> zap_;
  zmq::socket_t routers_[channels];
  Monitor router_monitors_[channels];
  std::deque<RemoteSockets> remotes_;
  std::map<std::string, std::size_t, std::less<>> remote_of_;  ///< by the peer's id
  std::uint64_t refused_in_self_test_ = 0;
  int event_ = -1;
  std::thread thread_;
  std::atomic<bool> stopping_{false};

  std::mutex queue_mutex_;
  std::vector<Outgoing> queue_[channels];
  bool woken_ = false;

  std::atomic<std::uint64_t> sent_frames_{0}, sent_bytes_{0}, received_frames_{0},
      received_bytes_{0}, dropped_frames_{0}, rejected_frames_{0}, broken_handshakes_{0};
};

Link::Link(LinkOptions options, ReceiveFrame receive, PeerChange change)
    : options_(std::move(options)), receive_(std::move(receive)), change_(std::move(change)) {}

Link::~Link() {
  stop();
  // All sockets go before the context, and the ZAP handler's own when the context is shut down.
  remotes_.clear();
  for (auto& monitor : router_monitors_) monitor = {};
  for (auto& socket : routers_) socket.close();
  context_.shutdown();
  zap_.reset();
  if (event_ >= 0) ::close(event_);
}

void Link::stop() {
  stopping_ = true;
  if (event_ >= 0) wake();
  if (thread_.joinable()) thread_.join();
}

// --- start

Result<void> Link::open() {
  if (auto checked = check_keys(options_); !checked) return checked;
  event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_ < 0) return Error{NetError::closed, "no file descriptor for an eventfd"};
  std::map<CurveKey, PeerId> admitted;
  for (const auto& remote : options_.remotes) admitted.emplace(remote.public_key, remote.peer);
  zap_ = std::make_unique<ZapHandler>(context_, std::move(admitted));
  if (auto bound = bind(Channel::control, options_.control_endpoint); !bound) return bound;
  if (auto bound = bind(Channel::bulk, options_.bulk_endpoint); !bound) return bound;
  for (const auto channel : {Channel::control, Channel::bulk})
    if (!stranger_is_refused(channel))
      return Error{NetError::refused_by_self_test,
                   "a CURVE client with an unknown key was not refused"};
  refused_in_self_test_ = zap_->refused();
  for (const auto& remote : options_.remotes) connect(remote);
  thread_ = start_thread([this] { run(); });
  return {};
}

Result<void> Link::bind(Channel channel, const std::string& endpoint) {
  const int mark = channel == Channel::control ? options_.control_high_water_mark
                                               : options_.bulk_high_water_mark;
  auto& router = routers_[index(channel)];
  router = make_router(context_, options_.keys, options_.max_frame_bytes, mark);
  router_monitors_[index(channel)] =
      Monitor(context_, router, "router." + std::to_string(index(channel)), router_events);
  try {
    router.bind(endpoint);
  } catch (const zmq::error_t& error) {
    if (error.num() == EADDRINUSE) return Error{NetError::address_in_use, endpoint + " is in use"};
    return Error{NetError::bad_address, endpoint + ": " + error.what()};
  }
  return {};
}

// Nothing but an explicit refusal counts: a handler that does not answer would let strangers wait,
// one that is missing would let them in.
bool Link::stranger_is_refused(Channel channel) {
  const auto bound = routers_[index(channel)].get(zmq::sockopt::last_endpoint);
  auto stranger = make_dealer(context_, CurveKeyPair::generate(), options_.keys.public_key, 1);
  auto monitor =
      Monitor(context_, stranger, "stranger." + std::to_string(index(channel)), ZMQ_EVENT_ALL);
  stranger.connect(local_endpoint(bound));
  const auto deadline = std::chrono::steady_clock::now() + self_test_timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    zmq::pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, left);
    while (const auto event = monitor.next()) {
      if (event->event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return true;
      if (event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return false;
    }
  }
}

void Link::connect(const Remote& remote) {
  auto& sockets = remotes_.emplace_back();
  sockets.peer = remote.peer;
  remote_of_.emplace(remote.peer.text(), remotes_.size() - 1);
  auto& [control, bulk] = sockets.dealers;
  control =
      make_dealer(context_, options_.keys, remote.public_key, options_.control_high_water_mark);
  bulk = make_dealer(context_, options_.keys, remote.public_key, options_.bulk_high_water_mark);
  sockets.monitor =
      Monitor(context_, control, "remote." + std::to_string(remotes_.size()), remote_events);
  control.connect(remote.control_endpoint);
  bulk.connect(remote.bulk_endpoint);
}

// --- from any thread

void Link::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

bool Link::send(const PeerId& to, Channel channel, std::shared_ptr<const Bytes> frame) {
  const auto remote = remote_of_.find(to.text());
  bool accepted = false, wake_link = false;
  if (remote != remote_of_.end() && frame && frame->size() <= options_.max_frame_bytes) {
    const std::lock_guard lock(queue_mutex_);
    auto& queue = queue_[index(channel)];
    accepted = !stopping_ && queue.size() < options_.max_queued_frames;
    if (accepted) {
      queue.push_back({remote->second, std::move(frame)});
      wake_link = !std::exchange(woken_, true);
    }
  }
  if (!accepted) ++dropped_frames_;
  if (wake_link) wake();
  return accepted;
}

LinkStatistics Link::statistics() const {
  LinkStatistics result;
  result.sent_frames = sent_frames_;
  result.sent_bytes = sent_bytes_;
  result.received_frames = received_frames_;
  result.received_bytes = received_bytes_;
  result.dropped_frames = dropped_frames_;
  result.rejected_frames = rejected_frames_;
  result.refused_handshakes = zap_->refused() - refused_in_self_test_ + broken_handshakes_;
  return result;
}

bool Link::connected(const PeerId& peer) const {
  const auto remote = remote_of_.find(peer.text());
  return remote != remote_of_.end() && remotes_[remote->second].connected;
}

// --- the link thread

void Link::run() {
  std::vector<zmq::pollitem_t> items{{nullptr, event_, ZMQ_POLLIN, 0}};
  for (auto& router : routers_) items.push_back({router.handle(), 0, ZMQ_POLLIN, 0});
  for (auto& monitor : router_monitors_) items.push_back({monitor.handle(), 0, ZMQ_POLLIN, 0});
  for (auto& remote : remotes_) items.push_back({remote.monitor.handle(), 0, ZMQ_POLLIN, 0});
  constexpr std::size_t first_router = 1, first_monitor = 3, first_remote = 5;
  while (!stopping_) {
    try {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
    } catch (const zmq::error_t& error) {
      if (error.num() == EINTR) continue;
      PS_ASSERT(false && "zmq_poll failed on the link's own sockets");
    }
    if (items[0].revents != 0) send_queued();
    for (const auto channel : {Channel::control, Channel::bulk}) {
      if (items[first_router + index(channel)].revents != 0) receive(channel);
      if (items[first_monitor + index(channel)].revents != 0) watch_router(channel);
    }
    for (std::size_t i = 0; i < remotes_.size(); ++i)
      if (items[first_remote + i].revents != 0) watch_remote(remotes_[i]);
  }
}

void Link::send_queued() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_, &count, sizeof count);
  std::vector<Outgoing> waiting[channels];
  {
    const std::lock_guard lock(queue_mutex_);
    woken_ = false;
    for (std::size_t i = 0; i < channels; ++i) waiting[i].swap(queue_[i]);
  }
  for (const auto channel : {Channel::control, Channel::bulk})
    for (const auto& outgoing : waiting[index(channel)]) send_now(channel, outgoing);
}

void Link::send_now(Channel channel, const Outgoing& outgoing) {
  auto message = make_message(outgoing.frame);
  auto& dealer = remotes_[outgoing.remote].dealers[index(channel)];
  // Fails at once when the peer is away (IMMEDIATE) or slow (high-water mark),
  bool sent = zmq_msg_send(message.handle(), dealer.handle(), ZMQ_DONTWAIT) >= 0;
  // and also when libzmq has not looked for credit for a millisecond: asking for events does.
  if (!sent && zmq_errno() == EAGAIN && (dealer.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0)
    sent = zmq_msg_send(message.handle(), dealer.handle(), ZMQ_DONTWAIT) >= 0;
  if (sent) {
    ++sent_frames_;
    sent_bytes_ += outgoing.frame->size();
  } else {
    ++dropped_frames_;
  }
}

void Link::receive(Channel channel) {
  auto& router = routers_[index(channel)];
  zmq::message_t routing_id, frame;
  for (std::size_t i = 0; i < receive_budget[index(channel)]; ++i) {
    if (!router.recv(routing_id, zmq::recv_flags::dontwait)) return;
    if (!routing_id.more() || !router.recv(frame, zmq::recv_flags::dontwait)) {
      ++rejected_frames_;
      continue;
    }
    if (!frame.more()) {
      accept_frame(channel, frame);
      continue;
    }
    ++rejected_frames_;
    while (frame.more() && router.recv(frame, zmq::recv_flags::dontwait)) {
    }
  }
}

void Link::accept_frame(Channel channel, zmq::message_t& frame) {
  const char* const user = zmq_msg_gets(frame.handle(), "User-Id");
  const auto remote = user == nullptr ? remote_of_.end() : remote_of_.find(std::string_view(user));
  if (remote == remote_of_.end() || frame.size() > options_.max_frame_bytes || frame.size() == 0) {
    ++rejected_frames_;
    return;
  }
  ++received_frames_;
  received_bytes_ += frame.size();
  const auto* const data = frame.data<std::uint8_t>();
  receive_(remotes_[remote->second].peer, channel, Bytes(data, data + frame.size()));
}

void Link::watch_remote(RemoteSockets& remote) {
  while (const auto event = remote.monitor.next()) {
    const bool up = event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (remote.connected.exchange(up) != up && change_) change_(remote.peer, up);
  }
}

void Link::watch_router(Channel channel) {
  while (router_monitors_[index(channel)].next()) ++broken_handshakes_;
}

}  // namespace

Result<std::unique_ptr<ZmqLink>> ZmqLink::start(LinkOptions options, ReceiveFrame receive,
                                                PeerChange change) {
  try {
    auto link = std::make_unique<Link>(std::move(options), std::move(receive), std::move(change));
    if (auto opened = link->open(); !opened) return opened.error();
    return std::unique_ptr<ZmqLink>(std::move(link));
  } catch (const zmq::error_t& error) {
    if (error.num() == EINVAL)
      return Error{NetError::bad_address, std::string("ZeroMQ: ") + error.what()};
    return Error{NetError::closed, std::string("ZeroMQ: ") + error.what()};
  }
}

}  // namespace powershare::net
