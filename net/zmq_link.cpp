#include "net/zmq_link.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "net/thread.hpp"
#include "net/zap.hpp"
#include "net/zmq_listener.hpp"
#include "net/zmq_remote.hpp"

namespace powershare::net {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t receive_budget[channel_count] = {256, 16};  ///< frames per turn of the loop
constexpr std::size_t copied_frame_bytes = 1024;  ///< shorter frames are copied, longer ones shared
/// Frames under keys that are no longer known before the connections they come over are cut.
constexpr std::size_t tolerated_foreign_frames = 256;

/// A remote as it was given at one time: with another key or address it gets another number.
struct Route {
  std::uint64_t number = 0;
  Remote remote;
  std::shared_ptr<std::atomic<bool>> connected;
};
using Routes = std::map<std::string, Route, std::less<>>;  ///< by the peer's id

struct Outgoing {
  std::uint64_t route = 0;
  std::shared_ptr<const Bytes> frame;
};

/// What the link thread has still to take up; a later change takes the place of an earlier one.
struct Change {
  std::optional<Routes> routes;
  std::optional<CurveKeyPair> keys;
};

int descriptor(void* socket) {
  int result = -1;
  std::size_t size = sizeof result;
  PS_ASSERT(zmq_getsockopt(socket, ZMQ_FD, &result, &size) == 0);
  return result;
}

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

// What is wrong with a remote that comes after those of `routes`, whose keys are among `keys`.
const char* flaw(const Remote& remote, const PeerId& self, const Routes& routes,
                 const std::set<CurveKey>& keys) {
  if (remote.peer.empty()) return "a remote peer without a name";
  if (remote.public_key == CurveKey{}) return "no CURVE key for a peer";
  if (remote.peer == self) return "a remote peer is this peer itself";
  if (routes.contains(remote.peer.text())) return "a peer is there twice";
  if (keys.contains(remote.public_key)) return "two peers have one CURVE key";
  return nullptr;
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
  void reconfigure(std::vector<Remote> remotes) override;
  void replace_keys(CurveKeyPair keys) override;
  LinkStatistics statistics() const override;
  bool connected(const PeerId& peer) const override;

 private:
  DialOptions dial_options() const;
  Result<void> set_routes(const std::vector<Remote>& remotes);
  void change(const std::function<void()>& note);
  void wake();

  void run();
  void watch_sockets();
  std::chrono::milliseconds poll_limit() const;
  void take_queue();
  bool send_queued(const Bytes* asked_for);
  bool send_now(Channel channel, const Outgoing& outgoing);
  bool add_remotes(const Routes& routes);
  void remove_remotes(const Routes& routes);
  void use_keys(const CurveKeyPair& keys);
  void do_what_is_due();
  bool receive(Channel channel);
  void accept_frame(Channel channel, std::string_view user, const zmq::message_t& frame);

  LinkOptions options_;  ///< the keys are the link thread's once it runs
  ReceiveFrame receive_;
  PeerChange change_;
  zmq::context_t context_{1};
  std::unique_ptr<ZapHandler> zap_;
  std::uint64_t refused_in_self_test_ = 0;
  int event_ = -1;
  std::thread thread_;
  std::atomic<bool> stopping_{false};

  // The link thread's.
  std::deque<Listener> listeners_;  ///< control, bulk
  std::size_t foreign_frames_[channel_count] = {};
  std::map<std::string, PeerId, std::less<>> sender_of_;  ///< by the key's User-Id
  std::vector<pollfd> items_;
  /// One for each item, when it is ready; true when there is more to do than it did.
  std::vector<std::function<bool()>> actions_;
  std::vector<bool> unfinished_;  ///< actions to run again without waiting for their item
  bool sockets_changed_ = true;   ///< since the items were made
  std::atomic<std::thread::id> link_thread_{};

  /// Of the sockets that frames are sent on: whoever calls send() does it at once, unless another
  /// thread is at it; one thread less to wake for every vote. Taken before mutex_.
  std::mutex sending_;
  std::map<std::uint64_t, RemoteSockets> remotes_;  ///< by the number of their route

  mutable std::mutex mutex_;  ///< of what follows, shared with the callers
  std::vector<Outgoing> queue_[channel_count];
  Routes routes_;
  std::uint64_t routes_so_far_ = 0;
  CurveKey own_key_{};
  Change change_waiting_;
  bool woken_ = false;

  std::atomic<std::uint64_t> sent_frames_{0}, sent_bytes_{0}, received_frames_{0},
      received_bytes_{0}, dropped_frames_{0}, rejected_frames_{0}, broken_handshakes_{0},
      refused_remotes_{0};
  std::atomic<bool> listening_{true};
};

Link::Link(LinkOptions options, ReceiveFrame receive, PeerChange change)
    : options_(std::move(options)), receive_(std::move(receive)), change_(std::move(change)) {}

Link::~Link() {
  stop();
  // All sockets go before the context, and the ZAP handler's own when the context is shut down.
  remotes_.clear();
  listeners_.clear();
  context_.shutdown();
  zap_.reset();
  if (event_ >= 0) ::close(event_);
}

void Link::stop() {
  stopping_ = true;
  if (event_ >= 0) wake();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(sending_);  // whoever is still sending
}

// --- start

Result<void> Link::open() {
  if (curve_public_key(options_.keys.secret_key) != options_.keys.public_key)
    return Error{NetError::bad_key, "the CURVE public key does not belong to the secret key"};
  own_key_ = options_.keys.public_key;
  if (auto flawless = set_routes(options_.remotes); !flawless) return flawless;
  event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_ < 0) return Error{NetError::closed, "no file descriptor for an eventfd"};
  std::set<CurveKey> admitted;
  for (const auto& [name, route] : routes_) admitted.insert(route.remote.public_key);
  zap_ = std::make_unique<ZapHandler>(context_, std::move(admitted));
  const auto marks = dial_options().high_water_marks;
  for (const auto channel : all_channels) {
    const auto& endpoint =
        channel == Channel::control ? options_.control_endpoint : options_.bulk_endpoint;
    auto& listener = listeners_.emplace_back(
        context_,
        ListenOptions{options_.keys, endpoint, options_.max_frame_bytes, marks[index(channel)]});
    if (auto bound = listener.bind(); !bound) return bound;
  }
  for (auto& listener : listeners_)
    if (!listener.stranger_is_refused())
      return Error{NetError::refused_by_self_test,
                   "a CURVE client with an unknown key was not refused"};
  refused_in_self_test_ = zap_->refused();
  if (!add_remotes(routes_)) return Error{NetError::bad_address, "a remote's address is no good"};
  thread_ = start_thread([this] { run(); });
  return {};
}

