// Commitments against what was metered: who delivered, who deviated, and what that costs
// (DECISIONS 44). Pure.
//
// A participant's commitments count net: bought less sold at the gate. A net buyer's import is
// covered first, a net seller's export delivers first. What a net seller does not deliver it buys
// in the spot market, else from the utility; what a net buyer does not draw it sells there, else at
// feed-in. The deviator pays max(that price, (1 + m) × spot) or gets min(that price, (1 - m) ×
// spot); the difference is the margin, which the system account `deviation` gets. The rest of what
// was metered trades as if nothing had been promised.
#pragma once

#include <string_view>

#include "ledger/slot_settlement.hpp"
#include "market/order.hpp"

namespace powershare::ledger {

/// Metered energy that may go to neighbours: all but that of quarantined meters.
struct Tradable {
  Energy imported;
  Energy exported;
};
Tradable tradable_of(const SlotInputs& inputs, std::size_t index);

/// Where a participant stands between what it promised and what was metered.
struct Position {
  Energy covered;    ///< of its import, by what it bought
  Energy delivered;  ///< of its export, for what it sold
  Energy unused;     ///< bought and not drawn
  Energy shortfall;  ///< sold and not delivered
};
/// As `terms`; nothing where nothing is committed.
std::vector<Position> positions_of(const SlotInputs& inputs);

/// Orders that stand in the spot book for deviations have these ends of their ids.
inline constexpr std::string_view shortfall_suffix = "/short";
inline constexpr std::string_view unused_suffix = "/unused";
bool covers_shortfall(const market::Order& order);
bool sells_unused(const market::Order& order);

/// Takes what the commitments carry over the network's borders off their limits.
void reserve_borders(market::Network& network, const SlotInputs& inputs);

/// The price that deviations are measured by: the clearing price, else the mean price of what
/// neighbours traded in the spot market, rounded half to even; none where they traded nothing.
std::optional<Price> spot_price(const SlotResult& result);
/// Adds the margin to each trade by which somebody deviates, and to the deviator.
/// BaseError::overflow.
Result<void> add_margins(const SlotInputs& inputs, SlotResult& result);

/// The explicit orders behind a trade of the spot market.
struct SpotOrders {
  std::optional<Digest> bid;
  std::optional<Digest> offer;
};
/// Of all explicit orders of the slot, by participant and order. The result's trades are
/// the commitments, then those of `spot`. Deviations of a participant fall on the orders that were
/// matched last.
std::vector<OrderOutcome> order_outcomes(const SlotInputs& inputs, const SlotResult& result,
                                         const std::vector<SpotOrders>& spot);
/// The same at the gate, when nothing is metered yet; `terms` has the orders.
std::vector<OrderOutcome> gate_outcomes(const std::vector<Terms>& terms,
                                        const std::vector<Commitment>& commitments);

}  // namespace powershare::ledger
