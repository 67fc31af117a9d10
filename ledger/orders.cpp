#include "ledger/orders.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

Bytes order_key(UtcMillis last_slot, const Digest& id) {
  return state_key::Builder(StateTable::order).time(last_slot).raw(id).take();
}
Bytes owner_key(const ParticipantRef& participant, const Digest& id) {
  return state_key::Builder(StateTable::order_of).participant(participant).raw(id).take();
}

Bytes encoded_order(const LiveOrder& live) {
  const PlaceOrder& order = live.order;
  Encoder out;
  encode(out, order.participant);
  out.u8(static_cast<std::uint8_t>(order.side)).time(order.first_slot).u16(order.slots);
  out.quantity(order.energy).quantity(order.limit);
  encode(out, order.partners);
  out.boolean(order.only_renewable).time(live.accepted);
  return std::move(out).take();
}

LiveOrder decode_order(const Digest& id, ByteView value) {
  Decoder in(value);
  LiveOrder live;
  live.id = id;
  PlaceOrder& order = live.order;
  order.participant = decode_participant_ref(in);
  order.side = static_cast<OrderSide>(in.u8());
  order.first_slot = in.time();
  order.slots = in.u16();
  order.energy = in.quantity<Energy>();
  order.limit = in.quantity<Price>();
  order.partners = decode_participant_refs(in);
  order.only_renewable = in.boolean();
  live.accepted = in.time();
  PS_ASSERT(in.finished());  // our own record
  return live;
}

LiveOrder order_at(const StateReader& state, ByteView last_slot, const Digest& id) {
  Decoder in(last_slot);
  const auto value = state.get(order_key(in.time(), id));
  PS_ASSERT(in.finished() && value.has_value());  // the two tables say the same
  return decode_order(id, *value);
}

/// Orders whose last slot is `from` or later, by last slot and id, until `visit` returns false.
void for_each_order_from(const StateReader& state, UtcMillis from,
                         const std::function<bool(UtcMillis, const LiveOrder&)>& visit) {
  state.scan(state_key::table(StateTable::order), Encoder().time(from).data(),
             [&](ByteView key, ByteView value) {
               state_key::Reader in(key);
               const UtcMillis last_slot = in.time();
               return visit(last_slot, decode_order(in.digest(), value));
             });
}

}  // namespace

UtcMillis gate_of(const Parameters& parameters, UtcMillis slot) {
  return {slot.value - parameters.gate_closure_ms};
}

std::optional<LiveOrder> find_order(const StateReader& state, const ParticipantRef& participant,
                                    const Digest& id) {
  const auto last_slot = state.get(owner_key(participant, id));
  if (!last_slot) return std::nullopt;
  return order_at(state, *last_slot, id);
}

std::vector<LiveOrder> orders_of(const StateReader& state, const ParticipantRef& participant) {
  std::vector<LiveOrder> result;
  state.scan(state_key::Builder(StateTable::order_of).participant(participant).take(), {},
             [&](ByteView key, ByteView value) {
               state_key::Reader in(key);
               in.participant();
               result.push_back(order_at(state, value, in.digest()));
               return true;
             });
  return result;
}

void for_each_order_in(const StateReader& state, UtcMillis slot, std::int64_t slot_ms,
                       const std::function<void(const LiveOrder&)>& visit) {
  for_each_order_from(state, slot, [&](UtcMillis last_slot, const LiveOrder& live) {
    PS_ASSERT(last_slot == live.last_slot(slot_ms));  // its key
    if (live.order.first_slot <= slot) visit(live);
    return true;
  });
}

std::optional<UtcMillis> first_ordered_slot(const StateReader& state, UtcMillis from,
                                            UtcMillis to) {
  std::optional<UtcMillis> first;
  for_each_order_from(state, from, [&](UtcMillis, const LiveOrder& live) {
    const UtcMillis slot = std::max(from, live.order.first_slot);
    if (slot < to && (!first || slot < *first)) first = slot;
    return first != from;
  });
  return first;
}

OrderTerms order_terms(const LiveOrder& live) {
  const PlaceOrder& order = live.order;
  return {live.id,       order.side,     order.energy,        order.limit,
          live.accepted, order.partners, order.only_renewable};
}

std::vector<const OrderTerms*> best_first(const std::vector<OrderTerms>& orders, OrderSide side) {
  std::vector<const OrderTerms*> result;
  for (const OrderTerms& order : orders) {
    if (order.side == side) result.push_back(&order);
  }
  std::sort(result.begin(), result.end(), [side](const OrderTerms* a, const OrderTerms* b) {
    if (a->limit != b->limit)
      return side == OrderSide::buy ? b->limit < a->limit : a->limit < b->limit;
    return a->accepted != b->accepted ? a->accepted < b->accepted : a->id < b->id;
  });
  return result;
}

void put_order(Overlay& state, const LiveOrder& order, std::int64_t slot_ms) {
  const UtcMillis last_slot = order.last_slot(slot_ms);
  state.put(order_key(last_slot, order.id), encoded_order(order));
  state.put(owner_key(order.order.participant, order.id), Encoder().time(last_slot).data());
}

void cancel_order_from(Overlay& state, LiveOrder live, UtcMillis slot, std::int64_t slot_ms) {
  PlaceOrder& order = live.order;
  if (live.last_slot(slot_ms) < slot) return;
  state.erase(order_key(live.last_slot(slot_ms), live.id));
  state.erase(owner_key(order.participant, live.id));
  if (slot <= order.first_slot) return;
  const auto kept = (slot.value - order.first_slot.value + slot_ms - 1) / slot_ms;
  order.slots = static_cast<std::uint16_t>(kept);  // fewer than before
  put_order(state, live, slot_ms);
}

void forget_orders_before(Overlay& state, UtcMillis slot) {
  std::vector<std::pair<Bytes, Bytes>> keys;
  state.scan(state_key::table(StateTable::order), {}, [&](ByteView key, ByteView value) {
    state_key::Reader in(key);
    if (in.time() >= slot) return false;
    const auto id = in.digest();
    keys.emplace_back(to_bytes(key), owner_key(decode_order(id, value).order.participant, id));
    return keys.size() < OrderLimits::max_forgotten_per_block;
  });
  for (auto& [order, owner] : keys) {
    state.erase(std::move(order));
    state.erase(std::move(owner));
  }
}

}  // namespace powershare::ledger
