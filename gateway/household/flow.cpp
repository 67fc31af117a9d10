#include "gateway/household/flow.hpp"

#include <algorithm>

#include "ledger/history.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::int64_t seconds_per_hour = 3'600;
constexpr std::int64_t nano_kwh_per_wh = nano_per_unit / 1'000;

/// Mean watts, rounded half to even.
std::int64_t watts_of(std::int64_t nano_kwh, std::uint32_t seconds) {
  if (seconds == 0) return 0;
  const auto watts = multiply_divide(nano_kwh, seconds_per_hour,
                                     nano_kwh_per_wh * static_cast<std::int64_t>(seconds));
  return watts ? *watts : 0;
}

/// The newest reading of a meter and the one before it.
Result<std::vector<ledger::SlotReading>> newest_readings(const ledger::HistoryReader& history,
                                                         const MeterId& meter) {
  std::vector<ledger::SlotReading> readings;
  Result<void> result;
  history.scan(ledger::history_table::readings, ledger::history_key::meter(meter), {}, true,
               [&](ByteView key, ByteView value) {
                 auto reading = ledger::parse_reading_row(key, value);
                 if (!reading) {
                   result = reading.error();
                   return false;
                 }
                 readings.push_back(*std::move(reading));
                 return readings.size() < 2;
               });
  if (!result) return result.error();
  return readings;
}

UtcMillis end_of(const ledger::SlotReading& reading) {
  return {reading.start.value + std::int64_t{reading.seconds} * millis_per_second};
}

struct Metered {
  std::int64_t net_watts = 0;  ///< > 0: drawn from outside
  std::int64_t sun_watts = 0;
  std::int64_t battery_watts = 0;
  std::int64_t car_watts = 0;
  std::optional<UtcMillis> oldest_end;
  UtcMillis newest_start;
};

Result<Metered> metered(const ChainView& view, const ledger::ParticipantRef& who) {
  Metered sum;
  const auto now = ledger::island_time(view.state());
  for (const auto& meter : ledger::meters_of(view.state(), who)) {
    if (meter.kind == ledger::MeterKind::transformer || !meter.active_at(now)) continue;
    const auto readings = newest_readings(view.history(), meter.meter);
    if (!readings) return readings.error();
    if (readings->empty()) continue;
    const auto& last = readings->front();
    const auto net = watts_of(last.imported.nano() - last.exported.nano(), last.seconds);
    if (meter.kind == ledger::MeterKind::charger) {
      sum.car_watts += net;
      // Through the house's meter it has been counted there.
      if (!meter.parent) sum.net_watts += net;
    } else {
      sum.net_watts += net;
      sum.sun_watts += watts_of(last.produced.nano(), last.seconds);
    }
    if (readings->size() == 2 && last.battery && (*readings)[1].battery &&
        end_of((*readings)[1]) == last.start) {
      sum.battery_watts +=
          watts_of(last.battery->nano() - (*readings)[1].battery->nano(), last.seconds);
    }
    if (!sum.oldest_end || end_of(last) < *sum.oldest_end) sum.oldest_end = end_of(last);
    sum.newest_start = std::max(sum.newest_start, last.start);
  }
  return sum;
}

/// What goes over the meter, shared as the slot was settled: `part` of `whole`.
std::int64_t share_of(std::int64_t watts, Energy part, Energy whole) {
  if (!whole.is_positive()) return 0;
  const auto share = multiply_divide(watts, part.nano(), whole.nano());
  return share ? std::clamp<std::int64_t>(*share, 0, watts) : 0;
}

void balance_home(HomePower& power, std::int64_t net_watts) {
  const auto charged = std::max<std::int64_t>(power.battery, 0);
  const auto discharged = std::max<std::int64_t>(-power.battery, 0);
  power.home = std::max<std::int64_t>(0, power.sun + net_watts + discharged - charged - power.car);
}

}  // namespace

