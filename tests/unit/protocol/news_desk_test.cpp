#include "protocol/news_desk.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace powershare;
using namespace powershare::protocol;

namespace {

constexpr UtcMillis wall{1'796'076'000'000};

ledger::ParticipantRef home(const std::string& name) {
  return ledger::parse_participant_ref("Resident:" + name).value();
}

DeliveryKey key(std::uint64_t height, DeliveryWay way = DeliveryWay::webhook) {
  return {home("H1"), height, 0, way};
}

/// Four peers of one chain; what one tells reaches all others that are up.
struct Chain {
  static constexpr pbft::MemberIndex count = 4;
  explicit Chain(NewsDeskLimits limits = {}) {
    for (pbft::MemberIndex i = 0; i < count; ++i) {
      desks.emplace_back(limits);
      desks.back().follow({home("H1"), home("H2")});
    }
  }
  void add(const DeliveryKey& news) {
    for (pbft::MemberIndex i = 0; i < count; ++i) {
      if (up[i]) desks[i].add(news, false, now);
    }
  }
  /// What each peer would send now; then what they tell one another.
  std::map<pbft::MemberIndex, std::vector<DeliveryKey>> due() {
    std::map<pbft::MemberIndex, std::vector<DeliveryKey>> result;
    for (pbft::MemberIndex i = 0; i < count; ++i) {
      if (!up[i]) continue;
      NewsDesk::Turns turns{i, {0, 1, 2, 3}, [&](pbft::MemberIndex other) { return up[other]; }};
      const auto keys = desks[i].due(turns, now, wall);
      if (!keys.empty()) result[i] = keys;
    }
    return result;
  }
  void talk() {
    for (pbft::MemberIndex i = 0; i < count; ++i) {
      for (const auto& body : desks[i].outgoing()) {
        for (pbft::MemberIndex other = 0; other < count; ++other) {
          if (other != i && up[other]) desks[other].receive(i, body, now, wall);
        }
      }
    }
  }
  void pass(std::int64_t ms) { now.value += ms; }
  std::size_t waiting() const {
    std::size_t sum = 0;
    for (pbft::MemberIndex i = 0; i < count; ++i) sum += up[i] ? desks[i].size() : 0;
    return sum;
  }

  std::vector<NewsDesk> desks;
  std::array<bool, count> up{true, true, true, true};
  MonotonicMillis now{1'000'000};
};

}  // namespace

TEST_CASE("each piece of news is one peer's to deliver, and all of them get some") {
  Chain chain;
  std::map<pbft::MemberIndex, int> sent;
  for (std::uint64_t height = 1; height <= 20; ++height) {
    chain.add(key(height));
    const auto due = chain.due();
    REQUIRE(due.size() == 1);
    const auto [peer, keys] = *due.begin();
    CHECK(keys == std::vector<DeliveryKey>{key(height)});
    ++sent[peer];
    chain.desks[peer].sent(keys[0], wall);
    chain.talk();
    CHECK(chain.waiting() == 0);
    CHECK(chain.desks[(peer + 1) % 4].states(home("H1")).at(DeliveryWay::webhook).outcome ==
          DeliveryOutcome::delivered);
  }
  CHECK(sent.size() == 4);
  chain.pass(millis_per_day);
  CHECK(chain.due().empty());
}

TEST_CASE("where the one whose turn it is is gone, the next one delivers, after a while") {
  Chain chain;
  chain.add(key(1));
  const auto first = chain.due().begin()->first;
  chain.up[first] = false;
  CHECK(chain.due().empty());
  chain.pass(NewsDeskLimits{}.absent_turn_ms);
  const auto due = chain.due();
  REQUIRE(due.size() == 1);
  CHECK(due.begin()->first == (first + 1) % 4);
  chain.desks[due.begin()->first].sent(key(1), wall);
  chain.talk();
  CHECK(chain.waiting() == 0);
}

TEST_CASE("one that is there and silent is waited for longer") {
  Chain chain;
  chain.add(key(1));
  const auto first = chain.due().begin()->first;
  chain.pass(NewsDeskLimits{}.turn_ms - 1);
  CHECK(chain.due().empty());
  chain.pass(1);
  const auto due = chain.due();
  REQUIRE(due.size() == 1);
  CHECK(due.begin()->first == (first + 1) % 4);
}

