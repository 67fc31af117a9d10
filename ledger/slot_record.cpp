#include "ledger/slot_record.hpp"

#include "base/assert.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_participants = 1'000'000;
constexpr std::uint32_t max_meters = 1'000'000;
constexpr std::size_t max_text_bytes = 128;

Bytes slot_key(UtcMillis start) {
  return state_key::Builder(StateTable::slot).time(start).take();
}
Bytes mark_key(UtcMillis start) {
  return state_key::Builder(StateTable::slot_part).time(start).take();
}

void encode_terms(Encoder& out, const Terms& terms) {
  encode(out, terms.participant);
  out.boolean(terms.buys).boolean(terms.sells);
  out.quantity(terms.buy_limit).quantity(terms.sell_limit).quantity(terms.capacity);
}

void encode_order(Encoder& out, const OrderTerms& order) {
  out.raw(order.id).u8(static_cast<std::uint8_t>(order.side));
  out.quantity(order.energy).quantity(order.limit).time(order.accepted);
  encode(out, order.partners);
  out.boolean(order.only_renewable);
}

OrderTerms decode_order(Decoder& in) {
  OrderTerms order;
  order.id = in.array<32>();
  order.side = static_cast<OrderSide>(in.u8());
  order.energy = in.quantity<Energy>();
  order.limit = in.quantity<Price>();
  order.accepted = in.time();
  order.partners = decode_participant_refs(in);
  order.only_renewable = in.boolean();
  return order;
}

void encode_wishes(Encoder& out, const Wishes& wishes) {
  encode(out, wishes.sell_partners);
  encode(out, wishes.buy_partners);
  out.boolean(wishes.only_renewable).quantity(wishes.battery_reserve);
  out.u8(static_cast<std::uint8_t>(wishes.orders.size()));
  for (const OrderTerms& order : wishes.orders) encode_order(out, order);
}

Wishes decode_wishes(Decoder& in) {
  Wishes wishes;
  wishes.sell_partners = decode_participant_refs(in);
  wishes.buy_partners = decode_participant_refs(in);
  wishes.only_renewable = in.boolean();
  wishes.battery_reserve = in.quantity<Energy>();
  const std::size_t orders = in.u8();
  for (std::size_t i = 0; i < orders; ++i) wishes.orders.push_back(decode_order(in));
  return wishes;
}

/// What only some participants have, behind the list of all.
void encode_all_wishes(Encoder& out, const std::vector<Terms>& all) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (!all[i].wishes.empty()) positions.push_back(i);
  }
  out.u32(static_cast<std::uint32_t>(positions.size()));
  for (const std::uint32_t position : positions) {
    out.u32(position);
    encode_wishes(out, all[position].wishes);
  }
}

void decode_all_wishes(Decoder& in, std::vector<Terms>& all) {
  const auto count = in.count(max_participants, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto position = in.u32();
    PS_ASSERT(position < all.size());  // our own record
    all[position].wishes = decode_wishes(in);
  }
}

/// By which grid, and what it brought those who bought over it.
void encode_network(Encoder& out, const SlotRecord& record) {
  out.u64(record.network.version).u16(record.network.minute_of_week);
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < record.settled.size(); ++i) {
    if (record.settled[i].over_network()) positions.push_back(i);
  }
  out.u32(static_cast<std::uint32_t>(positions.size()));
  for (const std::uint32_t position : positions) {
    const Settled& settled = record.settled[position];
    out.u32(position).quantity(settled.fees).quantity(settled.losses).quantity(settled.lost);
  }
}

void decode_network(Decoder& in, SlotRecord& record) {
  record.network.version = in.u64();
  record.network.minute_of_week = in.u16();
  const auto count = in.count(max_participants, 28);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto position = in.u32();
    PS_ASSERT(position < record.settled.size());  // our own record
    Settled& settled = record.settled[position];
    settled.fees = in.quantity<Coins>();
    settled.losses = in.quantity<Coins>();
    settled.lost = in.quantity<Energy>();
  }
}

/// What came of commitments.
void encode_forwards(Encoder& out, const SlotRecord& record) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < record.settled.size(); ++i) {
    if (!record.settled[i].forward.empty()) positions.push_back(i);
  }
  out.u32(static_cast<std::uint32_t>(positions.size()));
  for (const std::uint32_t position : positions) {
    out.u32(position);
    encode(out, record.settled[position].forward);
  }
}

void decode_forwards(Decoder& in, SlotRecord& record) {
  const auto count = in.count(max_participants, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto position = in.u32();
    PS_ASSERT(position < record.settled.size());  // our own record
    record.settled[position].forward = decode_forward(in);
  }
}

Terms decode_terms(Decoder& in) {
  Terms terms;
  terms.participant = decode_participant_ref(in);
  terms.buys = in.boolean();
  terms.sells = in.boolean();
  terms.buy_limit = in.quantity<Price>();
  terms.sell_limit = in.quantity<Price>();
  terms.capacity = in.quantity<Coins>();
  return terms;
}

SlotRecord decode_slot(UtcMillis start, ByteView value) {
  Decoder in(value);
  SlotRecord record;
  record.start = start;
  record.rule = in.text(max_text_bytes);
  const auto supplier = in.text(max_text_bytes);
  if (!supplier.empty()) {
    auto id = ParticipantId::parse(supplier);
    PS_ASSERT(id.ok());
    record.supply.supplier = *std::move(id);
  }
  record.supply.tariff = in.quantity<Price>();
  record.supply.feed_in = in.quantity<Price>();
  record.trades = in.u32();
  const auto count = in.count(max_participants, 1);
  for (std::uint32_t i = 0; i < count; ++i) {
    record.terms.push_back(decode_terms(in));
    record.settled.push_back(decode_settled(in));
  }
  if (!in.finished()) {
    decode_all_wishes(in, record.terms);
    const auto meters = in.count(max_meters, 5);
    for (std::uint32_t i = 0; i < meters; ++i) {
      auto meter = MeterId::parse(in.text(max_text_bytes));
      PS_ASSERT(meter.ok());
      record.quarantined.push_back(*std::move(meter));
    }
    if (!in.finished()) decode_network(in, record);
    if (!in.finished()) decode_forwards(in, record);
  }
  PS_ASSERT(in.finished());  // our own record
  return record;
}

}  // namespace