std::vector<FlowEdge> edges_of(const HomePower& power) {
  struct Node {
    std::string_view name;
    std::int64_t watts;
  };
  Node sources[] = {{"sun", power.sun},
                    {"battery", std::max<std::int64_t>(-power.battery, 0)},
                    {"neighbours", power.from_neighbours},
                    {"grid", power.from_grid}};
  Node sinks[] = {{"home", power.home},
                  {"car", power.car},
                  {"battery", std::max<std::int64_t>(power.battery, 0)},
                  {"neighbours", power.to_neighbours},
                  {"grid", power.to_grid}};
  std::vector<FlowEdge> edges;
  for (auto& source : sources) {
    for (auto& sink : sinks) {
      const auto watts = std::min(source.watts, sink.watts);
      if (watts <= 0 || source.name == sink.name) continue;
      edges.push_back({source.name, sink.name, watts});
      source.watts -= watts;
      sink.watts -= watts;
    }
  }
  return edges;
}

std::optional<LiveWatts> live_watts(const ledger::StateReader& state,
                                    const ledger::ParticipantRef& who, const LiveStore& live) {
  const auto now = live.now();
  const auto island = ledger::island_time(state);
  LiveWatts sum;
  std::int64_t net_watts = 0;
  bool complete = true;
  bool any = false;
  for (const auto& meter : ledger::meters_of(state, who)) {
    if (meter.kind == ledger::MeterKind::transformer || !meter.active_at(island)) continue;
    const auto value = live.last(meter.meter);
    const auto age_ms = value ? now.value - value->at.value : 0;
    if (!value || age_ms > max_live_age_ms) {
      complete = false;
      continue;
    }
    any = true;
    sum.age_ms = std::max(sum.age_ms, age_ms);
    const std::int64_t net = std::int64_t{value->watts_import} - value->watts_export;
    if (meter.kind == ledger::MeterKind::charger) {
      sum.car_watts += net;
      // Through the house's meter it has been counted there.
      if (!meter.parent) net_watts += net;
    } else {
      net_watts += net;
      sum.sun_watts += value->watts_pv.value_or(0);
    }
  }
  if (!complete || !any) return std::nullopt;
  sum.car_watts = std::max<std::int64_t>(0, sum.car_watts);
  sum.import_watts = std::max<std::int64_t>(0, net_watts);
  sum.export_watts = std::max<std::int64_t>(0, -net_watts);
  return sum;
}

Result<FlowPicture> flow_picture(const ChainView& view, const ledger::ParticipantRef& who,
                                 const std::optional<LiveWatts>& live) {
  FlowPicture picture;
  auto& power = picture.power;
  if (live) {
    picture.source = "live";
    picture.age_ms = live->age_ms;
    power.sun = live->sun_watts;
    power.car = live->car_watts;
    power.from_grid = live->import_watts;
    power.to_grid = live->export_watts;
    balance_home(power, live->import_watts - live->export_watts);
    return picture;
  }
  const auto last = metered(view, who);
  if (!last) return last.error();
  if (!last->oldest_end) return picture;
  const auto now = ledger::island_time(view.state());
  picture.source = "reading";
  picture.age_ms = std::max<std::int64_t>(0, now.value - last->oldest_end->value);
  power.sun = std::max<std::int64_t>(0, last->sun_watts);
  power.battery = last->battery_watts;
  power.car = std::max<std::int64_t>(0, last->car_watts);
  power.from_grid = std::max<std::int64_t>(0, last->net_watts);
  power.to_grid = std::max<std::int64_t>(0, -last->net_watts);
  balance_home(power, last->net_watts);

  const auto slot = slot_start(last->newest_start, ledger::parameters(view.state()).slot_ms);
  const auto scanned = ledger::for_each_participant_slot(
      view.history(), who, slot, {slot.value + 1}, [&](const ledger::ParticipantSlotRow& row) {
        const auto& settled = row.settled;
        picture.neighbours_known = true;
        power.from_neighbours =
            share_of(power.from_grid,
                     Energy::from_nano(settled.imported.nano() - settled.from_utility.nano()),
                     settled.imported);
        power.to_neighbours = share_of(
            power.to_grid, Energy::from_nano(settled.exported.nano() - settled.to_utility.nano()),
            settled.exported);
        power.from_grid -= power.from_neighbours;
        power.to_grid -= power.to_neighbours;
        return false;
      });
  if (!scanned) return scanned.error();
  return picture;
}

}  // namespace powershare::gateway::household
