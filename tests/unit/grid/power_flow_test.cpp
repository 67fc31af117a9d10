#include "grid/power_flow.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "grid/transfers.hpp"
#include "small_feeder.hpp"

using namespace powershare;
using namespace powershare::grid;
using namespace powershare::grid::test;
using doctest::Approx;

namespace {

constexpr double source_v = 416 / 1.7320508075688772;

Feeder two_lines_of(const std::string& linecode) {
  FeederText text = two_lines();
  text.lines = "line,bus_from,bus_to,linecode,length_m\nFAR,C,B," + linecode + ",500\nNEAR,A,B," +
               linecode + ",1000\n";
  return read(text);
}

PowerFlow flow_of(const Feeder& feeder, const std::vector<double>& load_kw) {
  const auto demand = demand_of(feeder, load_kw);
  REQUIRE(demand);
  auto flow = solve(feeder, *demand);
  REQUIRE_MESSAGE(flow, (flow ? "" : flow.error().detail()));
  return *std::move(flow);
}

/// Square of the voltage behind `ohm` where `va` is drawn: the upper root of
/// u² + (2 (P R + Q X) − V²) u + |S|² |Z|² = 0.
double voltage_squared(Complex ohm, Complex va) {
  const double half = source_v * source_v / 2 - (va * std::conj(ohm)).real();
  return half + std::sqrt(half * half - std::norm(va) * std::norm(ohm));
}

}  // namespace

TEST_CASE("one load behind one line: voltage and loss are the roots of the quadratic equation") {
  const Feeder feeder = two_lines_of("apart");
  for (const double kw : {5.0, -5.0}) {
    const PowerFlow flow = flow_of(feeder, {kw, 0, 0, 0});
    const double squared = voltage_squared({0.2, 0.1}, kw * 1000);
    CHECK(std::abs(flow.voltages[1][0]) == Approx(std::sqrt(squared)).epsilon(1e-12));
    CHECK(flow.loss_w == Approx(0.2 * kw * kw * 1e6 / squared).epsilon(1e-10));
    // Nothing flows in the other phases, nor behind the load.
    CHECK(std::abs(flow.voltages[1][1]) == Approx(source_v).epsilon(1e-12));
    CHECK(std::abs(flow.voltages[2][0] - flow.voltages[1][0]) < 1e-9);
    CHECK(flow.source_va[0].real() == Approx(kw * 1000 + flow.loss_w).epsilon(1e-9));
  }
}

TEST_CASE("a load below power factor 1 draws reactive power, one that feeds in does not") {
  const Feeder feeder = two_lines_of("apart");  // B3 has 0.8: 3/4 kvar per kW
  const PowerFlow flow = flow_of(feeder, {0, 0, 4, 0});
  const Complex va{4000, 3000};
  const double squared = voltage_squared({0.2, 0.1}, va);
  CHECK(flow.loss_w == Approx(0.2 * std::norm(va) / squared).epsilon(1e-10));
  const auto demand = demand_of(feeder, std::vector<double>{0, 0, -4, 0});
  REQUIRE(demand);
  CHECK((*demand)[1][2] == Complex{-4000, 0});
}

TEST_CASE("coupled phases: one phase sees the self impedance, three alike the positive sequence") {
  const Feeder feeder = two_lines_of("coupled");
  // Zs = (0.8 + 2 × 0.2) / 3 = 0.4, and 0.2 j likewise.
  CHECK(flow_of(feeder, {5, 0, 0, 0}).loss_w ==
        Approx(0.4 * 25e6 / voltage_squared({0.4, 0.2}, 5000)).epsilon(1e-10));
  FeederText text = two_lines();
  text.loads =
      "load,bus,phase,rated_kw,power_factor,profile\n"
      "B1,B,1,1,1,1\nB2,B,2,1,1,1\nB3,B,3,1,1,1\n";
  text.lines = "line,bus_from,bus_to,linecode,length_m\nN,A,B,coupled,1000\nF,B,C,coupled,1\n";
  CHECK(flow_of(read(text), {5, 5, 5}).loss_w ==
        Approx(3 * 0.2 * 25e6 / voltage_squared({0.2, 0.1}, 5000)).epsilon(1e-10));
}

