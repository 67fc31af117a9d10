// Explicit orders: bids and offers for coming slots, until their last slot is closed.
//
// An order counts in each of its slots. At the slot's gate explicit orders are cleared against one
// another (ledger/forward.hpp); what is left of an order counts at close: what is metered goes into
// the slot's book at the order's limit, before the household's criteria.
#pragma once

#include <functional>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/slot_settlement.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

struct OrderLimits {
  static constexpr std::int64_t max_ahead_ms = 7 * millis_per_day;  ///< of the first slot
  static constexpr std::uint16_t max_slots = 96;                    ///< per order
  static constexpr std::size_t max_live = 64;                       ///< per participant
  static constexpr std::size_t max_partners = 64;                   ///< per order
  static constexpr std::int64_t max_energy_kwh = 1'000'000;         ///< per slot
  static constexpr std::size_t max_forgotten_per_block = 4'096;
};

/// An order as the state keeps it.
struct LiveOrder {
  Digest id{};         ///< of the transaction that placed it
  PlaceOrder order;    ///< `slots` shorter where the later ones were cancelled
  UtcMillis accepted;  ///< agreed time
  UtcMillis last_slot(std::int64_t slot_ms) const {
    return {order.first_slot.value + (order.slots - 1) * slot_ms};
  }
};

/// When orders for the slot that starts at `slot` are no longer taken, nor cancelled.
UtcMillis gate_of(const Parameters& parameters, UtcMillis slot);

/// Nothing where it is not there, not this participant's, or over.
std::optional<LiveOrder> find_order(const StateReader& state, const ParticipantRef& participant,
                                    const Digest& id);
/// All of a participant, by id.
std::vector<LiveOrder> orders_of(const StateReader& state, const ParticipantRef& participant);
void put_order(Overlay& state, const LiveOrder& order, std::int64_t slot_ms);
/// All that count in the slot, by last slot and id.
void for_each_order_in(const StateReader& state, UtcMillis slot, std::int64_t slot_ms,
                       const std::function<void(const LiveOrder&)>& visit);
/// The first slot in [from, to) for which there is an order.
std::optional<UtcMillis> first_ordered_slot(const StateReader& state, UtcMillis from, UtcMillis to);
/// The order in any one of its slots.
OrderTerms order_terms(const LiveOrder& live);
/// Those of one side: better limits first, then by accepted time, then by id.
std::vector<const OrderTerms*> best_first(const std::vector<OrderTerms>& orders, OrderSide side);
/// Takes the order's slots from `slot` on out of it; one that has no others is gone.
void cancel_order_from(Overlay& state, LiveOrder order, UtcMillis slot, std::int64_t slot_ms);
/// Forgets orders whose last slot starts before `slot`, at most max_forgotten_per_block.
void forget_orders_before(Overlay& state, UtcMillis slot);

}  // namespace powershare::ledger
