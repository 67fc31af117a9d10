// What a neighbourhood's readings come to under one clearing rule and one tariff: the same readings
// replayed, slot by slot, without a chain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/profiles.hpp"
#include "market/clearing.hpp"

namespace powershare::apps {

struct MarketScenario {
  std::string rule;
  market::Tariff tariff;
  Price buy_limit;  ///< of all homes
  Price sell_limit;
  Price fee;                   ///< of the neighbourhood's grid
  std::int64_t loss_nano = 0;  ///< kWh lost per kWh traded
  std::uint64_t first_slot = 0;
  std::uint64_t end_slot = 0;
};

struct MarketKpis {
  Energy imported;  ///< by the meters, before trading
  Energy exported;
  Energy produced;
  Energy traded;
  Energy used;  ///< by homes, and by vehicles where there are any
  Energy lost;
  std::uint64_t trades = 0;
  Coins cost;        ///< of all homes: paid to utility and grid, less what the utility paid
  Coins cost_alone;  ///< without trade among neighbours
  Coins fees;
  Coins losses;
  Coins buyers_gain;   ///< against the tariff, all-in
  Coins sellers_gain;  ///< against feed-in
  /// What of all used did not come from the utility, and what of all produced did not go there; in
  /// nano, 0 without any.
  std::int64_t self_sufficiency_nano = 0;
  std::int64_t self_consumption_nano = 0;
  /// What trade among neighbours is worth to them: cost_alone - cost.
  Coins welfare() const;
  Energy from_utility() const;
};

/// Each home bids what it imports at the one limit and offers what it exports at the other, as with
/// standing criteria; ties as in the ledger. The rest goes to and comes from the utility. `used`:
/// where homes have stores, what they used; else it follows from what they drew and produced.
/// MarketError, BaseError::overflow.
Result<MarketKpis> replay_market(const Profiles& profiles, const MarketScenario& scenario,
                                 std::optional<Energy> used = std::nullopt);

/// Bars for self-sufficiency, self-consumption and welfare of each scenario, as an SVG document.
std::string market_chart(const std::vector<MarketScenario>& scenarios,
                         const std::vector<MarketKpis>& kpis);
int market_chart_height(std::size_t scenarios);
/// "optimal" or, where there are several tariffs, "optimal 0.1629".
std::string label_of(const std::vector<MarketScenario>& scenarios, std::size_t index);

}  // namespace powershare::apps
