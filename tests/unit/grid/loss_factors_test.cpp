#include "grid/loss_factors.hpp"

#include <doctest/doctest.h>

#include "small_feeder.hpp"

using namespace powershare;
using namespace powershare::grid;
using namespace powershare::grid::test;
using doctest::Approx;

namespace {

PairLosses losses_of(const Feeder& feeder, const std::vector<std::vector<double>>& points,
                     LossMethod method) {
  auto losses = pair_losses(feeder, points, method, 1);
  REQUIRE_MESSAGE(losses, (losses ? "" : losses.error().detail()));
  return *std::move(losses);
}

}  // namespace

TEST_CASE("marginal factors turn their sign with the direction, average ones cost both ways") {
  const Feeder feeder = read(two_lines());
  const std::vector<std::vector<double>> points{{1, 1, 1, 2}};
  const auto marginal = losses_of(feeder, points, LossMethod::marginal);
  const auto average = losses_of(feeder, points, LossMethod::average);
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < 4; ++b) {
      CHECK(marginal.factor(a, b) == Approx(-marginal.factor(b, a)));
      if (a != b) CHECK(average.factor(a, b) + average.factor(b, a) > 0);
    }
  }
  CHECK(marginal.factor(0, 3) > 0);
  CHECK(average.factor(0, 3) > marginal.factor(0, 3));
}

TEST_CASE("factors are means over the operating points") {
  const Feeder feeder = read(two_lines());
  const std::vector<double> low{0.5, 0, 0, 1};
  const std::vector<double> high{2, 1, 0, 3};
  for (const auto method : {LossMethod::marginal, LossMethod::average}) {
    const auto both = losses_of(feeder, {low, high}, method);
    const auto first = losses_of(feeder, {low}, method);
    const auto second = losses_of(feeder, {high}, method);
    CHECK(both.factor(1, 3) == Approx((first.factor(1, 3) + second.factor(1, 3)) / 2));
    CHECK(both.drawn_kw == Approx((1.5 + 6) / 2));
    CHECK(both.lost_kw == Approx((first.lost_kw + second.lost_kw) / 2));
    CHECK(both.lowest_v == second.lowest_v);
  }
  CHECK_FALSE(pair_losses(feeder, {}, LossMethod::marginal, 1));
  CHECK_FALSE(pair_losses(feeder, std::vector<std::vector<double>>{low}, LossMethod::average, 0));
}

TEST_CASE("factors of zones are integers, means over their pairs, and never negative") {
  PairLosses losses;
  losses.loads = 3;
  losses.factors = {0,     0.010, 0.0300000004,  //
                    -0.02, 0,     0.05,          //
                    -0.5,  2.5,   0};
  const std::uint32_t each[] = {0, 1, 2};
  CHECK(zone_losses(losses, each, 3) == std::vector<ZoneLoss>{{0, 1, 10'000'000},
                                                              {0, 2, 30'000'000},
                                                              {1, 0, 0},
                                                              {1, 2, 50'000'000},
                                                              {2, 0, 0},
                                                              {2, 1, 1'000'000'000}});
  const std::uint32_t pairwise[] = {0, 0, 1};
  // Within zone 0: (0.010 - 0.02) / 2; from 0 to 1: (0.03 + 0.05) / 2; back: (-0.5 + 2.5) / 2.
  CHECK(zone_losses(losses, pairwise, 2) ==
        std::vector<ZoneLoss>{{0, 0, 0}, {0, 1, 40'000'000}, {1, 0, 1'000'000'000}});
}