DialOptions Link::dial_options() const {
  return {options_.keys, {options_.control_high_water_mark, options_.bulk_high_water_mark}};
}

// --- from any thread

void Link::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

bool Link::send(const PeerId& to, Channel channel, std::shared_ptr<const Bytes> frame) {
  bool accepted = false;
  const auto* const own = frame.get();
  if (frame && frame->size() <= options_.max_frame_bytes) {
    const std::lock_guard lock(mutex_);
    const auto route = routes_.find(to.text());
    auto& queue = queue_[index(channel)];
    accepted = route != routes_.end() && !stopping_ && queue.size() < options_.max_queued_frames;
    if (accepted) {
      queue.push_back({route->second.number, std::move(frame)});
    }
  }
  if (!accepted) {
    ++dropped_frames_;
    return false;
  }
  // A callback may call from the link's thread, in the midst of changing the sockets.
  if (std::this_thread::get_id() != link_thread_ && sending_.try_lock()) {
    const std::lock_guard lock(sending_, std::adopt_lock);
    accepted = send_queued(own);
  }
  bool wake_link = false;
  {
    const std::lock_guard lock(mutex_);
    const bool waiting = !queue_[0].empty() || !queue_[1].empty();
    wake_link = waiting && !std::exchange(woken_, true);
  }
  if (wake_link) wake();
  return accepted;
}

/// With `sending_` held; false when this very frame was dropped. What waits behind a change of the
/// remotes is the link thread's.
bool Link::send_queued(const Bytes* asked_for) {
  std::vector<Outgoing> waiting[channel_count];
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || change_waiting_.routes || change_waiting_.keys) return true;
    for (std::size_t i = 0; i < channel_count; ++i) waiting[i].swap(queue_[i]);
  }
  bool sent = true;
  for (const auto channel : all_channels)
    for (const auto& outgoing : waiting[index(channel)])
      if (!send_now(channel, outgoing) && outgoing.frame.get() == asked_for) sent = false;
  return sent;
}

