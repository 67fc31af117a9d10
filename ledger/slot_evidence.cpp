#include "ledger/slot_evidence.hpp"

#include "ledger/history.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_items = 4'000'000;
constexpr std::size_t max_text_bytes = 160;

void encode_optional(Encoder& out, const std::optional<Energy>& energy) {
  out.boolean(energy.has_value()).quantity(energy.value_or(Energy{}));
}
std::optional<Energy> decode_optional(Decoder& in) {
  const bool there = in.boolean();
  const auto energy = in.quantity<Energy>();
  return there ? std::optional(energy) : std::nullopt;
}

void encode_count(Encoder& out, std::size_t count) {
  out.u32(static_cast<std::uint32_t>(count));
}

void encode(Encoder& out, const market::Order& order) {
  out.text(order.id).u32(order.participant).u8(static_cast<std::uint8_t>(order.side));
  out.boolean(order.standing).boolean(order.green).boolean(order.only_green);
  out.quantity(order.energy).quantity(order.limit).time(order.accepted).raw(order.tie_key);
  encode_count(out, order.partners.size());
  for (const auto partner : order.partners) out.u32(partner);
}

market::Order decode_order(Decoder& in) {
  market::Order order;
  order.id = in.text(max_text_bytes);
  order.participant = in.u32();
  order.side = static_cast<market::Side>(in.u8());
  order.standing = in.boolean();
  order.green = in.boolean();
  order.only_green = in.boolean();
  order.energy = in.quantity<Energy>();
  order.limit = in.quantity<Price>();
  order.accepted = in.time();
  order.tie_key = in.array<32>();
  order.partners.resize(in.count(max_items, 4));
  for (auto& partner : order.partners) partner = in.u32();
  return order;
}

void encode(Encoder& out, const market::Book& book) {
  encode_count(out, book.participants.size());
  for (const auto& name : book.participants) out.text(name);
  encode_count(out, book.orders.size());
  for (const auto& order : book.orders) encode(out, order);
  out.quantity(book.tariff.buy).quantity(book.tariff.feed_in);
}

void decode(Decoder& in, market::Book& book) {
  book.participants.resize(in.count(max_items, 4));
  for (auto& name : book.participants) name = in.text(max_text_bytes);
  const auto orders = in.count(max_items, 60);
  for (std::uint32_t i = 0; i < orders && in.ok(); ++i) book.orders.push_back(decode_order(in));
  book.tariff.buy = in.quantity<Price>();
  book.tariff.feed_in = in.quantity<Price>();
}

void encode(Encoder& out, const market::Network& network) {
  encode_count(out, network.zones.size());
  for (const auto& zone : network.zones) {
    out.text(zone.id).u32(zone.parent).quantity(zone.fee).i64(zone.loss_nano);
    encode_optional(out, zone.max_export);
    encode_optional(out, zone.max_import);
  }
  encode_count(out, network.losses.size());
  for (const auto& loss : network.losses) out.u32(loss.from).u32(loss.to).i64(loss.loss_nano);
  encode_count(out, network.zone_of.size());
  for (const auto zone : network.zone_of) out.u32(zone);
  out.quantity(network.loss_price);
}

void decode(Decoder& in, market::Network& network) {
  network.zones.resize(in.count(max_items, 42));
  for (auto& zone : network.zones) {
    zone.id = in.text(max_text_bytes);
    zone.parent = in.u32();
    zone.fee = in.quantity<Price>();
    zone.loss_nano = in.i64();
    zone.max_export = decode_optional(in);
    zone.max_import = decode_optional(in);
  }
  network.losses.resize(in.count(max_items, 16));
  for (auto& loss : network.losses) {
    loss.from = in.u32();
    loss.to = in.u32();
    loss.loss_nano = in.i64();
  }
  network.zone_of.resize(in.count(max_items, 4));
  for (auto& zone : network.zone_of) zone = in.u32();
  network.loss_price = in.quantity<Price>();
}

/// 128 bits, the higher half first.
void encode(Encoder& out, market::Surplus surplus) {
  out.i64(static_cast<std::int64_t>(surplus >> 64)).u64(static_cast<std::uint64_t>(surplus));
}
market::Surplus decode_surplus(Decoder& in) {
  const auto high = in.i64();
  const auto low = in.u64();
  return static_cast<market::Surplus>(high) * (market::Surplus{1} << 64) + low;
}

void encode(Encoder& out, const market::Clearing& clearing) {
  out.text(clearing.rule);
  encode_count(out, clearing.trades.size());
  for (const auto& trade : clearing.trades) {
    out.u32(trade.buy).u32(trade.sell).quantity(trade.energy);
    out.quantity(trade.price).quantity(trade.fees).quantity(trade.losses);
  }
  encode_count(out, clearing.unmatched.size());
  for (const Energy energy : clearing.unmatched) out.quantity(energy);
  const market::Certificate certificate = clearing.certificate.value_or(market::Certificate{});
  encode_count(out, certificate.prices.size());
  for (const Price price : certificate.prices) out.quantity(price);
  encode(out, certificate.surplus);
  encode(out, certificate.bound);
}

void decode(Decoder& in, market::Clearing& clearing) {
  clearing.rule = in.text(max_text_bytes);
  clearing.trades.resize(in.count(max_items, 40));
  __extension__ using Wide = __int128;
  Wide volume = 0;
  for (auto& trade : clearing.trades) {
    trade.buy = in.u32();
    trade.sell = in.u32();
    trade.energy = in.quantity<Energy>();
    trade.price = in.quantity<Price>();
    trade.fees = in.quantity<Price>();
    trade.losses = in.quantity<Price>();
    volume += trade.energy.nano();
  }
  if (volume < 0 || volume > INT64_MAX) return in.fail();
  clearing.volume = Energy::from_nano(static_cast<std::int64_t>(volume));
  clearing.unmatched.resize(in.count(max_items, 8));
  for (Energy& energy : clearing.unmatched) energy = in.quantity<Energy>();
  market::Certificate certificate;
  certificate.prices.resize(in.count(max_items, 8));
  for (Price& price : certificate.prices) price = in.quantity<Price>();
  certificate.surplus = decode_surplus(in);
  certificate.bound = decode_surplus(in);
  clearing.certificate = std::move(certificate);
}

}  // namespace

HistoryRow evidence_row(UtcMillis slot, const SlotEvidence& evidence) {
  Encoder value;
  encode(value, evidence.book);
  encode(value, evidence.network);
  encode(value, evidence.clearing);
  return {std::string(history_table::certificates), history_key::time(slot),
          std::move(value).take()};
}

HistoryRow no_evidence_row(UtcMillis slot) {
  return {std::string(history_table::certificates), history_key::time(slot), std::nullopt};
}

Result<SlotEvidence> parse_evidence_row(ByteView value) {
  Decoder in(value);
  SlotEvidence evidence;
  decode(in, evidence.book);
  decode(in, evidence.network);
  decode(in, evidence.clearing);
  if (!in.finished()) return Error{LedgerError::malformed, "not a row of certificates"};
  return evidence;
}

}  // namespace powershare::ledger
