#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tests/unit/net/link_fixture.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;

namespace {

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
