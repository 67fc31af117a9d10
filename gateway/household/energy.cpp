#include "gateway/household/energy.hpp"

#include <algorithm>

#include "ledger/metering.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

/// Adds and remembers whether a sum has left its range.
struct Adder {
  bool fits = true;
  template <class Quantity>
  Adder& operator()(Quantity& sum, Quantity part) {
    auto total = add(sum, part);
    fits = fits && total.ok();
    if (total) sum = *total;
    return *this;
  }
  Result<void> result() const {
    if (!fits) return Error{LedgerError::overflow, "a sum leaves its range"};
    return {};
  }
};

/// Sums of what is >= 0, as far as the range goes.
std::int64_t saturated(std::int64_t a, std::int64_t b, std::int64_t minus = 0) {
  __extension__ using Wide = __int128;
  const Wide value = static_cast<Wide>(a) + b - minus;
  return static_cast<std::int64_t>(std::clamp<Wide>(value, INT64_MIN, INT64_MAX));
}

Energy total_of(const std::map<ledger::ParticipantRef, Traded>& trades) {
  std::int64_t sum = 0;
  for (const auto& [who, traded] : trades) sum = saturated(sum, traded.energy.nano());
  return Energy::from_nano(sum);
}

void add_traded(Adder& to, std::map<ledger::ParticipantRef, Traded>& sums,
                const ledger::ParticipantRef& who, Energy energy, Coins amount) {
  auto& sum = sums[who];
  to(sum.energy, energy)(sum.amount, amount);
}

constexpr Energy EnergySums::*energy_fields[] = {
    &EnergySums::imported,         &EnergySums::exported,     &EnergySums::produced,
    &EnergySums::from_utility,     &EnergySums::to_utility,   &EnergySums::own_used,
    &EnergySums::renewable_bought, &EnergySums::renewable_own};
constexpr Coins EnergySums::*coin_fields[] = {
    &EnergySums::paid,           &EnergySums::earned,           &EnergySums::utility_charge,
    &EnergySums::utility_credit, &EnergySums::deviation_charge, &EnergySums::deviation_credit,
    &EnergySums::network};

}  // namespace

Energy EnergySums::consumption() const {
  return Energy::from_nano(
      std::max<std::int64_t>(0, saturated(imported.nano(), produced.nano(), exported.nano())));
}
Coins EnergySums::cost() const {
  const std::int64_t energy = saturated(paid.nano(), utility_charge.nano());
  return Coins::from_nano(saturated(energy, saturated(network.nano(), deviation_charge.nano())));
}
Coins EnergySums::earnings() const {
  return Coins::from_nano(
      saturated(saturated(earned.nano(), utility_credit.nano()), deviation_credit.nano()));
}
Energy EnergySums::bought_total() const {
  return total_of(bought);
}
Energy EnergySums::sold_total() const {
  return total_of(sold);
}

std::optional<std::int64_t> EnergySums::renewable_nano() const {
  const auto whole = consumption();
  if (!whole.is_positive()) return std::nullopt;
  const auto part =
      std::min(saturated(renewable_own.nano(), renewable_bought.nano()), whole.nano());
  const auto share = multiply_divide(part, nano_per_unit, whole.nano());
  return share ? std::optional(*share) : std::nullopt;
}

Producers renewable_producers(const ledger::StateReader& state) {
  Producers result;
  ledger::for_each_meter(state, [&](const ledger::MeterRecord& meter) {
    if (meter.plant_watts > 0 || meter.kind == ledger::MeterKind::plant) result.insert(meter.owner);
    return true;
  });
  return result;
}

Result<void> add_slot(EnergySums& sums, const ledger::ParticipantSlotRow& row,
                      const Producers& producers, const ledger::Origin* origin) {
  const auto& settled = row.settled;
  Adder to;
  to(sums.imported, settled.imported)(sums.exported, settled.exported);
  to(sums.produced, settled.produced);
  to(sums.from_utility, settled.from_utility)(sums.to_utility, settled.to_utility);
  to(sums.paid, settled.paid)(sums.earned, settled.earned);
  to(sums.utility_charge, settled.utility_charge)(sums.utility_credit, settled.utility_credit);
  to(sums.network, settled.fees)(sums.network, settled.losses);
  const auto& forward = settled.forward;
  to(sums.deviation_charge, forward.paid)(sums.deviation_charge, forward.utility_charge);
  to(sums.deviation_charge, forward.margin);
  to(sums.deviation_credit, forward.earned)(sums.deviation_credit, forward.utility_credit);
  const auto own_used = Energy::from_nano(
      std::max<std::int64_t>(0, saturated(settled.produced.nano(), 0, settled.exported.nano())));
  to(sums.own_used, own_used);
  to(sums.renewable_own, origin ? Energy::from_nano(ledger::total(origin->own)) : own_used);
  if (origin != nullptr) {
    to(sums.renewable_bought, Energy::from_nano(ledger::total(origin->bought)));
    to(sums.renewable_bought, Energy::from_nano(ledger::total(origin->supplied)));
  }
  for (const auto& each : row.trades) {
    const auto& trade = each.trade;
    if (trade.venue == ledger::Venue::utility) continue;
    if (trade.buyer == row.participant && !trade.covers_short) {
      add_traded(to, sums.bought, trade.seller, trade.energy, trade.amount);
      if (origin == nullptr && producers.contains(trade.seller))
        to(sums.renewable_bought, trade.energy);
    }
    if (trade.seller == row.participant && !trade.sells_unused) {
      add_traded(to, sums.sold, trade.buyer, trade.energy, trade.amount);
    }
  }
  ++sums.slots;
  return to.result();
}