TEST_CASE("losses stand by line, and the source delivers them beside what is drawn") {
  const Feeder feeder = two_lines_of("coupled");
  const PowerFlow flow = flow_of(feeder, {1, 2, 0.5, 3});
  REQUIRE(flow.line_loss_w.size() == 2);
  CHECK(feeder.lines[0].name == "NEAR");
  CHECK(feeder.lines[1].name == "FAR");
  CHECK(flow.line_loss_w[0] > 0);
  CHECK(flow.line_loss_w[1] > 0);
  CHECK(flow.loss_w == Approx(flow.line_loss_w[0] + flow.line_loss_w[1]).epsilon(1e-12));
  double source_w = 0;
  for (const Complex& va : flow.source_va) source_w += va.real();
  CHECK(source_w == Approx(6500 + flow.loss_w).epsilon(1e-9));
  CHECK(flow.lowest().bus == 2);
  CHECK(flow.lowest().phase == 0);
}

TEST_CASE("a feeder that cannot deliver what is drawn is an error, not a number") {
  const Feeder feeder = two_lines_of("apart");
  const auto demand = demand_of(feeder, std::vector<double>{100, 0, 0, 0});
  REQUIRE(demand);
  const auto flow = solve(feeder, *demand);
  REQUIRE_FALSE(flow);
  CHECK(flow.error().code() == make_error_code(GridError::no_convergence));
  CHECK_FALSE(demand_of(feeder, std::vector<double>{1, 2}));
  CHECK_FALSE(demand_of(feeder, std::vector<double>{1, 2, 3, NAN}));
  CHECK_FALSE(solve(feeder, Demand(2)));
}

TEST_CASE("a start from another solution leads to the same voltages in fewer sweeps") {
  const Feeder feeder = two_lines_of("coupled");
  const PowerFlow near = flow_of(feeder, {1, 2, 0.5, 3});
  const auto demand = demand_of(feeder, std::vector<double>{1, 2, 0.5, 3.001});
  REQUIRE(demand);
  const auto cold = solve(feeder, *demand);
  const auto warm = solve(feeder, *demand, {}, &near);
  REQUIRE(cold);
  REQUIRE(warm);
  CHECK(warm->sweeps < cold->sweeps);
  CHECK(warm->loss_w == Approx(cold->loss_w).epsilon(1e-10));
}

TEST_CASE("a trade at one bus and phase costs nothing, one from afar costs, and back it saves") {
  FeederText text = two_lines();
  text.loads += "C2,C,1,1,1,4\n";
  const Feeder feeder = read(text);
  const auto demand = demand_of(feeder, std::vector<double>{1, 0, 0, 2, 2});
  REQUIRE(demand);
  const auto base = solve(feeder, *demand);
  REQUIRE(base);
  const auto loss = [&](std::uint32_t seller, std::uint32_t buyer) {
    const auto watt = transfer_loss_w(feeder, *demand, *base, seller, buyer, 1);
    REQUIRE(watt);
    return *watt;
  };
  CHECK(std::abs(loss(3, 4)) < 1e-6);
  CHECK(loss(0, 3) > 1);           // from B to C, where much is drawn already
  CHECK(loss(3, 0) < -1);          // from C to B
  CHECK(loss(1, 3) > loss(0, 3));  // from another phase: nothing of it stays at B
  CHECK_FALSE(transfer_loss_w(feeder, *demand, *base, 0, 5, 1));
}

TEST_CASE("marginal losses are the derivative of the loss by what is drawn") {
  const Feeder feeder = two_lines_of("apart");
  const auto demand = demand_of(feeder, std::vector<double>{5, 0, 0, 0});
  REQUIRE(demand);
  const auto base = solve(feeder, *demand);
  REQUIRE(base);
  const auto marginal = marginal_losses(feeder, *demand, *base);
  REQUIRE(marginal);
  // Loss = source's power less load, by the quadratic equation on both sides of 5 kW.
  const auto loss_w = [](double watt) {
    return 0.2 * watt * watt / voltage_squared({0.2, 0.1}, watt);
  };
  CHECK((*marginal)[0] == Approx((loss_w(5001) - loss_w(4999)) / 2).epsilon(1e-5));
  CHECK(std::abs((*marginal)[1]) < 1e-6);  // phases apart, nothing drawn: no first-order loss
  CHECK((*marginal)[3] > (*marginal)[0] - 1e-6);
}
