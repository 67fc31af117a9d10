// The IEEE European LV feeder against the stored reference: snapshots, trades, and a whole day.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "grid/feeder_reader.hpp"
#include "grid/transfers.hpp"

using namespace powershare;
using namespace powershare::grid;
using nlohmann::json;

namespace {

struct Eulv {
  Feeder feeder;
  Profiles profiles;
  json reference;

  Demand demand(std::uint32_t minute) const {
    const auto powers = profiles.powers_at(feeder, minute);
    REQUIRE(powers);
    const auto result = demand_of(feeder, *powers);
    REQUIRE(result);
    return *result;
  }
  std::uint32_t load(const json& name) const {
    const auto found = feeder.find_load(name.get<std::string>());
    REQUIRE(found);
    return *found;
  }
};

/// Nothing, and a message, where the data are not there.
std::optional<Eulv> eulv() {
  const char* named = std::getenv("POWERSHARE_SHARED");
  const auto folder =
      std::filesystem::path(named != nullptr ? named : "../shared") / "data" / "eulv";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped, not there: data/eulv (set POWERSHARE_SHARED)");
    return std::nullopt;
  }
  const auto text = [&](const char* name) {
    std::ostringstream content;
    content << std::ifstream(folder / name).rdbuf();
    return content.str();
  };
  auto feeder =
      read_feeder({text("buses.csv"), text("lines.csv"), text("linecodes.csv"), text("loads.csv")});
  REQUIRE_MESSAGE(feeder, (feeder ? "" : feeder.error().detail()));
  auto profiles = Profiles::parse(text("profiles_1min_kw.csv"));
  REQUIRE_MESSAGE(profiles, (profiles ? "" : profiles.error().detail()));
  return Eulv{*std::move(feeder), *std::move(profiles),
              json::parse(text("reference_powerflow.json"))};
}

/// Within `share` of what is expected.
void check_near(double value, double expected, double share) {
  CAPTURE(value);
  CAPTURE(expected);
  CHECK(std::abs(value - expected) <= share * std::abs(expected));
}

}  // namespace

TEST_CASE("the European feeder has 906 buses, 905 lines and 55 loads") {
  const auto data = eulv();
  if (!data) return;
  CHECK(data->feeder.buses.size() == 906);
  CHECK(data->feeder.lines.size() == 905);
  CHECK(data->feeder.loads.size() == 55);
  CHECK(data->profiles.minutes() == 1440);
}

TEST_CASE("snapshots of the European feeder are the reference within 0.1 %") {
  const auto data = eulv();
  if (!data) return;
  int compared = 0;
  for (const json& snapshot : data->reference["snapshots"]) {
    const bool minute = snapshot.contains("minute");
    const auto demand =
        minute ? data->demand(snapshot["minute"])
               : *demand_of(data->feeder, std::vector<double>(data->feeder.loads.size(), 1));
    const auto flow = solve(data->feeder, demand);
    REQUIRE(flow);
    check_near(flow->loss_w, snapshot["loss_w"], 0.001);
    const LowestVoltage lowest = flow->lowest();
    CHECK(std::abs(lowest.volt - snapshot["vmin"].get<double>()) < 0.001);
    if (minute) {
      CHECK(data->feeder.buses[lowest.bus].name == std::to_string(snapshot["vmin_bus"].get<int>()));
      for (std::size_t phase = 0; phase < 3; ++phase) {
        check_near(flow->source_va[phase].real() / 1000, snapshot["source_kw"][phase], 0.001);
      }
    }
    ++compared;
  }
  CHECK(compared == 9);
}

TEST_CASE("2 kW trades on the European feeder cost and save what the reference says, within 1 %") {
  const auto data = eulv();
  if (!data) return;
  const auto demand = data->demand(566);
  const auto base = solve(data->feeder, demand);
  REQUIRE(base);
  int compared = 0;
  for (const json& trade : data->reference["transfers_at_minute_566"]["cases"]) {
    const auto loss_w = transfer_loss_w(data->feeder, demand, *base, data->load(trade["seller"]),
                                        data->load(trade["buyer"]), trade["kw"]);
    REQUIRE(loss_w);
    check_near(*loss_w, trade["delta_loss_w"], 0.01);
    ++compared;
  }
  CHECK(compared == 8);
}

TEST_CASE("marginal losses on the European feeder are the reference") {
  const auto data = eulv();
  if (!data) return;
  const auto demand = data->demand(566);
  const auto base = solve(data->feeder, demand);
  REQUIRE(base);
  const auto marginal = marginal_losses(data->feeder, demand, *base);
  REQUIRE(marginal);
  int compared = 0;
  double largest_w_per_kw = 0;
  for (const json& one : data->reference["marginal_loss_at_minute_566"]) {
    const double w_per_kw = (*marginal)[data->load(one["load"])] * 1000;
    const double expected = one["marginal_loss_w_per_kw"];
    largest_w_per_kw = std::max(largest_w_per_kw, std::abs(w_per_kw - expected));
    ++compared;
  }
  CHECK(compared == 55);
  MESSAGE("largest difference of a marginal loss, W/kW: " << largest_w_per_kw);
  CHECK(largest_w_per_kw < 0.5);
}

TEST_CASE("a winter day on the European feeder: 483.91 kWh drawn, 4.934 kWh lost") {
  const auto data = eulv();
  if (!data) return;
  double load_kwh = 0;
  double loss_kwh = 0;
  double worst_w = 0;
  std::uint32_t worst_minute = 0;
  std::optional<PowerFlow> before;
  for (std::uint32_t minute = 0; minute < 1440; ++minute) {
    const auto powers = data->profiles.powers_at(data->feeder, minute);
    REQUIRE(powers);
    for (const double kw : *powers) load_kwh += kw / 60;
    auto flow =
        solve(data->feeder, *demand_of(data->feeder, *powers), {}, before ? &*before : nullptr);
    REQUIRE(flow);
    loss_kwh += flow->loss_w / 60'000;
    if (flow->loss_w > worst_w) {
      worst_w = flow->loss_w;
      worst_minute = minute;
    }
    before = *std::move(flow);
  }
  const json& day = data->reference["day"];
  check_near(load_kwh, 483.91, 0.0001);
  check_near(load_kwh, day["load_kwh"], 1e-6);
  check_near(loss_kwh, day["line_loss_kwh"], 0.001);
  CHECK(worst_minute == day["worst_minute"]);
  check_near(worst_w, day["worst_loss_w"], 0.001);
  MESSAGE("drawn " << load_kwh << " kWh, lost " << loss_kwh << " kWh");
}
