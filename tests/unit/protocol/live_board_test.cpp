#include "protocol/live_board.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace powershare;
using namespace powershare::protocol;

namespace {

constexpr UtcMillis now{1'624'233'600'000};

MeterId meter(const std::string& name) {
  return MeterId::parse(name).value();
}

ledger::ParticipantRef owner(const std::string& name) {
  return ledger::parse_participant_ref("Resident:" + name).value();
}

LivePower power(const std::string& name, UtcMillis at, std::int32_t watts) {
  LivePower value;
  value.meter = meter(name);
  value.at = at;
  value.watts_import = watts;
  return value;
}

UtcMillis seconds(std::int64_t count) {
  return {now.value + count * 1'000};
}

LiveBoard board(LiveLimits limits = {}) {
  LiveBoard result(limits);
  result.follow({{meter("A"), owner("H1")}, {meter("A2"), owner("H1")}, {meter("B"), owner("H2")}});
  return result;
}

}  // namespace

TEST_CASE("the last value of a meter and the means of its minutes") {
  auto live = board();
  for (int k = 0; k < 120; ++k) {
    auto value = power("A", seconds(k), k < 60 ? 100 : 300);
    if (k == 59) value.soc_per_mille = std::int16_t{425};
    if (k % 2 == 0) value.watts_pv = 50;
    CHECK(live.put(value, seconds(k)));
  }
  CHECK(live.last(meter("A"))->watts_import == 300);
  CHECK(live.ring(meter("A"), {}).size() == 1);  // the second minute is under way
  CHECK(live.put(power("A", seconds(120), 7), seconds(120)));
  const auto ring = live.ring(meter("A"), {});
  REQUIRE(ring.size() == 2);
  CHECK(ring[0] == LiveMinute{now, 100, 0, 50, std::int16_t{425}});
  CHECK(ring[1] == LiveMinute{seconds(60), 300, 0, 50, std::nullopt});
  CHECK(live.ring(meter("A"), seconds(60)).size() == 1);
  CHECK(live.ring(meter("A"), seconds(120)).empty());
  CHECK(live.put(power("A2", seconds(120), 9), seconds(120)));
  CHECK(live.put(power("B", seconds(120), 11), seconds(120)));
  CHECK(live.last(owner("H1")).size() == 2);
  CHECK(live.last(owner("H2")).front().watts_import == 11);
  CHECK(!live.last(meter("C")));
}

TEST_CASE("peers tell one another the newest values, and each of them once") {
  auto here = board();
  auto there = board();
  CHECK(here.put(power("A", seconds(0), 1), seconds(0)));
  CHECK(here.put(power("A", seconds(1), 2), seconds(1)));
  CHECK(here.put(power("B", seconds(1), 3), seconds(1)));
  const auto bodies = here.outgoing();
  REQUIRE(bodies.size() == 1);
  CHECK(here.outgoing().empty());
  CHECK(there.receive(1, bodies[0], seconds(2)) == 2);
  CHECK(there.last(meter("A")) == here.last(meter("A")));
  CHECK(there.outgoing().empty());  // what was heard is not told on
  CHECK(there.receive(1, bodies[0], seconds(2)) == 2);
  CHECK(there.put(power("A", seconds(3), 5), seconds(3)));
  CHECK(there.receive(1, bodies[0], seconds(3)) == 1);  // A's is older than what is here
  CHECK(there.last(meter("A"))->watts_import == 5);
}

TEST_CASE("strangers, other times and floods are dropped; memory stays bounded") {
  LiveLimits limits;
  limits.max_meters = 2;
  limits.values_per_second = 10;
  limits.max_in_message = 4;
  limits.max_messages_at_once = 1;
  auto live = board(limits);
  CHECK(!live.put(power("Z", now, 1), now));
  CHECK(!live.put(power("A", seconds(11), 1), now));
  CHECK(!live.put(power("A", {now.value - millis_per_day}, 1), now));
  CHECK(live.put(power("A", now, 1), now));
  CHECK(live.put(power("A2", now, 1), now));
  CHECK(!live.put(power("B", now, 1), now));
  live.follow({{meter("B"), owner("H2")}});
  CHECK(live.size() == 0);
  CHECK(live.outgoing().empty());
  std::size_t taken = 0;
  for (int k = 0; k < 6; ++k) {
    const std::vector<LivePower> four(4, power("B", {now.value + k}, k));
    taken += live.receive(3, encode_live_power(four), now);
  }
  CHECK(taken == 10);
  CHECK(live.receive(2, encode_live_power({power("B", seconds(1), 1)}), now) == 1);
  CHECK(live.receive(3, encode_live_power({power("B", seconds(1), 1)}), seconds(1)) == 1);
  const std::vector<LivePower> five(5, power("B", seconds(2), 1));
  CHECK(live.receive(1, encode_live_power(five), seconds(2)) == 0);  // longer than a message may be
  // Two days at a value a minute leave one day.
  for (std::int64_t k = 0; k < 2 * 24 * 60; ++k) {
    CHECK(live.put(power("B", seconds(60 * k + 60), 1), seconds(60 * k + 60)));
  }
  CHECK(live.ring(meter("B"), {}).size() <= 24 * 60 + 1);
}

TEST_CASE("any bytes are a LIVE-POWER with one encoding, or none") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto first = power("meter-1", now, 230);
  first.watts_pv = 1'200;
  first.soc_per_mille = std::int16_t{1'000};
  const auto good = encode_live_power({first, power("B", seconds(1), LivePower::max_watts)});
  REQUIRE(decode_live_power(good, 512));
  CHECK(decode_live_power(good, 512)->front() == first);
  CHECK(!decode_live_power(good, 1));
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK(!decode_live_power(ByteView(good).first(length), 512));
  }
  for (int k = 0; k < 20'000; ++k) {
    Bytes bytes = good;
    for (auto left = 1 + random() % 4; left > 0; --left) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (const auto values = decode_live_power(bytes, 512))
      CHECK(encode_live_power(*values) == bytes);
  }
}
