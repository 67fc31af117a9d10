// What batteries and vehicles of a replay did: for people, in JSON, and as a chart.
#pragma once

#include <string>

#include "apps/market_kpis.hpp"
#include "apps/stored_profiles.hpp"

namespace powershare::apps {

/// Self-sufficiency where what the stores lost since the start is bought from the utility, in nano:
/// nobody is called self-sufficient because a full car was driven empty.
std::int64_t refilled_self_sufficiency_nano(const StorageTotals& totals, const MarketKpis& kpis);

/// Several lines, by the market's figures under one rule.
std::string storage_table(const StorageOptions& options, const StorageTotals& totals,
                          const MarketKpis& kpis);
/// One JSON object.
std::string storage_json(const StorageOptions& options, const StorageTotals& totals,
                         const MarketKpis& kpis);
/// A mean day and what is stored over all slots, as an SVG document of `storage_chart_height`.
std::string storage_chart(const StoredProfiles& profiles, std::uint64_t first_slot,
                          std::uint64_t end_slot);
inline constexpr int storage_chart_width = 820;
inline constexpr int storage_chart_height = 600;

}  // namespace powershare::apps
