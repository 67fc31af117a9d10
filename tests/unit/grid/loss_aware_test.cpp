// Loss-aware against loss-blind matching on the IEEE European LV feeder: 55 houses, some with a
// plant.
//
// What is traded flows: sellers feed in what they have sold and buyers draw what they have bought,
// as batteries, cars and boilers do that follow the market, on top of what all houses draw anyway.
// Both rules see the same orders; a power flow of each result says what was lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "grid/feeder_reader.hpp"
#include "grid/loss_factors.hpp"
#include "market/clearing.hpp"

using namespace powershare;
using market::Book;
using market::Network;
using market::ZoneIndex;

namespace {

constexpr std::size_t slot_minutes = 15;
constexpr std::int64_t tariff_nano = 162'900'000;

struct Street {
  grid::Feeder feeder;
  grid::Profiles profiles;
};

std::optional<Street> street() {
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
  auto feeder = grid::read_feeder(
      {text("buses.csv"), text("lines.csv"), text("linecodes.csv"), text("loads.csv")});
  auto profiles = grid::Profiles::parse(text("profiles_1min_kw.csv"));
  REQUIRE(feeder);
  REQUIRE(profiles);
  return Street{*std::move(feeder), *std::move(profiles)};
}

/// Mean power of each house in a slot, kW.
std::vector<double> base_load(const Street& street, std::uint32_t slot) {
  std::vector<double> mean(street.feeder.loads.size());
  for (std::uint32_t minute = 0; minute < slot_minutes; ++minute) {
    const auto powers = street.profiles.powers_at(
        street.feeder, slot * static_cast<std::uint32_t>(slot_minutes) + minute);
    REQUIRE(powers);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (*powers)[i] / slot_minutes;
  }
  return mean;
}

bool has_plant(std::size_t house) {
  return house % 3 == 1;
}

/// Every third house offers what a plant of 3 kWp makes around noon, from 0.10 on; each other one
/// would draw up to 1 kW more at the tariff. More is wanted than there is.
Book book_of(const Street& street, std::uint32_t slot) {
  Book book;
  const double hour = (slot + 0.5) / 4;
  const double sun = std::max(0.0, std::cos((hour - 12.5) / 7 * 3.141592653589793));
  for (std::size_t house = 0; house < street.feeder.loads.size(); ++house) {
    book.participants.push_back(street.feeder.loads[house].name);
    market::Order order;
    order.id = book.participants.back();
    order.participant = static_cast<market::ParticipantIndex>(house);
    order.standing = true;
    order.tie_key[0] = static_cast<std::uint8_t>(house * 37);
    order.tie_key[1] = static_cast<std::uint8_t>(house);
    order.side = has_plant(house) ? market::Side::sell : market::Side::buy;
    order.limit = Price::from_nano(has_plant(house) ? 100'000'000 : tariff_nano);
    order.energy = Energy::from_nano(std::llround((has_plant(house) ? 3.0 * sun : 1.0) / 4 * 1e9));
    if (order.energy.is_positive()) book.orders.push_back(order);
  }
  return book;
}

/// Each house a zone below the feeder, with the marginal loss factors at these operating points.
Network network_of(const Street& street, const std::vector<std::vector<double>>& points) {
  const auto losses = grid::pair_losses(street.feeder, points, grid::LossMethod::marginal, 1);
  REQUIRE(losses);
  Network network;
  network.loss_price = Price::from_nano(tariff_nano);
  network.zones.push_back({"feeder", market::no_zone, {}, 0, {}, {}});
  std::vector<std::uint32_t> each;
  for (std::uint32_t house = 0; house < street.feeder.loads.size(); ++house) {
    network.zones.push_back({street.feeder.loads[house].name, 0, {}, 0, {}, {}});
    network.zone_of.push_back(house + 1);
    each.push_back(house);
  }
  for (const auto& loss :
       grid::zone_losses(*losses, each, static_cast<std::uint32_t>(each.size()))) {
    network.losses.push_back({loss.from + 1, loss.to + 1, loss.loss_nano});
  }
  return network;
}

market::Clearing cleared(const char* rule, const Book& book, const Network& network) {
  auto clearing = market::clear(rule, book, network);
  REQUIRE_MESSAGE(clearing, (clearing ? "" : clearing.error().detail()));
  CHECK_FALSE(clearing->fell_back);
  return *std::move(clearing);
}

/// The houses' powers with what was traded on top, kW.
std::vector<double> with_trades(std::vector<double> load_kw, const Book& book,
                                const market::Clearing& clearing) {
  for (const auto& trade : clearing.trades) {
    const double kw = static_cast<double>(trade.energy.nano()) / 1e9 * 4;
    load_kw[book.orders[trade.buy].participant] += kw;
    load_kw[book.orders[trade.sell].participant] -= kw;
  }
  return load_kw;
}

double loss_kwh(const Street& street, const std::vector<double>& load_kw) {
  const auto demand = grid::demand_of(street.feeder, load_kw);
  REQUIRE(demand);
  const auto flow = grid::solve(street.feeder, *demand);
  REQUIRE(flow);
  return flow->loss_w / 4'000;
}

/// True for each house that is fed through the line.
std::vector<bool> houses_behind(const grid::Feeder& feeder, std::size_t line) {
  std::vector<bool> behind(feeder.buses.size());
  behind[feeder.lines[line].to] = true;
  for (const auto& each : feeder.lines) {
    if (behind[each.from]) behind[each.to] = true;
  }
  std::vector<bool> houses;
  for (const auto& load : feeder.loads) houses.push_back(behind[load.bus]);
  return houses;
}

}  // namespace

