#include "apps/storage_report.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace powershare::apps {
namespace {

std::string rounded(std::int64_t nano, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(nano) / nano_per_unit);
  return text;
}

std::string kwh(Energy energy) {
  return rounded(energy.nano(), 3) + " kWh";
}

std::string per_cent(std::int64_t nano) {
  return rounded(100 * nano, 2) + " %";
}

}  // namespace

std::int64_t refilled_self_sufficiency_nano(const StorageTotals& totals, const MarketKpis& kpis) {
  const std::int64_t missing = totals.stored_before.nano() + totals.vehicles_before.nano() -
                               totals.stored_after.nano() - totals.vehicles_after.nano();
  const std::int64_t bought =
      missing <= 0 ? 0 : *multiply_divide(missing, 100, storage_efficiency_per_cent);
  const std::int64_t used = kpis.used.nano() + bought;
  if (used <= 0) return 0;
  const auto ratio =
      multiply_divide(used - kpis.from_utility().nano() - bought, nano_per_unit, used);
  return ratio ? *ratio : 0;
}

std::string storage_table(const StorageOptions& options, const StorageTotals& totals,
                          const MarketKpis& kpis) {
  std::string text = "storage " + std::string(to_text(options.batteries)) + ", vehicles " +
                     std::string(to_text(options.vehicles)) + "\n";
  text += "  load " + kwh(totals.load) + ", PV " + kwh(kpis.produced) + "\n";
  if (options.batteries != BatteryMode::none) {
    text += "  batteries: charged " + kwh(totals.charged) + ", discharged " + kwh(totals.given) +
            ", lost " + kwh(totals.lost) + ", stored " + kwh(totals.stored_before) + " -> " +
            kwh(totals.stored_after) + "\n";
  }
  if (options.vehicles != VehicleMode::none) {
    text += "  vehicles: charged " + kwh(totals.vehicles_charged) + ", discharged " +
            kwh(totals.vehicles_given) + ", lost " + kwh(totals.vehicles_lost) + ", driven " +
            kwh(totals.driven) + " (and " + kwh(totals.charged_elsewhere) +
            " charged elsewhere), stored " + kwh(totals.vehicles_before) + " -> " +
            kwh(totals.vehicles_after) + "\n";
    text += "  trips served " + std::to_string(totals.trips - totals.trips_missed) + " of " +
            std::to_string(totals.trips) + "\n";
  }
  return text + "  from the utility " + kwh(kpis.from_utility()) + " of " + kwh(kpis.used) +
         " used; self-sufficiency " + per_cent(kpis.self_sufficiency_nano) +
         ", with stores refilled " + per_cent(refilled_self_sufficiency_nano(totals, kpis)) +
         "; self-consumption " + per_cent(kpis.self_consumption_nano) + "\n";
}

std::string storage_json(const StorageOptions& options, const StorageTotals& totals,
                         const MarketKpis& kpis) {
  const nlohmann::ordered_json json = {
      {"storage", to_text(options.batteries)},
      {"vehicles", to_text(options.vehicles)},
      {"efficiency_per_cent", storage_efficiency_per_cent},
      {"battery_reserve_kwh", to_text(options.reserve)},
      {"load_kwh", to_text(totals.load)},
      {"produced_kwh", to_text(kpis.produced)},
      {"charged_kwh", to_text(totals.charged)},
      {"discharged_kwh", to_text(totals.given)},
      {"lost_kwh", to_text(totals.lost)},
      {"stored_before_kwh", to_text(totals.stored_before)},
      {"stored_after_kwh", to_text(totals.stored_after)},
      {"vehicles_charged_kwh", to_text(totals.vehicles_charged)},
      {"vehicles_discharged_kwh", to_text(totals.vehicles_given)},
      {"vehicles_lost_kwh", to_text(totals.vehicles_lost)},
      {"vehicles_before_kwh", to_text(totals.vehicles_before)},
      {"vehicles_after_kwh", to_text(totals.vehicles_after)},
      {"driven_kwh", to_text(totals.driven)},
      {"charged_elsewhere_kwh", to_text(totals.charged_elsewhere)},
      {"trips", totals.trips},
      {"trips_served", totals.trips - totals.trips_missed},
      {"used_kwh", to_text(kpis.used)},
      {"from_utility_kwh", to_text(kpis.from_utility())},
      {"self_sufficiency", format_nano(kpis.self_sufficiency_nano)},
      {"self_sufficiency_refilled", format_nano(refilled_self_sufficiency_nano(totals, kpis))},
      {"self_consumption", format_nano(kpis.self_consumption_nano)}};
  return json.dump();
}

}  // namespace powershare::apps