TEST_CASE("failures are tried again with growing pauses, then given up, and everybody knows") {
  Chain chain;
  chain.add(key(1));
  const auto first = chain.due().begin()->first;
  for (const auto pause : NewsDeskLimits{}.pauses_ms) {
    chain.desks[first].failed(key(1), "It answered 500.", chain.now, wall);
    chain.talk();
    const auto state = chain.desks[(first + 1) % 4].states(home("H1")).at(DeliveryWay::webhook);
    CHECK(state.outcome == DeliveryOutcome::failed);
    CHECK(state.reason == "It answered 500.");
    chain.pass(pause - 1);
    CHECK(chain.due().empty());
    chain.pass(1);
    const auto due = chain.due();
    REQUIRE(due.size() == 1);
    CHECK(due.begin()->first == first);
  }
  chain.desks[first].failed(key(1), "It answered 500.", chain.now, wall);
  chain.talk();
  CHECK(chain.waiting() == 0);
  CHECK(chain.desks[first].given_up(DeliveryWay::webhook) == 1);
  CHECK(chain.desks[(first + 1) % 4].given_up(DeliveryWay::webhook) == 0);
  CHECK(chain.desks[(first + 2) % 4].states(home("H1")).at(DeliveryWay::webhook).outcome ==
        DeliveryOutcome::given_up);
}

TEST_CASE("a peer without a relay hands mail on at once; where nobody has one it is given up") {
  Chain chain;
  chain.add(key(1, DeliveryWay::mail));
  for (int turn = 0; turn < 4; ++turn) {
    const auto due = chain.due();
    REQUIRE(due.size() == 1);
    const auto peer = due.begin()->first;
    chain.desks[peer].unable(key(1, DeliveryWay::mail), peer);
    chain.talk();
  }
  CHECK(chain.due().empty());
  CHECK(chain.waiting() == 0);
  const auto state = chain.desks[2].states(home("H1")).at(DeliveryWay::mail);
  CHECK(state.outcome == DeliveryOutcome::given_up);
  CHECK_FALSE(state.reason.empty());
}

TEST_CASE("after a start the others are asked before anything old is sent") {
  Chain chain;
  chain.add(key(1));
  const auto first = chain.due().begin()->first;
  chain.desks[first].sent(key(1), wall);
  chain.talk();
  chain.desks[first] = NewsDesk();  // it has forgotten
  chain.desks[first].follow({home("H1")});
  CHECK(chain.desks[first].add(key(1), true, chain.now));
  CHECK(chain.desks[first].add(key(2), true, chain.now));
  CHECK(chain.due().empty());
  chain.talk();  // the question
  chain.talk();  // the answer
  chain.pass(NewsDeskLimits{}.ask_ms + 4 * NewsDeskLimits{}.turn_ms);
  const auto due = chain.due();
  REQUIRE(due.size() == 1);
  CHECK(due.at(first) == std::vector<DeliveryKey>{key(2)});
}

TEST_CASE("nothing grows without end") {
  NewsDeskLimits limits;
  limits.max_waiting = 10;
  limits.max_finished = 5;
  limits.per_hour = 30;
  Chain chain(limits);
  for (std::uint64_t height = 1; height <= 40; ++height) chain.add(key(height));
  CHECK(chain.desks[0].size() == 10);
  std::size_t under_way = 0;
  for (const auto& [peer, keys] : chain.due()) under_way += keys.size();
  CHECK(under_way <= 4 * limits.max_under_way);
  CHECK(chain.due().empty());
  NewsDesk desk(limits);
  CHECK_FALSE(desk.add(key(1), false, chain.now));  // nobody's
  desk.follow({home("H1")});
  int taken = 0;
  for (std::uint64_t height = 1; height <= 100; ++height) {
    if (!desk.add(key(height), false, chain.now)) continue;
    desk.drop(key(height));
    ++taken;
  }
  CHECK(taken == 30);
  chain.pass(millis_per_hour);
  CHECK(desk.add(key(200), false, chain.now));
  desk.follow({});
  CHECK(desk.size() == 0);
}

TEST_CASE("reports have one encoding, and what is none is dropped") {
  const std::vector<DeliveryReport> reports = {
      {key(1), DeliveryOutcome::failed, 60, "It answered 500."},
      {key(2, DeliveryWay::mail), DeliveryOutcome::unable, 0, {}}};
  const auto bytes = encode_delivery_reports(reports);
  REQUIRE(decode_delivery_reports(bytes, 64).ok());
  CHECK(*decode_delivery_reports(bytes, 64) == reports);
  CHECK_FALSE(decode_delivery_reports(bytes, 1).ok());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(decode_delivery_reports(ByteView(bytes).first(length), 64).ok());
  }
  std::mt19937 noise(5);
  for (int i = 0; i < 3'000; ++i) {
    auto changed = bytes;
    changed[noise() % changed.size()] = static_cast<std::uint8_t>(noise());
    if (const auto decoded = decode_delivery_reports(changed, 64)) {
      CHECK(encode_delivery_reports(*decoded) == changed);
    }
  }
}