void Link::change(const std::function<void()>& note) {
  {
    const std::lock_guard lock(mutex_);
    note();
    woken_ = true;
  }
  wake();
}

// The flawed ones are left out; the last flaw is returned.
Result<void> Link::set_routes(const std::vector<Remote>& remotes) {
  Result<void> result;
  Routes routes;
  std::set<CurveKey> keys{own_key_};
  for (const auto& remote : remotes) {
    const auto& name = remote.peer.text();
    if (const auto* what = flaw(remote, options_.self, routes, keys)) {
      result = Error{NetError::bad_key, what + (": " + name)};
      ++refused_remotes_;
      continue;
    }
    keys.insert(remote.public_key);
    const auto known = routes_.find(name);
    if (known != routes_.end() && known->second.remote == remote)
      routes.emplace(name, known->second);
    else
      routes.emplace(name,
                     Route{++routes_so_far_, remote, std::make_shared<std::atomic<bool>>(false)});
  }
  routes_ = std::move(routes);
  return result;
}

void Link::reconfigure(std::vector<Remote> remotes) {
  change([&] {
    // What is flawed is counted: the others must not go without a change because of it.
    [[maybe_unused]] const auto flawless = set_routes(remotes);
    change_waiting_.routes = routes_;
  });
}

void Link::replace_keys(CurveKeyPair keys) {
  keys.public_key = curve_public_key(keys.secret_key);
  change([&] {
    own_key_ = keys.public_key;
    change_waiting_.keys = keys;
  });
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
  result.refused_remotes = refused_remotes_;
  result.listening = listening_;
  return result;
}

bool Link::connected(const PeerId& peer) const {
  const std::lock_guard lock(mutex_);
  const auto route = routes_.find(peer.text());
  return route != routes_.end() && *route->second.connected;
}

// --- the link thread

void Link::run() {
  link_thread_ = std::this_thread::get_id();
  while (!stopping_) {
    if (std::exchange(sockets_changed_, false)) watch_sockets();
    const bool busy = std::ranges::find(unfinished_, true) != unfinished_.end();
    const auto limit = busy ? 0 : static_cast<int>(poll_limit().count());
    if (::poll(items_.data(), items_.size(), limit) < 0) {
      PS_ASSERT(errno == EINTR && "poll failed on the link's own sockets");
      continue;
    }
    // After a change, the items that follow may be of sockets that are gone.
    for (std::size_t i = 0; i < items_.size() && !sockets_changed_; ++i)
      if (items_[i].revents != 0 || unfinished_[i]) unfinished_[i] = actions_[i]();
    do_what_is_due();
  }
}

// poll() instead of zmq_poll(), which asks every socket twice, with a system call each. A socket's
// descriptor becomes readable when there is news for it, and is silent until all of it was taken.
void Link::watch_sockets() {
  items_.assign(1, {event_, POLLIN, 0});
  actions_.assign(1, [this] {
    take_queue();
    return false;
  });
  const auto add = [&](void* handle, std::function<bool()> action) {
    items_.push_back({descriptor(handle), POLLIN, 0});
    actions_.push_back(std::move(action));
  };
  for (const auto channel : all_channels) {
    auto& listener = listeners_[index(channel)];
    if (listener.bind_again_at()) continue;
    add(listener.frames(), [this, channel] { return receive(channel); });
    add(listener.events(), [this, &listener] {
      broken_handshakes_ += listener.failed_handshakes();
      return false;
    });
  }
  for (auto& [number, remote] : remotes_)
    for (auto* const handle : remote.events())
      add(handle, [this, &remote = remote] {
        remote.watch(change_);
        return false;
      });
  unfinished_.assign(items_.size(), true);  // what came before they were watched
}

// Until something is due; for ever (-1) when nothing is.
std::chrono::milliseconds Link::poll_limit() const {
  std::optional<steady_clock::time_point> first;
  const auto take = [&](const std::optional<steady_clock::time_point>& at) {
    if (at && (!first || *at < *first)) first = at;
  };
  for (const auto& listener : listeners_) take(listener.bind_again_at());
  for (const auto& [number, remote] : remotes_) take(remote.dial_again_at());
  if (!first) return std::chrono::milliseconds(-1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

void Link::take_queue() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_, &count, sizeof count);
  const std::lock_guard sending(sending_);
  std::vector<Outgoing> waiting[channel_count];
  Change change;
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    for (std::size_t i = 0; i < channel_count; ++i) waiting[i].swap(queue_[i]);
    change = std::exchange(change_waiting_, {});
  }
  // Frames from before a change find the old sockets, those from after it the new ones.
  if (change.routes) add_remotes(*change.routes);
  for (const auto channel : all_channels)
    for (const auto& outgoing : waiting[index(channel)]) send_now(channel, outgoing);
  if (change.routes) remove_remotes(*change.routes);
  if (change.keys) use_keys(*change.keys);
}

