#include "ledger/history.hpp"

#include "ledger/records.hpp"
#include "ledger/slot_record.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_trades = 1'000'000;
constexpr std::size_t max_text_bytes = 128;

void put_text(Encoder& out, std::string_view text) {
  out.raw(as_bytes(text)).u8(0);
}

std::string take_text(Decoder& in) {
  std::string text;
  while (text.size() <= max_text_bytes) {
    const auto byte = in.u8();
    if (!in.ok() || byte == 0) return text;
    text.push_back(static_cast<char>(byte));
  }
  in.fail();
  return {};
}

void put_participant(Encoder& out, const ParticipantRef& ref) {
  out.u8(static_cast<std::uint8_t>(ref.type));
  put_text(out, ref.id.text());
}

ParticipantRef take_participant(Decoder& in) {
  const auto type = static_cast<ParticipantType>(in.u8());
  auto id = ParticipantId::parse(take_text(in));
  if (!id || type < ParticipantType::resident || type > ParticipantType::utility_company) {
    in.fail();
    return {};
  }
  return {type, *std::move(id)};
}

MeterId take_meter(Decoder& in) {
  auto meter = MeterId::parse(take_text(in));
  if (!meter) in.fail();
  return meter ? *std::move(meter) : MeterId();
}

void encode(Encoder& out, const SettledTrade& trade) {
  put_participant(out, trade.buyer);
  put_participant(out, trade.seller);
  out.quantity(trade.energy).quantity(trade.price).quantity(trade.amount);
  const bool over_network = !trade.fees.empty() || !trade.lost.is_zero();
  const unsigned flags = (trade.bid_ordered ? 0x10U : 0U) | (trade.offer_ordered ? 0x20U : 0U) |
                         (over_network ? 0x40U : 0U) | (trade.forward ? 0x80U : 0U) |
                         (trade.covers_short ? 0x04U : 0U) | (trade.sells_unused ? 0x08U : 0U);
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(trade.venue) | flags));
  if (over_network) {
    out.quantity(trade.losses).quantity(trade.lost);
    out.u32(static_cast<std::uint32_t>(trade.fees.size()));
    for (const LevelFee& fee : trade.fees) out.text(fee.zone).quantity(fee.amount);
  }
  if (trade.covers_short) out.quantity(trade.buyer_margin);
  if (trade.sells_unused) out.quantity(trade.seller_margin);
}

void decode_network(Decoder& in, SettledTrade& trade) {
  trade.losses = in.quantity<Coins>();
  trade.lost = in.quantity<Energy>();
  const auto count = in.count(max_trades, 12);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    std::string zone(in.text(max_text_bytes));
    trade.fees.push_back({std::move(zone), in.quantity<Coins>()});
  }
}

SettledTrade decode_trade(Decoder& in) {
  SettledTrade trade;
  trade.buyer = take_participant(in);
  trade.seller = take_participant(in);
  trade.energy = in.quantity<Energy>();
  trade.price = in.quantity<Price>();
  trade.amount = in.quantity<Coins>();
  const unsigned venue = in.u8();
  trade.venue = static_cast<Venue>(venue & 0x03U);
  trade.bid_ordered = (venue & 0x10U) != 0;
  trade.offer_ordered = (venue & 0x20U) != 0;
  trade.forward = (venue & 0x80U) != 0;
  trade.covers_short = (venue & 0x04U) != 0;
  trade.sells_unused = (venue & 0x08U) != 0;
  if (trade.venue < Venue::local || trade.venue > Venue::utility) in.fail();
  if ((venue & 0x40U) != 0) decode_network(in, trade);
  if (trade.covers_short) trade.buyer_margin = in.quantity<Coins>();
  if (trade.sells_unused) trade.seller_margin = in.quantity<Coins>();
  return trade;
}

HistoryRow row(std::string_view table, Encoder key, Encoder value) {
  return {std::string(table), std::move(key).take(), std::move(value).take()};
}

template <class Row>
Result<Row> parsed(Row result, const Decoder& key, const Decoder& value) {
  if (!key.finished() || !value.finished()) {
    return Error{LedgerError::malformed, "not a row of history"};
  }
  return result;
}

}  // namespace

