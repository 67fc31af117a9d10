// MARKET §7, Danzi: equal plants end within one slot of each other, the order is determined, and
// sacrifices are shared in proportion.
#include "market/curtailment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace powershare;
using namespace powershare::market;

namespace {

Energy kwh(std::int64_t count) {
  return Energy::from_nano(count * nano_per_unit);
}

std::vector<CurtailmentHistory> plants(int count) {
  std::vector<CurtailmentHistory> result;
  for (int i = 0; i < count; ++i) {
    result.push_back({std::string(1, static_cast<char>('a' + i)), {}, {}});
  }
  return result;
}

}  // namespace

TEST_CASE("equal plants end within one slot of each other") {
  auto history = plants(5);
  constexpr std::uint64_t seed = 7;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int slot = 0; slot < 1'000; ++slot) {
    const auto needed = Energy::from_nano(static_cast<std::int64_t>(random() % 12'000'000'000));
    const auto result = curtail(history, {needed, std::vector<Energy>(5, kwh(2))});
    REQUIRE(result);
    std::int64_t total = 0;
    for (const Energy each : result->curtailed) total += each.nano();
    REQUIRE(total + result->missing.nano() == needed.nano());
    const auto [least, most] =
        std::minmax_element(history.begin(), history.end(),
                            [](const auto& a, const auto& b) { return a.curtailed < b.curtailed; });
    REQUIRE(most->curtailed.nano() - least->curtailed.nano() <= kwh(2).nano());
  }
}

TEST_CASE("the lowest credit comes first, ties by id, and the last gives only what is left") {
  std::vector<CurtailmentHistory> history = {
      {"c", kwh(10), kwh(1)}, {"b", kwh(20), kwh(2)}, {"a", kwh(10), kwh(5)}, {"new", {}, {}}};
  const auto result = curtail(history, {kwh(6), {kwh(2), kwh(3), kwh(4), kwh(2)}});
  REQUIRE(result);
  // "new" has given nothing; "b" and "c" both a tenth, so b before c; "a" is not needed.
  CHECK(result->curtailed == std::vector<Energy>{kwh(1), kwh(3), {}, kwh(2)});
  CHECK(result->missing.is_zero());
  CHECK(history[2].potential == kwh(14));
  CHECK(history[2].curtailed == kwh(5));
  CHECK(history[3].curtailed == kwh(2));
  CHECK(compare_credit(history[0], history[0]) == 0);
}

TEST_CASE("what all together cannot give up is missing, and a slot without need changes nothing") {
  auto history = plants(2);
  const auto result = curtail(history, {kwh(5), {kwh(1), kwh(2)}});
  REQUIRE(result);
  CHECK(result->missing == kwh(2));
  CHECK(curtail(history, {Energy{}, {kwh(1), kwh(2)}}));
  CHECK(history[0].potential == kwh(1));
  CHECK(history[1].curtailed == kwh(2));
}

TEST_CASE("plants of different size give up the same part in the long run") {
  auto history = plants(4);
  for (int slot = 0; slot < 4'000; ++slot) {
    REQUIRE(curtail(history, {kwh(3), {kwh(1), kwh(2), kwh(4), kwh(8)}}));
  }
  for (const auto& plant : history) {
    const double credit =
        static_cast<double>(plant.curtailed.nano()) / static_cast<double>(plant.potential.nano());
    CHECK(credit == doctest::Approx(3.0 / 15.0).epsilon(0.01));
  }
}

TEST_CASE("the sum of the logarithms of what is delivered beats an order that stays the same") {
  auto history = plants(4);
  std::vector<std::int64_t> fixed(4);
  constexpr int slots = 400;
  for (int slot = 0; slot < slots; ++slot) {
    REQUIRE(curtail(history, {kwh(3), std::vector<Energy>(4, kwh(2))}));
    std::int64_t left = kwh(3).nano();
    for (auto& curtailed : fixed) {
      const auto taken = std::min(left, kwh(2).nano());
      curtailed += taken;
      left -= taken;
    }
  }
  double fair = 0;
  double unfair = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto potential = slots * kwh(2).nano();
    fair += std::log(static_cast<double>(potential - history[i].curtailed.nano() + 1));
    unfair += std::log(static_cast<double>(potential - fixed[i] + 1));
  }
  // Equal plants: the optimum is that all deliver the same.
  const double best = 4 * std::log(slots * 2e9 - slots * 3e9 / 4 + 1);
  CHECK(fair > unfair);
  CHECK(fair == doctest::Approx(best).epsilon(0.0001));
}

TEST_CASE("the order in which plants are listed changes nothing") {
  std::vector<CurtailmentHistory> history = {
      {"a", kwh(7), kwh(1)}, {"b", kwh(5), kwh(2)}, {"c", kwh(7), kwh(1)}};
  auto turned = history;
  std::reverse(turned.begin(), turned.end());
  const auto first = curtail(history, {kwh(2), {kwh(1), kwh(2), kwh(3)}});
  const auto second = curtail(turned, {kwh(2), {kwh(3), kwh(2), kwh(1)}});
  REQUIRE(first);
  REQUIRE(second);
  for (std::size_t i = 0; i < 3; ++i) CHECK(first->curtailed[i] == second->curtailed[2 - i]);
}

TEST_CASE("a history that cannot be is refused and stays as it was") {
  auto history = plants(2);
  CHECK_FALSE(curtail(history, {kwh(1), {kwh(1)}}));
  CHECK_FALSE(curtail(history, {Energy::from_nano(-1), {kwh(1), kwh(1)}}));
  CHECK_FALSE(curtail(history, {kwh(1), {kwh(1), Energy::from_nano(-1)}}));
  history[1].id = "a";
  CHECK_FALSE(curtail(history, {kwh(1), {kwh(1), kwh(1)}}));
  history[1] = {"b", kwh(1), kwh(2)};
  CHECK_FALSE(curtail(history, {kwh(1), {kwh(1), kwh(1)}}));
  CHECK(history[0].potential.is_zero());
}
