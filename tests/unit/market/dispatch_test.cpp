// MARKET §7, ETHome: little power takes one battery, much takes all; the number is the one with the
// least losses; they take turns by what is stored.
#include "market/dispatch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/time.hpp"

using namespace powershare;
using namespace powershare::market;

namespace {

constexpr std::int64_t kw = nano_per_unit;
constexpr std::int64_t slot_ms = 15 * millis_per_minute;
/// 50 W, 1 % and 2 % of the square: two batteries are better than one above 2.2 kW.
constexpr ConversionLoss loss{50'000'000, 10'000'000, 20'000'000};

std::vector<CommunityBattery> four(std::int64_t stored_kwh = 5) {
  std::vector<CommunityBattery> result;
  for (const char* id : {"a", "b", "c", "d"}) {
    result.push_back({id, Energy::from_nano(stored_kwh * kw), Energy::from_nano(kw),
                      Energy::from_nano(10 * kw), 5 * kw});
  }
  return result;
}

std::int64_t sum(const std::vector<std::int64_t>& powers) {
  std::int64_t total = 0;
  for (const auto power : powers) total += power;
  return total;
}

}  // namespace

TEST_CASE("little power takes one battery, much takes all") {
  CHECK(best_battery_count(loss, 1 * kw, 4) == 1);
  CHECK(best_battery_count(loss, 2 * kw, 4) == 1);
  CHECK(best_battery_count(loss, 3 * kw, 4) == 2);
  CHECK(best_battery_count(loss, -3 * kw, 4) == 2);
  CHECK(best_battery_count(loss, 20 * kw, 4) == 4);
  CHECK(best_battery_count({0, 0, 1}, kw, 4) == 4);  // standing still costs nothing
  CHECK(best_battery_count({1, 0, 0}, 20 * kw, 4) == 1);
  CHECK(best_battery_count(loss, kw, 0) == 0);
}

TEST_CASE("of all numbers the one with the least losses is chosen") {
  constexpr std::uint64_t seed = 11;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 5'000; ++round) {
    const ConversionLoss drawn{static_cast<std::int64_t>(random() % 300'000'000),
                               static_cast<std::int64_t>(random() % 100'000'000),
                               static_cast<std::int64_t>(random() % 300'000'000)};
    const auto power = static_cast<std::int64_t>(1 + random() % 50'000'000'000);
    const auto available = static_cast<std::uint32_t>(1 + random() % 12);
    const auto total = [&](std::uint32_t count) {
      const long double p = static_cast<long double>(power) / kw;
      return (static_cast<long double>(drawn.a_nano) * count + drawn.b_nano * p +
              drawn.c_nano * p * p / count);
    };
    const auto chosen = best_battery_count(drawn, power, available);
    REQUIRE(chosen >= 1);
    REQUIRE(chosen <= available);
    for (std::uint32_t count = 1; count <= available; ++count) {
      REQUIRE(total(chosen) <= total(count) * (1 + 1e-12L) + 1e-9L);
    }
  }
}

TEST_CASE("the fullest give and the emptiest take, so that they take turns") {
  auto batteries = four();
  std::set<std::size_t> used;
  for (int slot = 0; slot < 4; ++slot) {
    const auto result = dispatch(batteries, loss, kw, slot_ms);
    REQUIRE(result);
    CHECK(result->batteries == 1);
    CHECK(result->missing_nano_kw == 0);
    CHECK(result->loss_nano_kw == 80'000'000);  // 50 + 10 + 20 W
    const auto one = std::find(result->power_nano_kw.begin(), result->power_nano_kw.end(), kw);
    used.insert(static_cast<std::size_t>(one - result->power_nano_kw.begin()));
  }
  CHECK(used.size() == 4);
  batteries[2].stored = Energy::from_nano(2 * kw);
  const auto taking = dispatch(batteries, loss, -kw, slot_ms);
  REQUIRE(taking);
  CHECK(taking->power_nano_kw == std::vector<std::int64_t>{0, 0, -kw, 0});
  // 1 kW less 80 W for a quarter of an hour
  CHECK(batteries[2].stored == Energy::from_nano(2 * kw + 230'000'000));
}