Result<void> add_slot(EnergySums& sums, const ledger::HistoryReader& history,
                      const ledger::ParticipantSlotRow& row, const Producers& producers) {
  const auto origin = ledger::query_origin(history, row.participant, row.slot);
  if (!origin) return origin.error();
  return add_slot(sums, row, producers, *origin ? &(*origin)->origin : nullptr);
}

Result<void> add_late(EnergySums& sums, const ledger::LateRow& row) {
  Adder to;
  to(sums.imported, row.from_utility)(sums.exported, row.to_utility);
  to(sums.from_utility, row.from_utility)(sums.to_utility, row.to_utility);
  to(sums.utility_charge, row.charge)(sums.utility_credit, row.credit);
  return to.result();
}

Result<void> add_sums(EnergySums& sums, const EnergySums& part) {
  Adder to;
  for (const auto field : energy_fields) to(sums.*field, part.*field);
  for (const auto field : coin_fields) to(sums.*field, part.*field);
  for (const auto& [who, traded] : part.bought) {
    add_traded(to, sums.bought, who, traded.energy, traded.amount);
  }
  for (const auto& [who, traded] : part.sold) {
    add_traded(to, sums.sold, who, traded.energy, traded.amount);
  }
  sums.slots += part.slots;
  return to.result();
}

Result<std::vector<EnergySums>> energy_by_bucket(const ledger::HistoryReader& history,
                                                 const ledger::ParticipantRef& who,
                                                 const std::vector<UtcMillis>& bounds,
                                                 const Producers& producers, std::size_t max_rows) {
  std::vector<EnergySums> sums(bounds.empty() ? 0 : bounds.size() - 1);
  if (sums.empty()) return sums;
  std::size_t rows = 0;
  Result<void> added;
  const auto bucket_of = [&](UtcMillis slot) -> EnergySums& {
    const auto after = std::upper_bound(bounds.begin(), bounds.end(), slot);
    return sums[static_cast<std::size_t>(after - bounds.begin()) - 1];
  };
  auto scanned = ledger::for_each_participant_slot(
      history, who, bounds.front(), bounds.back(), [&](const ledger::ParticipantSlotRow& row) {
        added = add_slot(bucket_of(row.slot), history, row, producers);
        return added.ok() && ++rows <= max_rows;
      });
  if (scanned && added.ok()) {
    scanned = ledger::for_each_late_row(history, who, bounds.front(), bounds.back(),
                                        [&](const ledger::LateRow& row) {
                                          added = add_late(bucket_of(row.slot), row);
                                          return added.ok() && ++rows <= max_rows;
                                        });
  }
  if (!scanned) return scanned.error();
  if (!added) return added.error();
  if (rows > max_rows) return Error{BaseError::out_of_range, "the period holds too many slots"};
  return sums;
}

Completeness completeness(const ledger::StateReader& state, const ledger::ParticipantRef& who,
                          UtcMillis from, UtcMillis to) {
  Completeness result;
  const auto progress = ledger::slot_progress(state);
  if (!progress) return result;
  result.settled_until = progress->next_close;
  result.final_until = progress->next_final;
  const auto first = std::max(from, progress->first);
  const auto last = std::min(to, progress->next_close);
  for (const auto& meter : ledger::meters_of(state, who)) {
    if (meter.kind == ledger::MeterKind::transformer) continue;
    const auto begin = std::max(first, meter.active_from);
    const auto end = meter.retired ? std::min(last, *meter.retired) : last;
    if (begin >= end) continue;
    std::int64_t covered_ms = 0;
    const auto delivered = ledger::meter_progress(state, meter.meter);
    for (const auto& range : delivered.coverage.all()) {
      const auto a = std::max(begin.value, static_cast<std::int64_t>(range.begin));
      const auto b = std::min(end.value, static_cast<std::int64_t>(range.end));
      if (a < b) covered_ms += b - a;
    }
    const auto expected = (end.value - begin.value) / millis_per_second;
    const auto covered = covered_ms / millis_per_second;
    result.expected_seconds += expected;
    result.covered_seconds += covered;
    if (covered < expected) result.missing.push_back({meter.meter.text(), expected - covered});
  }
  return result;
}

}  // namespace powershare::gateway::household