HistoryRow slot_row(const SlotRow& slot) {
  Encoder key;
  key.time(slot.start);
  Encoder value;
  value.text(slot.rule).boolean(slot.clearing_price.has_value());
  value.quantity(slot.clearing_price.value_or(Price{}));
  value.quantity(slot.imported).quantity(slot.exported).quantity(slot.traded);
  value.quantity(slot.from_utility).quantity(slot.to_utility);
  value.u32(slot.missing_meters).u32(slot.trades).u32(slot.pairs);
  return row(history_table::slots, std::move(key), std::move(value));
}

Result<SlotRow> parse_slot_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  SlotRow slot;
  slot.start = key.time();
  slot.rule = in.text(max_text_bytes);
  const bool has_price = in.boolean();
  const auto price = in.quantity<Price>();
  if (has_price) slot.clearing_price = price;
  slot.imported = in.quantity<Energy>();
  slot.exported = in.quantity<Energy>();
  slot.traded = in.quantity<Energy>();
  slot.from_utility = in.quantity<Energy>();
  slot.to_utility = in.quantity<Energy>();
  slot.missing_meters = in.u32();
  slot.trades = in.u32();
  slot.pairs = in.u32();
  return parsed(std::move(slot), key, in);
}

HistoryRow trade_row(const TradeRow& trade) {
  Encoder key;
  key.time(trade.slot).u32(trade.index);
  Encoder value;
  encode(value, trade.trade);
  return row(history_table::trades, std::move(key), std::move(value));
}

HistoryRow no_trade_row(UtcMillis slot, std::uint32_t index) {
  return {std::string(history_table::trades), Encoder().time(slot).u32(index).data(), std::nullopt};
}

Result<TradeRow> parse_trade_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  TradeRow trade;
  trade.slot = key.time();
  trade.index = key.u32();
  trade.trade = decode_trade(in);
  return parsed(std::move(trade), key, in);
}

HistoryRow participant_slot_row(const ParticipantSlotRow& slot) {
  Encoder key;
  put_participant(key, slot.participant);
  key.time(slot.slot);
  Encoder value;
  value.text(slot.supply.supplier ? slot.supply.supplier->text() : "");
  value.quantity(slot.supply.tariff).quantity(slot.supply.feed_in);
  encode(value, slot.settled);
  value.u32(static_cast<std::uint32_t>(slot.trades.size()));
  for (const TradeRow& trade : slot.trades) {
    value.u32(trade.index);
    encode(value, trade.trade);
  }
  const bool committed = !slot.settled.forward.empty();
  if (slot.settled.over_network() || committed) {
    value.quantity(slot.settled.fees).quantity(slot.settled.losses).quantity(slot.settled.lost);
  }
  if (committed) encode(value, slot.settled.forward);
  return row(history_table::participant_slots, std::move(key), std::move(value));
}

Result<ParticipantSlotRow> parse_participant_slot_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  ParticipantSlotRow slot;
  slot.participant = take_participant(key);
  slot.slot = key.time();
  const auto supplier = in.text(max_text_bytes);
  if (!supplier.empty()) {
    auto id = ParticipantId::parse(supplier);
    if (!id) return id.error();
    slot.supply.supplier = *std::move(id);
  }
  slot.supply.tariff = in.quantity<Price>();
  slot.supply.feed_in = in.quantity<Price>();
  slot.settled = decode_settled(in);
  const auto count = in.count(max_trades, 4);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    TradeRow trade;
    trade.slot = slot.slot;
    trade.index = in.u32();
    trade.trade = decode_trade(in);
    slot.trades.push_back(std::move(trade));
  }
  if (!in.finished()) {
    slot.settled.fees = in.quantity<Coins>();
    slot.settled.losses = in.quantity<Coins>();
    slot.settled.lost = in.quantity<Energy>();
  }
  if (!in.finished()) slot.settled.forward = decode_forward(in);
  return parsed(std::move(slot), key, in);
}

