// 16 measured homes of 45 days, three models of PV plants: nobody of them may be doubted.
#include <fstream>
#include <sstream>

#include "ledger/membership.hpp"
#include "ledger/plausibility.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

using Row = std::vector<std::string>;

std::vector<Row> table(const std::string& file) {
  const char* named = std::getenv("POWERSHARE_SHARED");
  std::ifstream in(std::string(named != nullptr ? named : "../shared") + "/data/community/" + file);
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    Row row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::size_t column(const std::vector<Row>& rows, const std::string& name) {
  const auto& names = rows.front();
  const auto found = std::find(names.begin(), names.end(), name);
  REQUIRE(found != names.end());
  return static_cast<std::size_t>(found - names.begin());
}

std::int64_t nano(const std::string& text) {
  return parse_nano(text).value();
}

struct Home {
  std::string id;
  std::size_t load = 0;
  std::optional<std::size_t> plant;
  std::int64_t plant_watts = 0;
};

/// The slots of the profiles, judged; what was noticed about any meter.
std::vector<std::string> judged(const std::optional<Site>& site) {
  const auto loads = table("load_w_15min.csv");
  const auto plants = table("pv_pu_15min.csv");
  const auto scenario = table("community_scenario.csv");
  std::vector<JudgedMeter> meters;
  std::vector<Home> homes;
  for (std::size_t i = 1; i < scenario.size(); ++i) {
    const auto cell = [&](const char* name) { return scenario[i].at(column(scenario, name)); };
    Home home{cell("home"), column(loads, cell("home")), {}, nano(cell("pv_kwp")) / 1'000'000};
    if (!cell("pv_profile").empty()) home.plant = column(plants, cell("pv_profile"));
    JudgedMeter meter;
    meter.meter.meter = meter_id(home.id);
    meter.meter.owner = resident(home.id);
    meter.meter.plant_watts = home.plant_watts;
    homes.push_back(home);
    meters.push_back(meter);
  }
  std::vector<std::string> noticed;
  std::vector<std::size_t> same(homes.size());
  for (std::size_t row = 1; row < loads.size(); ++row) {
    for (std::size_t i = 0; i < homes.size(); ++i) {
      if (row > 1) meters[i].before = meters[i].now;
      // W × 900 s / 3.6e6 = kWh.
      const auto used = nano(loads[row].at(homes[i].load)) / 4'000;
      const auto produced =
          homes[i].plant ? nano(plants[row].at(*homes[i].plant)) * homes[i].plant_watts / 4'000 : 0;
      meters[i].now = {Energy::from_nano(std::max<std::int64_t>(used - produced, 0)),
                       Energy::from_nano(std::max<std::int64_t>(produced - used, 0)),
                       Energy::from_nano(produced),
                       {},
                       900,
                       false};
    }
    const UtcMillis slot{nano(loads[row].at(0)) / 1'000'000};
    const auto notices = examine(slot, 15 * millis_per_minute, site, meters);
    for (std::size_t i = 0; i < homes.size(); ++i) {
      for (const Doubt doubt : notices[i].doubts) {
        // A meal cooked at noon: nothing by itself, and no alarm.
        if (doubt == Doubt::day_import) continue;
        noticed.push_back(homes[i].id + " " + to_iso8601(slot) + " " + std::string(to_text(doubt)));
      }
      same[i] = notices[i].same_as_before ? same[i] + 1 : 0;
      if (same[i] + 1 >= PlausibilityLimits::stuck_slots) noticed.push_back(homes[i].id + " stuck");
    }
  }
  CHECK(loads.size() == 4317);
  return noticed;
}

}  // namespace

TEST_CASE("no home of the measured profiles is doubted") {
  if (table("load_w_15min.csv").empty()) {
    MESSAGE("skipped, not there: data/community (set POWERSHARE_SHARED)");
    return;
  }
  // The data's homes stand in the south of Germany.
  for (const auto& site : {std::optional<Site>(), std::optional<Site>({48'100, 11'600})}) {
    const auto noticed = judged(site);
    for (const auto& each : noticed) MESSAGE(each);
    CHECK(noticed.empty());
  }
  // A place that is 28 degrees of longitude away makes liars of them: why there is no default.
  CHECK(!judged(Site{32'700, -16'900}).empty());
}
