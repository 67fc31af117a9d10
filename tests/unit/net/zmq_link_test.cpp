#include "net/zmq_link.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;
using std::chrono::seconds;

namespace {

struct Received {
  std::string sender;
  Channel channel;
  Bytes frame;
};

PeerId peer_id(std::size_t k) {
  return PeerId::parse("peer-" + std::to_string(k)).value();
}

// n peers that know one another; each may be stopped and started again.
class Neighbourhood {
 public:
  explicit Neighbourhood(std::size_t peers, std::size_t max_frame_bytes = 1 << 20)
      : max_frame_bytes_(max_frame_bytes), places_(peers) {
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
    for (std::size_t other = 0; other < places_.size(); ++other)
      if (other != k)
        options.remotes.push_back({peer_id(other), places_[other].keys.public_key,
                                   places_[other].control, places_[other].bulk});
    return options;
  }

  void start(std::size_t k) {
    auto started = ZmqLink::start(
        options(k),
        [this, k](const PeerId& sender, Channel channel, Bytes frame) {
          const std::lock_guard lock(mutex_);
          if (keep_) inbox_[k].push_back({sender.text(), channel, std::move(frame)});
          ++count_[k];
          changed_.notify_all();
        },
        [this](const PeerId&, bool) { changed_.notify_all(); });
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
      for (std::size_t a = 0; a < places_.size(); ++a)
        for (std::size_t b = 0; b < places_.size(); ++b)
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
  void count_only() { keep_ = false; }

 private:
  struct Place {
    CurveKeyPair keys;
    std::string control, bulk;
    std::unique_ptr<ZmqLink> link;
  };
  std::size_t max_frame_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::vector<Received>> inbox_;
  std::map<std::size_t, std::size_t> count_;
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

constexpr auto handshake_ended = {
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, ZMQ_EVENT_DISCONNECTED};

Bytes frame_of(std::size_t size, std::uint8_t seed) {
  Bytes frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(seed + i * 31);
  return frame;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

}  // namespace

TEST_CASE("key pairs belong together") {
  const auto keys = CurveKeyPair::generate();
  CHECK(curve_public_key(keys.secret_key) == keys.public_key);
  CHECK(CurveKeyPair::generate().secret_key != keys.secret_key);
}

TEST_CASE("four links exchange frames on both channels, each under its sender's name") {
  Neighbourhood peers(4);
  REQUIRE(peers.all_connected());
  for (std::size_t from = 0; from < 4; ++from)
    for (std::size_t to = 0; to < 4; ++to) {
      if (from == to) continue;
      const auto seed = static_cast<std::uint8_t>(from * 16 + to);
      CHECK(peers.reaches(from, to, Channel::control, frame_of(300, seed)));
      CHECK(peers.reaches(from, to, Channel::bulk, frame_of(200'000, seed)));
    }
  for (std::size_t to = 0; to < 4; ++to)
    for (const auto& one : peers.inbox(to)) {
      const auto from = static_cast<std::size_t>(one.sender.back() - '0');
      CHECK(one.sender == peer_id(from).text());
      CHECK(one.frame[0] == static_cast<std::uint8_t>(from * 16 + to));
      CHECK((one.channel == Channel::bulk) == (one.frame.size() > 300));
    }
  const auto statistics = peers.link(0).statistics();
  CHECK(statistics.sent_frames >= 6);
  CHECK(statistics.received_bytes >= 3 * 200'300);
  CHECK(statistics.rejected_frames == 0);
  CHECK(statistics.refused_handshakes == 0);
}

TEST_CASE("an unknown key is refused, and so are NULL and PLAIN clients") {
  Neighbourhood peers(2);
  REQUIRE(peers.all_connected());
  {
    Stranger unknown;
    unknown.use_curve(CurveKeyPair::generate(), peers.keys(0).public_key);
    unknown.connect(peers.control(0));
    CHECK(unknown.wait_for_event(handshake_ended) == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    CHECK(wait_until([&] { return peers.link(0).statistics().refused_handshakes >= 1; }));
  }
  const auto before = peers.link(0).statistics().refused_handshakes;
  Stranger null_client, plain_client;
  plain_client.use_plain();
  for (auto* client : {&null_client, &plain_client}) {
    client->connect(peers.control(0));
    const int event = client->wait_for_event(handshake_ended);
    CHECK(event != 0);
    CHECK(event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    client->send({frame_of(10, 1)});
  }
  CHECK(wait_until([&] { return peers.link(0).statistics().refused_handshakes > before; }));
  // The known peer is served all the while, and nothing of theirs came through.
  CHECK(peers.reaches(1, 0, Channel::control, frame_of(20, 2)));
  for (const auto& one : peers.inbox(0)) CHECK(one.frame == frame_of(20, 2));
}

TEST_CASE("a client that expects another server key does not connect") {
  Neighbourhood peers(2);
  Stranger client;
  client.use_curve(peers.keys(1), CurveKeyPair::generate().public_key);
  client.connect(peers.control(0));
  const int event = client.wait_for_event(handshake_ended);
  CHECK(event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  CHECK(event != 0);
  REQUIRE(peers.all_connected());
}

TEST_CASE("oversized, empty and multipart frames are thrown away, the connection of others stays") {
  Neighbourhood peers(3, 10'000);
  REQUIRE(peers.all_connected());
  Stranger member;  // a peer gone bad: its key is known
  member.use_curve(peers.keys(1), peers.keys(0).public_key);
  member.connect(peers.control(0));
  REQUIRE(member.wait_for_event({ZMQ_EVENT_HANDSHAKE_SUCCEEDED}) != 0);
  CHECK(member.send({frame_of(10, 1), frame_of(10, 2)}));
  CHECK(member.send(std::vector<Bytes>(1'000, frame_of(10, 3))));
  CHECK(member.send({Bytes{}}));
  CHECK(member.send({frame_of(10'001, 4)}));
  CHECK(wait_until([&] { return peers.link(0).statistics().rejected_frames == 4; }));
  CHECK(member.send({frame_of(10'000, 5)}));
  CHECK(peers.wait_for(0, [](const Received& one) { return one.frame == frame_of(10'000, 5); }));
  CHECK(peers.inbox(0).size() == 1);
  CHECK(member.send({frame_of(1'000'000, 6)}));
  CHECK(member.wait_for_event({ZMQ_EVENT_DISCONNECTED}) != 0);
  CHECK(peers.reaches(2, 0, Channel::control, frame_of(30, 7)));
  // Our own side does not even try.
  CHECK_FALSE(peers.send(2, 0, Channel::bulk, frame_of(10'001, 8)));
  CHECK(peers.link(2).connected(peer_id(0)));
}

TEST_CASE("the sender is whose key it is, whatever routing id it claims") {
  Neighbourhood peers(3);
  REQUIRE(peers.all_connected());
  Stranger first, second;
  for (auto* client : {&first, &second}) {
    client->use_curve(peers.keys(1), peers.keys(0).public_key);
    client->set_routing_id("peer-2");
    client->connect(peers.control(0));
  }
  REQUIRE(first.wait_for_event({ZMQ_EVENT_HANDSHAKE_SUCCEEDED}) != 0);
  REQUIRE(second.wait_for_event({ZMQ_EVENT_HANDSHAKE_SUCCEEDED}) != 0);
  first.send({frame_of(40, 1)});
  second.send({frame_of(40, 1)});
  CHECK(peers.wait_for(0, [](const Received& one) { return one.frame == frame_of(40, 1); }));
  for (const auto& one : peers.inbox(0)) CHECK(one.sender == "peer-1");
  CHECK(peers.reaches(2, 0, Channel::control, frame_of(41, 2)));
}

TEST_CASE("a peer that stops and comes back is noticed and served again") {
  Neighbourhood peers(3);
  REQUIRE(peers.all_connected());
  peers.stop(2);
  CHECK(wait_until([&] { return !peers.link(0).connected(peer_id(2)); }));
  // Sending to it costs nothing and is counted; the others go on.
  const auto dropped = peers.link(0).statistics().dropped_frames;
  for (int i = 0; i < 100; ++i) peers.send(0, 2, Channel::control, frame_of(100, 1));
  CHECK(wait_until([&] { return peers.link(0).statistics().dropped_frames >= dropped + 100; }));
  CHECK(peers.reaches(0, 1, Channel::control, frame_of(100, 2)));
  peers.start(2);
  REQUIRE(peers.all_connected());
  CHECK(peers.reaches(0, 2, Channel::control, frame_of(100, 3)));
  CHECK(peers.reaches(2, 1, Channel::bulk, frame_of(100, 4)));
  for (const auto& one : peers.inbox(2)) CHECK(one.frame != frame_of(100, 1));
}

TEST_CASE("idle strangers do not keep peers out") {
  Neighbourhood peers(2);
  REQUIRE(peers.all_connected());
  const auto port = static_cast<std::uint16_t>(std::stoi(peers.control(0).substr(16)));
  std::vector<RawSocket> idle;
  for (int i = 0; i < 200; ++i) idle.emplace_back(port);
  peers.stop(1);
  peers.start(1);
  CHECK(peers.reaches(1, 0, Channel::control, frame_of(10, 1)));
  // They are cut by the handshake timer.
  for (auto& socket : idle) CHECK(socket.closed_by_server());
}

TEST_CASE("the queue is bounded and unknown peers are refused") {
  Neighbourhood peers(2);
  CHECK_FALSE(peers.send(0, 7, Channel::control, frame_of(10, 1)));
  const auto frame = std::make_shared<const Bytes>(frame_of(1'000'000, 1));
  bool refused = false;
  for (int i = 0; i < 1'000'000 && !refused; ++i)
    refused = !peers.link(0).send(peer_id(1), Channel::bulk, frame);
  CHECK(refused);
  CHECK(wait_until([&] { return frame.use_count() == 1; }));  // nothing is kept
  CHECK(peers.link(0).statistics().dropped_frames > 0);
}

TEST_CASE("wrong keys and taken endpoints are errors") {
  Neighbourhood peers(2);
  const auto start = [](LinkOptions options) {
    return ZmqLink::start(std::move(options), [](const PeerId&, Channel, Bytes) {}, {});
  };
  const auto taken = start(peers.options(0));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code() == NetError::address_in_use);
  auto options = peers.options(0);
  options.keys.public_key[0] ^= 1;
  CHECK(start(options).error().code() == NetError::bad_key);
  options = peers.options(0);
  options.remotes.push_back(options.remotes.front());
  CHECK(start(options).error().code() == NetError::bad_key);
  options = peers.options(0);
  options.remotes.front().public_key = {};
  CHECK(start(options).error().code() == NetError::bad_key);
  options = peers.options(0);
  options.control_endpoint = "nonsense";
  CHECK(start(options).error().code() == NetError::bad_address);
  peers.stop(0);
  options = peers.options(0);
  options.remotes.front().control_endpoint = "tcp://";
  CHECK(start(options).error().code() == NetError::bad_address);
  peers.start(0);
  CHECK(peers.all_connected());
}

TEST_CASE("throughput, and what four idle links cost") {
  Neighbourhood peers(4);
  peers.count_only();
  REQUIRE(peers.all_connected());
  REQUIRE(peers.reaches_any(0, 1));
  const auto first = peers.count(1);
  const auto dropped_before = peers.link(0).statistics().dropped_frames;
  constexpr std::size_t frames = 20'000;
  const auto frame = std::make_shared<const Bytes>(frame_of(256, 1));
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t sent = 0; sent < frames;) {
    if (sent + first - peers.count(1) < 384) {
      sent += peers.link(0).send(peer_id(1), Channel::control, frame) ? 1 : 0;
    } else {
      REQUIRE(peers.wait_for_count(1, first + sent - 192));
    }
  }
  CHECK(peers.link(0).statistics().dropped_frames == dropped_before);
  REQUIRE(peers.wait_for_count(1, first + frames));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  CHECK(peers.link(1).statistics().received_frames == first + frames);

  const double before = cpu_seconds();
  pollfd nothing{-1, 0, 0};
  ::poll(&nothing, 1, 3'000);  // the stretch of idleness that is measured
  const double idle = (cpu_seconds() - before) / 3 / 4;
  MESSAGE("256-byte frames per second: "
          << static_cast<int>(static_cast<double>(frames) / passed.count())
          << ", idle cost of a link: " << idle * 100 << " % of a core");
}

TEST_CASE("a stopped link calls nobody back and stays good for those who still send through it") {
  Neighbourhood peers(2);
  REQUIRE(peers.reaches(0, 1, Channel::control, Bytes{1}));
  REQUIRE(peers.reaches(1, 0, Channel::control, Bytes{1}));
  std::atomic<bool> done{false};
  std::vector<std::thread> senders;
  for (std::size_t from : {0, 0, 1}) {
    senders.emplace_back([&, from] {
      while (!done) {
        peers.send(from, 1 - from, Channel::control, Bytes(2'000, 7));
        peers.link(from).statistics();
      }
    });
  }
  REQUIRE(peers.wait_for_count(0, 20));
  peers.link(0).stop();
  const auto received = peers.count(0);
  const auto dropped = peers.link(0).statistics().dropped_frames;
  const auto sent = peers.link(0).statistics().sent_frames;
  // The others have sent for a while after that.
  CHECK(wait_until([&] { return peers.link(0).statistics().dropped_frames > dropped + 100; }));
  CHECK_FALSE(peers.send(0, 1, Channel::control, Bytes{2}));
  CHECK(peers.link(0).statistics().sent_frames == sent);
  CHECK(peers.count(0) == received);
  done = true;
  for (auto& sender : senders) sender.join();
}
