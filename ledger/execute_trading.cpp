// Explicit orders and the calendar.
#include <algorithm>

#include "ledger/accounts.hpp"
#include "ledger/calendar.hpp"
#include "ledger/claims.hpp"
#include "ledger/execution.hpp"
#include "ledger/forward.hpp"
#include "ledger/orders.hpp"
#include "ledger/slots.hpp"

namespace powershare::ledger {
namespace {

__extension__ using Wide = __int128;

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

/// "5 minutes"; seconds where it is no whole number of them.
std::string in_words(std::int64_t duration_ms) {
  if (duration_ms == millis_per_minute) return "1 minute";
  if (duration_ms % millis_per_minute == 0) {
    return std::to_string(duration_ms / millis_per_minute) + " minutes";
  }
  return std::to_string(duration_ms / 1000) + " seconds";
}

Verdict check_slots_of(const StateReader& state, const BlockContext& context,
                       const PlaceOrder& order) {
  const auto slot_ms = context.parameters.slot_ms;
  if (slot_start(order.first_slot, slot_ms) != order.first_slot) {
    return reject("bad_slot", "The first slot is not the start of a slot");
  }
  if (order.first_slot < first_open_slot(state, context.parameters, context.island_time)) {
    // Word for word what all programs have said as long as this could not be governed.
    return reject("gate_closed", "Orders for a slot are taken until " +
                                     in_words(context.parameters.gate_closure_ms) +
                                     " before its start");
  }
  if (order.first_slot.value - context.island_time.value > OrderLimits::max_ahead_ms) {
    return reject("bad_slot", "The first slot of an order is at most 7 days ahead");
  }
  return {};
}

/// energy × limit × slots that are not over, in nano-coins rounded up; within 128 bits by
/// check_payload's limits.
Wide worth(const BlockContext& context, const PlaceOrder& order) {
  const auto slot_ms = context.parameters.slot_ms;
  const auto now = slot_start(context.island_time, slot_ms);
  const auto over =
      std::clamp<std::int64_t>((now.value - order.first_slot.value) / slot_ms, 0, order.slots);
  const Wide per_slot = static_cast<Wide>(order.energy.nano()) * order.limit.nano();
  return (per_slot * (order.slots - over) + nano_per_unit - 1) / nano_per_unit;
}

/// What a participant may still promise: coins, those that are held for its bids among them, and
/// credit, less what it owes.
Wide spendable(const StateReader& state, const BlockContext& context, const ParticipantRef& ref) {
  Wide result = balance(state, participant_account(ref, asset_coins));
  const auto running = slot_start(context.island_time, context.parameters.slot_ms);
  result += held_for(state, ref, running).nano();
  if (current_supply(state).supplier) result += context.parameters.credit_limit.nano();
  return result - claims_on(state, ref).nano();
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const PlaceOrder& payload) {
  const ParticipantRef& ref = payload.participant;
  if (!find_participant(state, ref)) {
    return reject("unknown_participant", "Unknown participant " + to_text(ref));
  }
  if (ref.type == ParticipantType::bank) {
    return reject("not_allowed", "A Bank cannot trade energy");
  }
  if (auto wrong = check_slots_of(state, context, payload)) return wrong;
  const auto live = orders_of(state, ref);
  if (live.size() >= OrderLimits::max_live) {
    return reject("too_many_orders", "A participant has at most 64 live orders");
  }
  if (payload.side == OrderSide::buy) {
    // The same coins back one bid only.
    Wide promised = worth(context, payload);
    for (const auto& other : live) {
      if (other.order.side == OrderSide::buy) promised += worth(context, other.order);
    }
    if (promised > spendable(state, context, ref)) {
      return reject("insufficient_balance",
                    "Coins and credit do not cover this bid and the other live ones");
    }
  }
  put_order(state, {transaction.id, payload, context.block_time}, context.parameters.slot_ms);
  begin_forward(state, context.parameters, context.island_time);
  return {};
}

/// Slots whose gate has closed stay ordered.
Verdict execute(Overlay& state, const BlockContext& context, const Transaction&,
                const CancelOrder& payload) {
  const auto slot_ms = context.parameters.slot_ms;
  auto live = find_order(state, payload.participant, payload.order);
  if (!live) return reject("unknown_order", "There is no such live order");
  const auto first_open = first_open_slot(state, context.parameters, context.island_time);
  if (live->last_slot(slot_ms) < first_open) {
    return reject("gate_closed", "The gate of the order's last slot has closed");
  }
  cancel_order_from(state, *std::move(live), first_open, slot_ms);
  return {};
}

/// Counts at once; slots that are settled keep what they were settled by.
Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const SetCalendar& payload) {
  put_calendar(state, payload);
  return {};
}

}  // namespace powershare::ledger
