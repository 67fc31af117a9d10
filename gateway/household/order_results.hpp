// What became of a household's explicit orders: committed, delivered, deviated from, and the cost.
#pragma once

#include <map>

#include "gateway/household/trading.hpp"
#include "ledger/history.hpp"

namespace powershare::gateway {

/// Sums over the slots of one order so far.
struct OrderSums {
  Energy committed;
  Energy traded;     ///< at close, of what was not committed
  Energy delivered;  ///< of what was committed, in slots that are settled
  Energy deviation;
  Coins deviation_cost;
};
/// By order, over the slots from `from` on. BaseError::overflow.
Result<std::map<Digest, OrderSums>> order_sums(const ledger::HistoryReader& history,
                                               const ledger::ParticipantRef& who, UtcMillis from);
/// GET /etms/orders/results.
void add_order_result_routes(Router& router, const ServicesPtr& services);

}  // namespace powershare::gateway
