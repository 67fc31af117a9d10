// Links that know one another, and a client that may present any key, for the tests of the link.
#pragma once

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "net/zmq_link.hpp"
#include "tests/unit/net/raw_socket.hpp"

namespace powershare::net::test {

using std::chrono::seconds;

struct Received {
  std::string sender;
  Channel channel;
  Bytes frame;
};

inline PeerId peer_id(std::size_t k) {
  return PeerId::parse("peer-" + std::to_string(k)).value();
}

// n peers that know one another; each may be stopped and started again. Of more places than peers,
// the last ones are for peers that come later.
class Neighbourhood {
 public:
  explicit Neighbourhood(std::size_t peers, std::size_t max_frame_bytes = 1 << 20,
                         std::size_t places = 0)
      : max_frame_bytes_(max_frame_bytes), peers_(peers), places_(std::max(peers, places)) {
    for (auto& place : places_) {
      place.keys = CurveKeyPair::generate();
      place.control = "tcp://127.0.0.1:" + std::to_string(free_port());
      place.bulk = "tcp://127.0.0.1:" + std::to_string(free_port());
    }
    for (std::size_t k = 0; k < peers; ++k) start(k);
  }
  ~Neighbourhood() {
    for (auto& place : places_) place.link.reset();
  }

  LinkOptions options(std::size_t k) const {
    LinkOptions options;
    options.self = peer_id(k);
    options.keys = places_[k].keys;
    options.control_endpoint = places_[k].control;
    options.bulk_endpoint = places_[k].bulk;
    options.max_frame_bytes = max_frame_bytes_;
    options.remotes = remotes(k);
    return options;
  }
  std::vector<Remote> remotes(std::size_t k) const {
    std::vector<Remote> remotes;
    for (std::size_t other = 0; other < peers_; ++other)
      if (other != k)
        remotes.push_back({peer_id(other), places_[other].keys.public_key, places_[other].control,
                           places_[other].bulk});
    return remotes;
  }
  /// From now on the first n places are the peers; running links have to be told.
  void set_peers(std::size_t peers) { peers_ = peers; }
  void set_keys(std::size_t k, const CurveKeyPair& keys) { places_[k].keys = keys; }

  void start(std::size_t k) {
    auto started = ZmqLink::start(
        options(k),
        [this, k](const PeerId& sender, Channel channel, Bytes frame) {
          const std::lock_guard lock(mutex_);
          if (keep_) inbox_[k].push_back({sender.text(), channel, std::move(frame)});
          ++count_[k];
          changed_.notify_all();
        },
        [this, k](const PeerId& peer, bool connected) {
          const std::lock_guard lock(mutex_);
          if (!connected) ++losses_[{k, peer.text()}];
          changed_.notify_all();
        });
    if (!started.ok()) MESSAGE(started.error().text());
    REQUIRE(started.ok());
    places_[k].link = std::move(started).value();
  }
  void stop(std::size_t k) { places_[k].link.reset(); }
  ZmqLink& link(std::size_t k) { return *places_[k].link; }
  const CurveKeyPair& keys(std::size_t k) const { return places_[k].keys; }
  const std::string& control(std::size_t k) const { return places_[k].control; }

