#include "actors/market_metrics.hpp"

#include "ledger/accounts.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"
#include "protocol/block_store.hpp"

namespace powershare::actors {
namespace {

using monitoring::Metric;
using monitoring::Metrics;

constexpr double joules_per_kwh = 3.6e6;

double kwh(Energy energy) {
  return static_cast<double>(energy.nano()) / nano_per_unit;
}
double coins(Coins amount) {
  return static_cast<double>(amount.nano()) / nano_per_unit;
}

void count_energy(Metrics& metrics, const ledger::BillTotals& totals, double slot_hours) {
  const auto power = [&](Metric watts, Metric joules, Energy energy) {
    metrics.set(watts, kwh(energy) * 1000 / slot_hours);
    metrics.add(joules, kwh(energy) * joules_per_kwh);
  };
  power(Metric::neighbourhood_imported_watts, Metric::neighbourhood_imported_joules_total,
        totals.imported);
  power(Metric::neighbourhood_exported_watts, Metric::neighbourhood_exported_joules_total,
        totals.exported);
  power(Metric::neighbourhood_produced_watts, Metric::neighbourhood_produced_joules_total,
        totals.produced);
}

void count_trade(Metrics& metrics, const ledger::BillTotals& totals) {
  const auto venue = [&](const char* name, Energy energy, double amount) {
    metrics.add(Metric::market_energy_traded_joules_total, kwh(energy) * joules_per_kwh, {name});
    metrics.add(Metric::market_coins_traded_total, amount, {name});
  };
  venue("local", totals.bought.energy, coins(totals.bought.amount));
  venue("utility", totals.from_utility.energy, coins(totals.from_utility.amount));
  venue("utility", totals.to_utility.energy, coins(totals.to_utility.amount));
  metrics.add(Metric::market_residual_energy_joules_total,
              kwh(totals.from_utility.energy) * joules_per_kwh, {"buy"});
  metrics.add(Metric::market_residual_energy_joules_total,
              kwh(totals.to_utility.energy) * joules_per_kwh, {"sell"});
}

}  // namespace

void count_settled_slot(Metrics& metrics, const protocol::LedgerStore& store, UtcMillis slot,
                        UtcMillis island_time) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return;
  const protocol::SnapshotState state(**snapshot);
  const protocol::SnapshotHistory history(**snapshot);
  const auto slot_ms = ledger::parameters(state).slot_ms;
  const UtcMillis end{slot.value + slot_ms};
  const auto statement = ledger::query_bills(history, slot, end);
  const auto view = ledger::query_slot(state, history, slot);
  if (!statement || !view || state.fault() || history.fault()) return;
  const auto& totals = statement->community.totals;
  count_energy(metrics, totals, static_cast<double>(slot_ms) / millis_per_hour);
  count_trade(metrics, totals);
  if (view->row.clearing_price) {
    metrics.set(Metric::market_clearing_price,
                static_cast<double>(view->row.clearing_price->nano()) / nano_per_unit);
  } else if (const auto mean = totals.bought.mean_price()) {
    metrics.set(Metric::market_clearing_price, static_cast<double>(mean->nano()) / nano_per_unit);
  }
  metrics.set(Metric::metering_missing_meters, view->row.missing_meters);
  metrics.set(Metric::settlement_slot_close_lag_seconds,
              static_cast<double>(island_time.value - end.value) / 1000);
}

void gather_imbalance(Metrics& metrics, const protocol::LedgerStore& store) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return;
  const protocol::SnapshotState state(**snapshot);
  const auto totals = ledger::asset_totals(state);
  if (!totals || state.fault()) return;
  for (const auto& [asset, sums] : *totals) {
    metrics.set(Metric::settlement_asset_imbalance, static_cast<double>(sums.total) / nano_per_unit,
                {asset});
  }
}

}  // namespace powershare::actors