void encode(Encoder& out, const Settled& settled) {
  out.quantity(settled.imported).quantity(settled.exported).quantity(settled.produced);
  out.quantity(settled.bought).quantity(settled.sold);
  out.quantity(settled.from_utility).quantity(settled.to_utility);
  out.quantity(settled.paid).quantity(settled.earned);
  out.quantity(settled.utility_charge).quantity(settled.utility_credit);
}

Settled decode_settled(Decoder& in) {
  Settled settled;
  for (Energy* energy : {&settled.imported, &settled.exported, &settled.produced, &settled.bought,
                         &settled.sold, &settled.from_utility, &settled.to_utility}) {
    *energy = in.quantity<Energy>();
  }
  for (Coins* coins :
       {&settled.paid, &settled.earned, &settled.utility_charge, &settled.utility_credit}) {
    *coins = in.quantity<Coins>();
  }
  return settled;
}

void encode(Encoder& out, const Forward& forward) {
  out.quantity(forward.bought).quantity(forward.sold);
  out.quantity(forward.short_local).quantity(forward.short_utility);
  out.quantity(forward.unused_local).quantity(forward.unused_utility);
  out.quantity(forward.paid).quantity(forward.utility_charge);
  out.quantity(forward.earned).quantity(forward.utility_credit).quantity(forward.margin);
}

Forward decode_forward(Decoder& in) {
  Forward forward;
  for (Energy* energy : {&forward.bought, &forward.sold, &forward.short_local,
                         &forward.short_utility, &forward.unused_local, &forward.unused_utility}) {
    *energy = in.quantity<Energy>();
  }
  for (Coins* coins : {&forward.paid, &forward.utility_charge, &forward.earned,
                       &forward.utility_credit, &forward.margin}) {
    *coins = in.quantity<Coins>();
  }
  return forward;
}

Bytes SlotRecord::encode() const {
  PS_ASSERT(terms.size() == settled.size());
  Encoder out;
  out.text(rule).text(supply.supplier ? supply.supplier->text() : "");
  out.quantity(supply.tariff).quantity(supply.feed_in).u32(trades);
  out.u32(static_cast<std::uint32_t>(terms.size()));
  for (std::size_t i = 0; i < terms.size(); ++i) {
    encode_terms(out, terms[i]);
    ledger::encode(out, settled[i]);
  }
  // The record of levels 1 and 2 ends here: a slot without wishes, quarantined meters and a network
  // keeps it.
  const bool wishes = std::any_of(terms.begin(), terms.end(),
                                  [](const Terms& each) { return !each.wishes.empty(); });
  const bool over_network =
      network.version != 0 || std::any_of(settled.begin(), settled.end(),
                                          [](const Settled& each) { return each.over_network(); });
  const bool committed = std::any_of(settled.begin(), settled.end(),
                                     [](const Settled& each) { return !each.forward.empty(); });
  if (!wishes && quarantined.empty() && !over_network && !committed) return std::move(out).take();
  encode_all_wishes(out, terms);
  out.u32(static_cast<std::uint32_t>(quarantined.size()));
  for (const MeterId& meter : quarantined) out.text(meter.text());
  // Since level 4.
  if (over_network || committed) encode_network(out, *this);
  if (committed) encode_forwards(out, *this);
  return std::move(out).take();
}

std::optional<SlotRecord> find_slot(const StateReader& state, UtcMillis start) {
  const auto value = state.get(slot_key(start));
  if (!value) return std::nullopt;
  return decode_slot(start, *value);
}

void put_slot(Overlay& state, const SlotRecord& record) {
  state.put(slot_key(record.start), record.encode());
}

void erase_slot(Overlay& state, UtcMillis start) {
  state.erase(slot_key(start));
}

std::optional<UtcMillis> next_slot_record(const StateReader& state, UtcMillis from) {
  std::optional<UtcMillis> result;
  state.scan(state_key::table(StateTable::slot), Encoder().time(from).data(),
             [&](ByteView key, ByteView) {
               result = state_key::Reader(key).time();
               return false;
             });
  return result;
}

void for_each_slot(const StateReader& state, const std::function<bool(const SlotRecord&)>& visit) {
  state.scan(state_key::table(StateTable::slot), {}, [&](ByteView key, ByteView value) {
    return visit(decode_slot(state_key::Reader(key).time(), value));
  });
}

void mark_to_clear_again(Overlay& state, UtcMillis slot) {
  state.put(mark_key(slot), Bytes{1});
}

void unmark(Overlay& state, UtcMillis slot) {
  state.erase(mark_key(slot));
}

std::vector<UtcMillis> to_clear_again(const StateReader& state, std::size_t limit) {
  std::vector<UtcMillis> result;
  state.scan(state_key::table(StateTable::slot_part), {}, [&](ByteView key, ByteView) {
    result.push_back(state_key::Reader(key).time());
    return result.size() < limit;
  });
  return result;
}

bool is_marked(const StateReader& state, UtcMillis slot) {
  return state.get(mark_key(slot)).has_value();
}

}  // namespace powershare::ledger