namespace {

/// 9:00 to 16:00 of the day, cleared by one rule over one network.
struct Day {
  std::vector<std::vector<double>> flows;  ///< of the houses, kW, by slot
  std::vector<Energy> volumes;
  double lost_kwh = 0;
};

Day day_of(const Street& street, const char* rule, const Network& network) {
  Day day;
  for (std::uint32_t slot = 36; slot < 64; ++slot) {
    const Book book = book_of(street, slot);
    const auto clearing = cleared(rule, book, network);
    day.flows.push_back(with_trades(base_load(street, slot), book, clearing));
    day.volumes.push_back(clearing.volume);
    day.lost_kwh += loss_kwh(street, day.flows.back());
  }
  return day;
}

}  // namespace

TEST_CASE("matching that knows the losses loses less than matching that does not") {
  const auto data = street();
  if (!data) return;
  const Day blind = day_of(*data, "pay_as_clear", {});
  // Factors at what flowed while the market was blind, as meters would have told.
  const Day aware = day_of(*data, "optimal", network_of(*data, blind.flows));
  REQUIRE(aware.volumes == blind.volumes);  // it does not lose less because it trades less
  double without_kwh = 0;
  std::vector<std::vector<double>> untraded;
  for (std::uint32_t slot = 36; slot < 64; ++slot) {
    untraded.push_back(base_load(*data, slot));
    without_kwh += loss_kwh(*data, untraded.back());
  }
  // And, to show what they are worth, at a day on which nobody traded.
  const Day naive = day_of(*data, "optimal", network_of(*data, untraded));
  std::int64_t traded = 0;
  for (const Energy volume : blind.volumes) traded += volume.nano();
  MESSAGE(format_nano(traded) << " kWh traded. Lost in the lines, kWh: without trade "
                              << without_kwh << ", loss-blind " << blind.lost_kwh << ", loss-aware "
                              << aware.lost_kwh << ", by factors of a day without trade "
                              << naive.lost_kwh);
  CHECK(aware.lost_kwh < 0.8 * blind.lost_kwh);
}

TEST_CASE("what a line or a transformer carries bounds the trades over it, under every rule") {
  const auto data = street();
  if (!data) return;
  // The line with 15 to 25 houses behind it that is nearest to the source.
  std::size_t line = 0;
  std::vector<bool> behind;
  for (line = 0; line < data->feeder.lines.size(); ++line) {
    behind = houses_behind(data->feeder, line);
    const auto count = std::count(behind.begin(), behind.end(), true);
    if (count >= 15 && count <= 25) break;
  }
  REQUIRE(line < data->feeder.lines.size());
  Network network;
  network.loss_price = Price::from_nano(tariff_nano);
  network.zones.push_back({"transformer", market::no_zone, {}, 0, {}, {}});
  network.zones.push_back({"branch", 0, {}, 0, {}, {}});
  for (std::size_t house = 0; house < behind.size(); ++house) {
    network.zone_of.push_back(behind[house] ? 1 : 0);
  }
  const Book book = book_of(*data, 50);
  const auto over_border = [&](const market::Clearing& clearing, bool out) {
    std::int64_t nano = 0;
    for (const auto& trade : clearing.trades) {
      const bool from = behind[book.orders[trade.sell].participant];
      const bool to = behind[book.orders[trade.buy].participant];
      if (from == out && to != out) nano += trade.energy.nano();
    }
    return nano;
  };
  for (const std::string rule : {"pay_as_clear", "optimal"}) {
    CAPTURE(rule);
    network.zones[1].max_export = network.zones[1].max_import = std::nullopt;
    const auto free = cleared(rule.c_str(), book, network);
    const Energy limit = Energy::from_nano(300'000'000);
    network.zones[1].max_export = network.zones[1].max_import = limit;
    const auto bound = cleared(rule.c_str(), book, network);
    CHECK(over_border(bound, true) <= limit.nano());
    CHECK(over_border(bound, false) <= limit.nano());
    CHECK(bound.volume <= free.volume);
    MESSAGE(rule << ": out of the branch " << format_nano(over_border(free, true))
                 << " kWh, within the limit " << format_nano(over_border(bound, true))
                 << "; into it " << format_nano(over_border(free, false)) << " and "
                 << format_nano(over_border(bound, false)));
  }
}
