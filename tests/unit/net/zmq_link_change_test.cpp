// Links whose remotes and keys change while messages flow.
#include <doctest/doctest.h>

#include <thread>

#include "tests/unit/net/link_fixture.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;

namespace {

// Sends on both channels from one peer to others until it goes.
class Stream {
 public:
  Stream(Neighbourhood& peers, std::size_t from, std::vector<std::size_t> to)
      : thread_([this, &peers, from, to] {
          while (!done_) {
            for (const auto other : to) {
              peers.send(from, other, Channel::control, frame_of(64, 200));
              peers.send(from, other, Channel::bulk, frame_of(2'000, 201));
            }
            // Not more than a slow machine takes: what is tested is change, not load.
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~Stream() {
    done_ = true;
    thread_.join();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

bool both_ways(Neighbourhood& peers, std::size_t a, std::size_t b, std::uint8_t seed) {
  return peers.reaches(a, b, Channel::control, frame_of(30, seed)) &&
         peers.reaches(b, a, Channel::control, frame_of(31, seed)) &&
         peers.reaches(a, b, Channel::bulk, frame_of(3'000, seed)) &&
         peers.reaches(b, a, Channel::bulk, frame_of(3'001, seed));
}

}  // namespace

TEST_CASE("a remote is added while messages flow, and one that came too early gets through") {
  Neighbourhood peers(3, 1 << 20, 4);
  REQUIRE(peers.all_connected());
  Stream there(peers, 0, {1, 2}), back(peers, 1, {0, 2});
  peers.set_peers(4);
  peers.start(3);  // it knows the others, who do not know it
  // Twice on each channel: the second time it is the link that has dialled again.
  for (std::size_t k = 0; k < 3; ++k)
    CHECK(wait_until([&] { return peers.link(k).statistics().refused_handshakes >= 4; }));
  CHECK_FALSE(peers.send(0, 3, Channel::control, frame_of(10, 1)));
  for (std::size_t k = 0; k < 3; ++k) peers.link(k).reconfigure(peers.remotes(k));
  REQUIRE(peers.all_connected());
  for (std::size_t k = 0; k < 3; ++k) CHECK(both_ways(peers, k, 3, static_cast<std::uint8_t>(k)));
  // The others have kept their connections.
  for (std::size_t a = 0; a < 3; ++a)
    for (std::size_t b = 0; b < 3; ++b) CHECK(peers.losses(a, b) == 0);
  CHECK(peers.link(0).statistics().rejected_frames == 0);
}

TEST_CASE("frames of a removed remote no longer arrive, and it is cut if it does not stop") {
  Neighbourhood peers(4);
  REQUIRE(peers.all_connected());
  REQUIRE(peers.reaches(3, 0, Channel::control, frame_of(10, 1)));
  REQUIRE(peers.reaches(3, 0, Channel::bulk, frame_of(11, 1)));
  Stream removed(peers, 3, {0, 1}), there(peers, 0, {1, 2, 3}), back(peers, 1, {0, 2});
  peers.set_peers(3);
  peers.link(0).reconfigure(peers.remotes(0));
  CHECK_FALSE(peers.send(0, 3, Channel::control, frame_of(12, 1)));
  CHECK_FALSE(peers.link(0).connected(peer_id(3)));
  CHECK(wait_until([&] { return peers.losses(0, 3) == 1; }));  // the link's thread has it
  const auto arrived = peers.count_from(0, 3);
  // Its connection stands, and what comes over it is thrown away,
  CHECK(wait_until([&] { return peers.link(0).statistics().rejected_frames >= 100; }));
  // until all connections are cut once; it does not come in again.
  CHECK(wait_until([&] { return !peers.link(3).connected(peer_id(0)); }));
  CHECK(wait_until([&] { return peers.link(0).statistics().refused_handshakes >= 4; }));
  CHECK(peers.count_from(0, 3) == arrived);
  CHECK_FALSE(peers.link(3).connected(peer_id(0)));
  CHECK(peers.reaches(1, 0, Channel::control, frame_of(20, 2)));
  CHECK(peers.reaches(2, 0, Channel::bulk, frame_of(21, 2)));
  CHECK(peers.reaches(3, 1, Channel::control, frame_of(22, 2)));  // 1 has not removed it
  CHECK(peers.losses(0, 1) == 0);
  // It may become a member again.
  peers.set_peers(4);
  peers.link(0).reconfigure(peers.remotes(0));
  CHECK(both_ways(peers, 0, 3, 5));
}

TEST_CASE("with a new key the peer gets through and the old key does not") {
  Neighbourhood peers(4);
  REQUIRE(peers.all_connected());
  const auto old_keys = peers.keys(3);
  Stranger standing;  // another process with the old key, connected before the change
  standing.use_curve(old_keys, peers.keys(0).public_key);
  standing.connect(peers.control(0));
  REQUIRE(standing.wait_for_event({ZMQ_EVENT_HANDSHAKE_SUCCEEDED}) != 0);
  CHECK(standing.send({frame_of(50, 1)}));
  REQUIRE(peers.wait_for(0, [](const Received& one) { return one.frame == frame_of(50, 1); }));
  Stream there(peers, 0, {1, 2, 3}), back(peers, 3, {0, 1, 2});

  const auto new_keys = CurveKeyPair::generate();
  peers.set_keys(3, new_keys);
  const auto tell_the_others = [&] {
    for (std::size_t k = 0; k < 3; ++k) peers.link(k).reconfigure(peers.remotes(k));
    CHECK(wait_until([&] { return peers.losses(0, 3) >= 1; }));
  };
  SUBCASE("the peer changes first") {
    peers.link(3).replace_keys(new_keys);
    CHECK(wait_until([&] { return peers.losses(3, 0) >= 1; }));
    tell_the_others();
  }
  SUBCASE("the others change first") {
    tell_the_others();
    peers.link(3).replace_keys(new_keys);
  }
  REQUIRE(peers.all_connected());
  for (std::size_t k = 0; k < 3; ++k) CHECK(both_ways(peers, k, 3, static_cast<std::uint8_t>(k)));
  CHECK(peers.link(3).statistics().listening);
  CHECK(peers.losses(0, 1) == 0);

  // The old key opens nothing any more, and nobody who trusts it is answered.
  standing.send({frame_of(51, 2)});
  Stranger late;
  late.use_curve(old_keys, peers.keys(0).public_key);
  late.connect(peers.control(0));
  CHECK(late.wait_for_event(handshake_ended) == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  Stranger trusting;
  trusting.use_curve(peers.keys(1), old_keys.public_key);
  trusting.connect(peers.control(3));
  const int event = trusting.wait_for_event(handshake_ended);
  CHECK(event != 0);
  CHECK(event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  Stranger unknown;  // the new sockets let no stranger in either
  unknown.use_curve(CurveKeyPair::generate(), new_keys.public_key);
  unknown.connect(peers.control(3));
  CHECK(unknown.wait_for_event(handshake_ended) == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  CHECK(peers.reaches(3, 0, Channel::control, frame_of(52, 3)));
  for (const auto& one : peers.inbox(0)) CHECK(one.frame != frame_of(51, 2));
}

TEST_CASE("a remote without an address may come and is not dialled") {
  Neighbourhood peers(2);
  REQUIRE(peers.all_connected());
  auto remotes = peers.remotes(0);
  remotes[0].control_endpoint.clear();
  remotes[0].bulk_endpoint.clear();
  peers.link(0).reconfigure(remotes);
  CHECK(peers.reaches(1, 0, Channel::control, frame_of(10, 1)));
  CHECK(peers.reaches(1, 0, Channel::bulk, frame_of(11, 1)));
  CHECK_FALSE(peers.link(0).connected(peer_id(1)));
  const auto before = peers.link(0).statistics();
  peers.send(0, 1, Channel::control, frame_of(12, 1));
  CHECK(wait_until(
      [&] { return peers.link(0).statistics().dropped_frames == before.dropped_frames + 1; }));
  CHECK(peers.link(0).statistics().sent_frames == before.sent_frames);
  CHECK(before.refused_remotes == 0);
  // The same at start, and with an address later.
  peers.link(0).reconfigure(peers.remotes(0));
  CHECK(both_ways(peers, 0, 1, 3));
}

TEST_CASE("remotes that cannot be are left out and counted, the others go on") {
  Neighbourhood peers(3);
  REQUIRE(peers.all_connected());
  const auto good = peers.remotes(0);
  const auto stranger = [](const char* name) {
    return Remote{PeerId::parse(name).value(), CurveKeyPair::generate().public_key, "", ""};
  };
  auto remotes = good;
  remotes.push_back({peer_id(0), CurveKeyPair::generate().public_key, "", ""});  // itself
  remotes.push_back(stranger("own-key"));
  remotes.back().public_key = peers.keys(0).public_key;
  remotes.push_back(stranger("no-key"));
  remotes.back().public_key = {};
  remotes.push_back(stranger("same-key"));
  remotes.back().public_key = peers.keys(1).public_key;
  remotes.push_back(stranger("peer-1"));  // with another key
  remotes.push_back(stranger("nameless"));
  remotes.back().peer = {};
  remotes.push_back(stranger("bad-address"));
  remotes.back().control_endpoint = "tcp://";
  remotes.back().bulk_endpoint = "nonsense";
  peers.link(0).reconfigure(remotes);
  CHECK(wait_until([&] { return peers.link(0).statistics().refused_remotes == 7; }));
  CHECK(both_ways(peers, 0, 1, 1));
  CHECK(both_ways(peers, 0, 2, 2));
  CHECK(peers.losses(0, 1) + peers.losses(0, 2) == 0);
}

TEST_CASE("many changes from several threads while messages flow") {
  Neighbourhood peers(4);
  peers.count_only();
  REQUIRE(peers.all_connected());
  const auto all = peers.remotes(0);
  const auto keys = peers.keys(0);
  {
    Stream there(peers, 0, {1, 2, 3}), back(peers, 1, {0, 2}), other(peers, 3, {0, 1});
    std::thread remover([&] {
      for (std::size_t i = 0; i < 150; ++i) {
        auto fewer = all;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i % 3));
        peers.link(0).reconfigure(fewer);
        peers.link(0).reconfigure(all);
        peers.link(0).connected(peer_id(1));
      }
    });
    std::thread changer([&] {
      for (std::size_t i = 0; i < 50; ++i)
        peers.link(0).replace_keys(i % 2 == 0 ? CurveKeyPair::generate() : keys);
    });
    remover.join();
    changer.join();
    peers.link(0).reconfigure(all);
    peers.link(0).replace_keys(keys);
    REQUIRE(peers.all_connected());
  }
  CHECK(wait_until([&] { return peers.link(0).statistics().listening; }));
  for (std::size_t k = 1; k < 4; ++k) {
    const auto here = peers.count(0), there = peers.count(k);
    CHECK(wait_until([&] {
      peers.send(k, 0, Channel::bulk, frame_of(9, 9));
      peers.send(0, k, Channel::bulk, frame_of(9, 9));
      return peers.count(0) > here && peers.count(k) > there;
    }));
  }
}