bool Link::send_now(Channel channel, const Outgoing& outgoing) {
  auto message = make_message(outgoing.frame);
  const auto remote = remotes_.find(outgoing.route);
  if (remote != remotes_.end() && remote->second.send(channel, message)) {
    ++sent_frames_;
    sent_bytes_ += outgoing.frame->size();
    return true;
  }
  ++dropped_frames_;
  return false;
}

// False when a new one could not be dialled.
bool Link::add_remotes(const Routes& routes) {
  bool dialled = true;
  std::set<CurveKey> admitted;
  sender_of_.clear();
  for (const auto& [name, route] : routes) {
    admitted.insert(route.remote.public_key);
    sender_of_.emplace(user_id(route.remote.public_key), route.remote.peer);
    if (remotes_.contains(route.number)) continue;
    auto& remote =
        remotes_.try_emplace(route.number, context_, route.remote, route.connected).first->second;
    sockets_changed_ = true;
    if (!remote.dial(dial_options())) {
      dialled = false;
      ++refused_remotes_;
    }
  }
  zap_->admit(std::move(admitted));
  return dialled;
}

void Link::remove_remotes(const Routes& routes) {
  std::set<std::uint64_t> wanted;
  for (const auto& [name, route] : routes) wanted.insert(route.number);
  for (auto entry = remotes_.begin(); entry != remotes_.end();) {
    auto& [number, remote] = *entry;
    if (wanted.contains(number)) {
      ++entry;
      continue;
    }
    remote.hang_up(change_);
    entry = remotes_.erase(entry);
    sockets_changed_ = true;
  }
}

void Link::use_keys(const CurveKeyPair& keys) {
  options_.keys = keys;
  for (auto& listener : listeners_) listener.bind_later(keys);
  for (auto& [number, remote] : remotes_) {
    remote.hang_up(change_);
    remote.dial(dial_options());
  }
  listening_ = false;
  sockets_changed_ = true;
}

void Link::do_what_is_due() {
  const auto now = steady_clock::now();
  for (auto& [number, remote] : remotes_) {
    const auto at = remote.dial_again_at();
    if (!at || *at > now) continue;
    const std::lock_guard lock(sending_);
    if (remote.dial_again(dial_options())) sockets_changed_ = true;
  }
  bool listening = true;
  for (auto& listener : listeners_) {
    if (listener.bind_again()) sockets_changed_ = true;
    if (listener.bind_again_at()) listening = false;
  }
  listening_ = listening;
}

void Link::accept_frame(Channel channel, std::string_view user, const zmq::message_t& frame) {
  const auto sender = sender_of_.find(user);
  if (sender == sender_of_.end()) {
    ++foreign_frames_[index(channel)];
    ++rejected_frames_;
    return;
  }
  if (frame.size() > options_.max_frame_bytes || frame.size() == 0) {
    ++rejected_frames_;
    return;
  }
  ++received_frames_;
  received_bytes_ += frame.size();
  const auto* const data = frame.data<std::uint8_t>();
  receive_(sender->second, channel, Bytes(data, data + frame.size()));
}

// True when there may be more frames.
bool Link::receive(Channel channel) {
  auto& listener = listeners_[index(channel)];
  rejected_frames_ += listener.receive(receive_budget[index(channel)],
                                       [&](std::string_view user, const zmq::message_t& frame) {
                                         accept_frame(channel, user, frame);
                                       });
  // Foreign frames come over connections that were let in before their key was taken off the list.
  // libzmq cannot cut a single one: a peer that does not stop costs the others one reconnect, and
  // cannot come again.
  if (foreign_frames_[index(channel)] < tolerated_foreign_frames) return listener.has_more();
  foreign_frames_[index(channel)] = 0;
  listener.cut();
  sockets_changed_ = true;
  return true;
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