  bool send(std::size_t from, std::size_t to, Channel channel, Bytes frame) {
    return link(from).send(peer_id(to), channel, std::make_shared<const Bytes>(std::move(frame)));
  }
  bool all_connected() {
    return wait_until([&] {
      for (std::size_t a = 0; a < peers_; ++a)
        for (std::size_t b = 0; b < peers_; ++b)
          if (a != b && !link(a).connected(peer_id(b))) return false;
      return true;
    });
  }
  /// Sends again until it arrives: the link itself promises nothing while a connection comes up.
  bool reaches(std::size_t from, std::size_t to, Channel channel, const Bytes& frame) {
    return wait_until([&] {
      send(from, to, channel, frame);
      return wait_for(
          to, [&](const Received& one) { return one.frame == frame; },
          std::chrono::milliseconds(100));
    });
  }
  /// As `reaches`, where frames are only counted.
  bool reaches_any(std::size_t from, std::size_t to) {
    return wait_until([&] {
      send(from, to, Channel::control, Bytes{1});
      return wait_for_count(to, 1, std::chrono::milliseconds(100));
    });
  }
  template <class Predicate>
  bool wait_for(std::size_t k, Predicate predicate, std::chrono::milliseconds limit = seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, limit, [&] { return std::any_of(inbox_[k].begin(), inbox_[k].end(), predicate); });
  }
  bool wait_for_count(std::size_t k, std::size_t count,
                      std::chrono::milliseconds limit = seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return count_[k] >= count; });
  }
  std::size_t count(std::size_t k) {
    const std::lock_guard lock(mutex_);
    return count_[k];
  }
  std::vector<Received> inbox(std::size_t k) {
    const std::lock_guard lock(mutex_);
    return inbox_[k];
  }
  /// How often k has lost its connection to that peer.
  std::size_t losses(std::size_t k, std::size_t peer) {
    const std::lock_guard lock(mutex_);
    return losses_[{k, peer_id(peer).text()}];
  }
  std::size_t count_from(std::size_t k, std::size_t sender) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(inbox_[k].begin(), inbox_[k].end(),
                      [&](const Received& one) { return one.sender == peer_id(sender).text(); }));
  }
  void count_only() { keep_ = false; }

 private:
  struct Place {
    CurveKeyPair keys;
    std::string control, bulk;
    std::unique_ptr<ZmqLink> link;
  };
  std::size_t max_frame_bytes_;
  std::size_t peers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::vector<Received>> inbox_;
  std::map<std::size_t, std::size_t> count_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> losses_;
  std::atomic<bool> keep_{true};
  std::vector<Place> places_;
};

// A DEALER of its own context that may present any key or none.
class Stranger {
 public:
  Stranger() : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
    const int none = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
    REQUIRE(zmq_socket_monitor(socket_, "inproc://events", ZMQ_EVENT_ALL) == 0);
    events_ = zmq_socket(context_, ZMQ_PAIR);
    REQUIRE(zmq_connect(events_, "inproc://events") == 0);
  }
  ~Stranger() {
    zmq_socket_monitor(socket_, nullptr, 0);
    zmq_close(socket_);
    zmq_close(events_);
    zmq_ctx_term(context_);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void use_curve(const CurveKeyPair& own, const CurveKey& server) {
    zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, server.data(), server.size());
    zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, own.public_key.data(), own.public_key.size());
    zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, own.secret_key.data(), own.secret_key.size());
  }
  void use_plain() {
    zmq_setsockopt(socket_, ZMQ_PLAIN_USERNAME, "admin", 5);
    zmq_setsockopt(socket_, ZMQ_PLAIN_PASSWORD, "admin", 5);
  }
  void set_routing_id(const std::string& id) {
    zmq_setsockopt(socket_, ZMQ_ROUTING_ID, id.data(), id.size());
  }
  void connect(const std::string& endpoint) {
    REQUIRE(zmq_connect(socket_, endpoint.c_str()) == 0);
  }
  bool send(const std::vector<Bytes>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (zmq_send(socket_, parts[i].data(), parts[i].size(),
                   i + 1 < parts.size() ? ZMQ_SNDMORE : 0) < 0)
        return false;
    return true;
  }
  /// The first of `wanted` that happens, 0 when none does in `limit_ms`.
  int wait_for_event(std::initializer_list<int> wanted, int limit_ms = 20'000) {
    zmq_setsockopt(events_, ZMQ_RCVTIMEO, &limit_ms, sizeof limit_ms);
    for (;;) {
      unsigned char data[6];
      char address[256];
      if (zmq_recv(events_, data, sizeof data, 0) < 0) return 0;
      zmq_recv(events_, address, sizeof address, 0);
      const int event = data[0] | data[1] << 8;
      if (std::find(wanted.begin(), wanted.end(), event) != wanted.end()) return event;
    }
  }

 private:
  void* context_;
  void* socket_;
  void* events_ = nullptr;
};

inline constexpr auto handshake_ended = {
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, ZMQ_EVENT_DISCONNECTED};

inline Bytes frame_of(std::size_t size, std::uint8_t seed) {
  Bytes frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(seed + i * 31);
  return frame;
}

}  // namespace powershare::net::test