HistoryRow reading_row(const SlotReading& reading) {
  Encoder key;
  put_text(key, reading.meter.text());
  key.time(reading.start);
  Encoder value;
  value.u64(reading.sequence).u32(reading.seconds);
  value.quantity(reading.imported).quantity(reading.exported).quantity(reading.produced);
  value.boolean(reading.battery.has_value()).quantity(reading.battery.value_or(Energy{}));
  value.boolean(reading.was_signed).boolean(reading.split).boolean(reading.corrected);
  if (reading.quarantined) value.boolean(true);
  return row(history_table::readings, std::move(key), std::move(value));
}

Result<SlotReading> parse_reading_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  SlotReading reading;
  reading.meter = take_meter(key);
  reading.start = key.time();
  reading.sequence = in.u64();
  reading.seconds = in.u32();
  reading.imported = in.quantity<Energy>();
  reading.exported = in.quantity<Energy>();
  reading.produced = in.quantity<Energy>();
  const bool has_battery = in.boolean();
  const auto battery = in.quantity<Energy>();
  if (has_battery) reading.battery = battery;
  reading.was_signed = in.boolean();
  reading.split = in.boolean();
  reading.corrected = in.boolean();
  if (!in.finished()) reading.quarantined = in.boolean();
  return parsed(std::move(reading), key, in);
}

HistoryRow late_row(const LateRow& late) {
  Encoder key;
  put_participant(key, late.participant);
  key.time(late.slot);
  put_text(key, late.meter.text());
  key.time(late.start);
  Encoder value;
  value.time(late.settled_at).quantity(late.from_utility).quantity(late.to_utility);
  value.quantity(late.charge).quantity(late.credit);
  return row(history_table::late, std::move(key), std::move(value));
}

Result<LateRow> parse_late_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  LateRow late;
  late.participant = take_participant(key);
  late.slot = key.time();
  late.meter = take_meter(key);
  late.start = key.time();
  late.settled_at = in.time();
  late.from_utility = in.quantity<Energy>();
  late.to_utility = in.quantity<Energy>();
  late.charge = in.quantity<Coins>();
  late.credit = in.quantity<Coins>();
  return parsed(std::move(late), key, in);
}

HistoryRow order_slot_row(const OrderSlotRow& order) {
  const OrderOutcome& outcome = order.outcome;
  Encoder key;
  put_participant(key, outcome.participant);
  key.time(order.slot).raw(outcome.order);
  Encoder value;
  value.u8(static_cast<std::uint8_t>(outcome.side)).boolean(outcome.settled);
  value.quantity(outcome.ordered).quantity(outcome.limit);
  value.quantity(outcome.committed).quantity(outcome.amount);
  value.quantity(outcome.spot).quantity(outcome.spot_amount);
  value.quantity(outcome.deviation).quantity(outcome.deviation_cost);
  return row(history_table::order_slots, std::move(key), std::move(value));
}

Result<OrderSlotRow> parse_order_slot_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  OrderSlotRow order;
  OrderOutcome& outcome = order.outcome;
  outcome.participant = take_participant(key);
  order.slot = key.time();
  outcome.order = key.array<32>();
  outcome.side = static_cast<OrderSide>(in.u8());
  if (outcome.side < OrderSide::sell || outcome.side > OrderSide::buy) in.fail();
  outcome.settled = in.boolean();
  outcome.ordered = in.quantity<Energy>();
  outcome.limit = in.quantity<Price>();
  outcome.committed = in.quantity<Energy>();
  outcome.amount = in.quantity<Coins>();
  outcome.spot = in.quantity<Energy>();
  outcome.spot_amount = in.quantity<Coins>();
  outcome.deviation = in.quantity<Energy>();
  outcome.deviation_cost = in.quantity<Coins>();
  return parsed(std::move(order), key, in);
}

namespace history_key {
Bytes time(UtcMillis time) {
  return Encoder().time(time).data();
}
Bytes participant(const ParticipantRef& ref) {
  Encoder key;
  put_participant(key, ref);
  return std::move(key).take();
}
Bytes meter(const MeterId& meter) {
  Encoder key;
  put_text(key, meter.text());
  return std::move(key).take();
}
}  // namespace history_key

}  // namespace powershare::ledger