TEST_CASE("a battery that cannot do its share leaves it to the others, and more are added") {
  auto batteries = four();
  batteries[0].power_nano_kw = kw;
  const auto result = dispatch(batteries, loss, 3 * kw, slot_ms);
  REQUIRE(result);
  CHECK(result->missing_nano_kw == 0);
  CHECK(result->power_nano_kw == std::vector<std::int64_t>{kw, 2 * kw, 0, 0});
  auto weak = four();
  for (auto& battery : weak) battery.power_nano_kw = kw / 2;
  const auto all = dispatch(weak, loss, kw * 3 / 2, slot_ms);
  REQUIRE(all);
  CHECK(all->batteries == 3);
  const auto too_much = dispatch(weak, loss, -3 * kw, slot_ms);
  REQUIRE(too_much);
  CHECK(too_much->batteries == 4);
  CHECK(too_much->missing_nano_kw == -kw);
}

TEST_CASE("random dispatches give what is asked within every bound") {
  constexpr std::uint64_t seed = 13;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto below = [&random](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  for (int round = 0; round < 3'000; ++round) {
    std::vector<CommunityBattery> batteries;
    const auto count = below(7);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto most = 1 + below(10 * kw);
      const auto least = below(most + 1);
      batteries.push_back({"b" + std::to_string(i),
                           Energy::from_nano(least + below(most - least + 1)),
                           Energy::from_nano(least), Energy::from_nano(most), 1 + below(5 * kw)});
    }
    const ConversionLoss drawn{below(200'000'000), below(100'000'000), below(100'000'000)};
    const auto power = below(24 * kw) - 12 * kw;
    const auto before = batteries;
    const auto result = dispatch(batteries, drawn, power, slot_ms);
    REQUIRE(result);
    REQUIRE(sum(result->power_nano_kw) + result->missing_nano_kw == power);
    for (std::size_t i = 0; i < batteries.size(); ++i) {
      const auto share = result->power_nano_kw[i];
      REQUIRE((share == 0 || (share > 0) == (power > 0)));
      REQUIRE(std::abs(share) <= before[i].power_nano_kw);
      REQUIRE(batteries[i].stored >= batteries[i].least);
      REQUIRE(batteries[i].stored <= batteries[i].most);
      if (share == 0) REQUIRE(batteries[i].stored == before[i].stored);
      // What leaves or enters the store is the share and its losses, to the nano-kWh.
      const auto moved = batteries[i].stored.nano() - before[i].stored.nano();
      const auto lost = conversion_loss(drawn, share);
      const auto exact = share > 0 ? -(share + lost) : std::max<std::int64_t>(0, -share - lost);
      REQUIRE(std::abs(moved * 4 - exact) <= 4);
    }
  }
}

TEST_CASE("batteries and losses that cannot be are refused") {
  const auto refused = [](auto change) {
    auto batteries = four();
    ConversionLoss losses = loss;
    std::int64_t power = kw;
    change(batteries, losses, power);
    const auto result = dispatch(batteries, losses, power, slot_ms);
    return !result && result.error().code() == GridServiceError::bad_dispatch;
  };
  using Batteries = std::vector<CommunityBattery>;
  CHECK(refused([](Batteries& all, ConversionLoss&, std::int64_t&) { all[0].id = "b"; }));
  CHECK(refused([](Batteries& all, ConversionLoss&, std::int64_t&) { all[0].stored = Energy{}; }));
  CHECK(refused([](Batteries& all, ConversionLoss&, std::int64_t&) { all[0].power_nano_kw = 0; }));
  CHECK(refused([](Batteries&, ConversionLoss& of, std::int64_t&) { of.a_nano = -1; }));
  CHECK(refused([](Batteries&, ConversionLoss& of, std::int64_t&) { of.c_nano = 11 * kw; }));
  CHECK(refused([](Batteries&, ConversionLoss&, std::int64_t& power) { power = 10'001 * kw; }));
  auto batteries = four();
  CHECK_FALSE(dispatch(batteries, loss, kw, 0));
}
