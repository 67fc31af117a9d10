#include "ledger/records.hpp"

#include "base/assert.hpp"
#include "ledger/calendar.hpp"
#include "ledger/network.hpp"
#include "ledger/sharing.hpp"
#include "ledger/tariffs.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

void encode_optional_time(Encoder& out, const std::optional<UtcMillis>& time) {
  out.boolean(time.has_value()).time(time.value_or(UtcMillis{}));
}

std::optional<UtcMillis> decode_optional_time(Decoder& in) {
  const bool present = in.boolean();
  const auto time = in.time();
  if (!present && time.value != 0) in.fail();
  return present ? std::optional(time) : std::nullopt;
}

void encode_optional_price(Encoder& out, const std::optional<Price>& price) {
  out.boolean(price.has_value()).quantity(price.value_or(Price{}));
}

std::optional<Price> decode_optional_price(Decoder& in) {
  const bool present = in.boolean();
  const auto price = in.quantity<Price>();
  if (!present && !price.is_zero()) in.fail();
  return present ? std::optional(price) : std::nullopt;
}

template <class Id>
Id decode_id(Decoder& in, std::size_t max_bytes) {
  auto id = Id::parse(in.text(max_bytes));
  if (id) return *std::move(id);
  in.fail();
  return {};
}

/// Empty text for none.
template <class Id>
std::optional<Id> decode_optional_id(Decoder& in, std::size_t max_bytes) {
  const auto text = in.text(max_bytes);
  if (text.empty()) return std::nullopt;
  auto id = Id::parse(text);
  if (id) return *std::move(id);
  in.fail();
  return std::nullopt;
}

template <class Enum>
Enum decode_enum(Decoder& in, Enum last) {
  const auto value = in.u8();
  if (value < 1 || value > static_cast<std::uint8_t>(last)) in.fail();
  return static_cast<Enum>(value);
}

bool has_rules(const SetCriteria& criteria) {
  return !criteria.sell_rules.empty() || !criteria.buy_rules.empty() || criteria.automatic ||
         !criteria.battery_reserve.is_zero() || criteria.only_renewable ||
         criteria.pay_more_for_green;
}

}  // namespace

void encode(Encoder& out, const ParticipantRef& ref) {
  out.u8(static_cast<std::uint8_t>(ref.type)).text(ref.id.text());
}

ParticipantRef decode_participant_ref(Decoder& in) {
  ParticipantRef ref;
  ref.type = decode_enum(in, ParticipantType::utility_company);
  ref.id = decode_id<ParticipantId>(in, 128);
  return ref;
}

void encode(Encoder& out, const std::vector<ParticipantRef>& refs) {
  PS_ASSERT(refs.size() <= 255);
  out.u8(static_cast<std::uint8_t>(refs.size()));
  for (const auto& ref : refs) encode(out, ref);
}

std::vector<ParticipantRef> decode_participant_refs(Decoder& in) {
  std::vector<ParticipantRef> refs(in.u8());
  for (auto& ref : refs) ref = decode_participant_ref(in);
  return refs;
}

void encode(Encoder& out, const Participant& participant) {
  encode(out, participant.ref);
  out.quantity(participant.buy_rate)
      .quantity(participant.sell_rate)
      .text(participant.owner ? participant.owner->text() : std::string())
      .u8(static_cast<std::uint8_t>(participant.vehicle_type))
      .text(participant.brand)
      .text(participant.model)
      .text(participant.name)
      .boolean(participant.supplier)
      .quantity(participant.tariff)
      .quantity(participant.feed_in)
      .raw(participant.profile);
}

Participant decode_participant(Decoder& in) {
  Participant participant;
  participant.ref = decode_participant_ref(in);
  participant.buy_rate = in.quantity<Price>();
  participant.sell_rate = in.quantity<Price>();
  participant.owner = decode_optional_id<ParticipantId>(in, 128);
  participant.vehicle_type = decode_enum(in, VehicleType::bike);
  participant.brand = in.text(max_label_bytes);
  participant.model = in.text(max_label_bytes);
  participant.name = in.text(max_label_bytes);
  participant.supplier = in.boolean();
  participant.tariff = in.quantity<Price>();
  participant.feed_in = in.quantity<Price>();
  participant.profile = in.array<32>();
  return participant;
}

void encode(Encoder& out, const ParticipantRecord& record) {
  encode(out, record.participant);
  out.time(record.since);
  encode_optional_time(out, record.closed);
}

ParticipantRecord decode_participant_record(Decoder& in) {
  ParticipantRecord record;
  record.participant = decode_participant(in);
  record.since = in.time();
  record.closed = decode_optional_time(in);
  return record;
}

void encode(Encoder& out, const MeterRecord& record) {
  out.text(record.meter.text());
  encode(out, record.owner);
  out.boolean(record.public_key.has_value())
      .raw(record.public_key.value_or(PublicKey{}))
      .text(record.parent ? record.parent->text() : std::string())
      .u8(static_cast<std::uint8_t>(record.kind))
      .i64(record.plant_watts)
      .text(record.cpe)
      .time(record.active_from);
  encode_optional_time(out, record.retired);
  // The record of level 1 ends here: a meter that never changed keeps it.
  if (record.former.empty()) return;
  out.u32(static_cast<std::uint32_t>(record.former.size()));
  for (const auto& former : record.former) {
    out.time(former.until);
    encode(out, former.owner);
    out.boolean(former.public_key.has_value()).raw(former.public_key.value_or(PublicKey{}));
  }
}

MeterRecord decode_meter_record(Decoder& in) {
  MeterRecord record;
  record.meter = decode_id<MeterId>(in, 64);
  record.owner = decode_participant_ref(in);
  const bool has_key = in.boolean();
  const auto key = in.array<32>();
  if (has_key) record.public_key = key;
  record.parent = decode_optional_id<MeterId>(in, 64);
  record.kind = decode_enum(in, MeterKind::transformer);
  record.plant_watts = in.i64();
  record.cpe = in.text(max_cpe_bytes);
  record.active_from = in.time();
  record.retired = decode_optional_time(in);
  if (in.finished()) return record;
  record.former.resize(in.count(MeterRecord::max_former, 14));
  for (auto& former : record.former) {
    former.until = in.time();
    former.owner = decode_participant_ref(in);
    const bool had_key = in.boolean();
    const auto former_key = in.array<32>();
    if (had_key) former.public_key = former_key;
  }
  return record;
}

void encode(Encoder& out, const std::vector<WeeklyWindow>& windows) {
  out.u8(static_cast<std::uint8_t>(windows.size()));
  for (const auto& window : windows) {
    out.u8(window.weekdays).u16(window.from_minute).u16(window.to_minute);
  }
}

std::vector<WeeklyWindow> decode_windows(Decoder& in) {
  std::vector<WeeklyWindow> windows(in.u8());
  for (auto& window : windows) {
    window.weekdays = in.u8();
    window.from_minute = in.u16();
    window.to_minute = in.u16();
  }
  return windows;
}

void encode(Encoder& out, const SideRules& rules) {
  encode_optional_price(out, rules.tariff_offset);
  encode(out, rules.windows);
  encode(out, rules.partners);
}

SideRules decode_side_rules(Decoder& in) {
  SideRules rules;
  rules.tariff_offset = decode_optional_price(in);
  rules.windows = decode_windows(in);
  rules.partners = decode_participant_refs(in);
  return rules;
}

void encode(Encoder& out, const SetCriteria& criteria) {
  encode(out, criteria.participant);
  out.boolean(criteria.sell_enabled);
  encode_optional_price(out, criteria.sell_price);
  out.boolean(criteria.buy_enabled);
  encode_optional_price(out, criteria.buy_price);
  // The record of level 1 ends here: what has no rules keeps it.
  if (!has_rules(criteria)) return;
  encode(out, criteria.sell_rules);
  encode(out, criteria.buy_rules);
  out.boolean(criteria.automatic)
      .quantity(criteria.battery_reserve)
      .boolean(criteria.only_renewable)
      .boolean(criteria.pay_more_for_green);
}

SetCriteria decode_criteria(Decoder& in) {
  SetCriteria criteria;
  criteria.participant = decode_participant_ref(in);
  criteria.sell_enabled = in.boolean();
  criteria.sell_price = decode_optional_price(in);
  criteria.buy_enabled = in.boolean();
  criteria.buy_price = decode_optional_price(in);
  if (in.finished()) return criteria;
  criteria.sell_rules = decode_side_rules(in);
  criteria.buy_rules = decode_side_rules(in);
  criteria.automatic = in.boolean();
  criteria.battery_reserve = in.quantity<Energy>();
  criteria.only_renewable = in.boolean();
  criteria.pay_more_for_green = in.boolean();
  return criteria;
}

void encode(Encoder& out, const SetCalendar& calendar) {
  out.text(calendar.zone).u32(static_cast<std::uint32_t>(calendar.offsets.size()));
  for (const auto& offset : calendar.offsets) {
    out.time(offset.from).u16(static_cast<std::uint16_t>(offset.minutes));
  }
}

SetCalendar decode_calendar(Decoder& in) {
  SetCalendar calendar;
  calendar.zone = in.text(CalendarLimits::max_zone_bytes);
  calendar.offsets.resize(in.count(CalendarLimits::max_offsets, 10));
  for (auto& offset : calendar.offsets) {
    offset.from = in.time();
    offset.minutes = static_cast<std::int16_t>(in.u16());
  }
  return calendar;
}

namespace {

void encode_optional_energy(Encoder& out, const std::optional<Energy>& energy) {
  out.boolean(energy.has_value()).quantity(energy.value_or(Energy{}));
}

std::optional<Energy> decode_optional_energy(Decoder& in) {
  const bool there = in.boolean();
  const auto energy = in.quantity<Energy>();
  return there ? std::optional(energy) : std::nullopt;
}

void encode(Encoder& out, const NetworkZone& zone) {
  out.text(zone.id).boolean(zone.parent.has_value()).u32(zone.parent.value_or(0));
  out.u8(static_cast<std::uint8_t>(zone.fees.size()));
  for (const NetworkFee& fee : zone.fees) {
    out.quantity(fee.per_kwh).u32(fee.tariff_ppm);
    encode(out, fee.windows);
  }
  out.i64(zone.loss_nano);
  encode_optional_energy(out, zone.max_export);
  encode_optional_energy(out, zone.max_import);
}

NetworkZone decode_zone(Decoder& in) {
  NetworkZone zone;
  zone.id = in.text(NetworkLimits::max_id_bytes);
  const bool has_parent = in.boolean();
  const auto parent = in.u32();
  if (has_parent) zone.parent = parent;
  zone.fees.resize(in.u8());
  for (NetworkFee& fee : zone.fees) {
    fee.per_kwh = in.quantity<Price>();
    fee.tariff_ppm = in.u32();
    fee.windows = decode_windows(in);
  }
  zone.loss_nano = in.i64();
  zone.max_export = decode_optional_energy(in);
  zone.max_import = decode_optional_energy(in);
  return zone;
}

}  // namespace

void encode(Encoder& out, const SetNetwork& network) {
  out.u32(static_cast<std::uint32_t>(network.zones.size()));
  for (const NetworkZone& zone : network.zones) encode(out, zone);
  out.u32(static_cast<std::uint32_t>(network.members.size()));
  for (const NetworkMember& member : network.members) {
    encode(out, member.participant);
    out.u32(member.zone);
  }
  out.u32(static_cast<std::uint32_t>(network.losses.size()));
  for (const NetworkLoss& loss : network.losses)
    out.u32(loss.from).u32(loss.to).i64(loss.loss_nano);
}

SetNetwork decode_network(Decoder& in) {
  SetNetwork network;
  const auto zones = in.count(NetworkLimits::max_zones, 36);
  for (std::uint32_t i = 0; i < zones && in.ok(); ++i) network.zones.push_back(decode_zone(in));
  const auto members = in.count(NetworkLimits::max_members, 9);
  for (std::uint32_t i = 0; i < members && in.ok(); ++i) {
    auto participant = decode_participant_ref(in);
    network.members.push_back({std::move(participant), in.u32()});
  }
  network.losses.resize(in.count(NetworkLimits::max_losses, 16));
  for (NetworkLoss& loss : network.losses) {
    loss.from = in.u32();
    loss.to = in.u32();
    loss.loss_nano = in.i64();
  }
  return network;
}

void encode(Encoder& out, const SetShares& shares) {
  out.time(shares.from).u32(static_cast<std::uint32_t>(shares.shares.size()));
  for (const MemberShare& share : shares.shares) {
    encode(out, share.participant);
    out.i64(share.share_nano);
  }
  out.u32(static_cast<std::uint32_t>(shares.pairs.size()));
  for (const PairShare& pair : shares.pairs) {
    encode(out, pair.producer);
    encode(out, pair.consumer);
    out.i64(pair.share_nano);
  }
  encode_optional_price(out, shares.price);
}

SetShares decode_shares(Decoder& in) {
  SetShares shares;
  shares.from = in.time();
  shares.shares.resize(in.count(SharingLimits::max_shares, 13));
  for (MemberShare& share : shares.shares) {
    share.participant = decode_participant_ref(in);
    share.share_nano = in.i64();
  }
  shares.pairs.resize(in.count(SharingLimits::max_pairs, 18));
  for (PairShare& pair : shares.pairs) {
    pair.producer = decode_participant_ref(in);
    pair.consumer = decode_participant_ref(in);
    pair.share_nano = in.i64();
  }
  shares.price = decode_optional_price(in);
  return shares;
}

void encode(Encoder& out, const SetTariff& tariff) {
  out.text(tariff.utility.text()).time(tariff.from);
  out.u8(static_cast<std::uint8_t>(tariff.bands.size()));
  for (const TariffBand& band : tariff.bands) {
    out.text(band.name).quantity(band.price).quantity(band.feed_in);
    encode(out, band.windows);
  }
  out.u8(static_cast<std::uint8_t>(tariff.mix.size()));
  for (const MixPart& part : tariff.mix) {
    out.u8(static_cast<std::uint8_t>(part.source)).u32(part.ppm);
  }
}

SetTariff decode_tariff(Decoder& in) {
  SetTariff tariff;
  tariff.utility = decode_id<ParticipantId>(in, 128);
  tariff.from = in.time();
  tariff.bands.resize(in.u8());
  for (TariffBand& band : tariff.bands) {
    band.name = in.text(TariffLimits::max_name_bytes);
    band.price = in.quantity<Price>();
    band.feed_in = in.quantity<Price>();
    band.windows = decode_windows(in);
  }
  tariff.mix.resize(in.u8());
  for (MixPart& part : tariff.mix) {
    part.source = decode_enum(in, EnergySource::other);
    part.ppm = in.u32();
  }
  return tariff;
}

void encode_first_parameters(Encoder& out, const Parameters& parameters) {
  out.i64(parameters.slot_ms)
      .i64(parameters.close_grace_ms)
      .i64(parameters.final_after_ms)
      .i64(parameters.silent_meter_ms)
      .i64(parameters.future_reading_ms)
      .quantity(parameters.credit_limit)
      .text(parameters.clearing_rule)
      .text(parameters.currency);
}

void encode_later_parameters(Encoder& out, const Parameters& parameters) {
  out.boolean(parameters.signed_readings_only)
      .u8(static_cast<std::uint8_t>(parameters.plausibility))
      .boolean(parameters.site.has_value())
      .i64(parameters.site ? parameters.site->latitude : 0)
      .i64(parameters.site ? parameters.site->longitude : 0)
      .quantity(parameters.gateway_daily_coins)
      .quantity(parameters.gateway_daily_cash);
  // The record of level 3 ends here.
  if (!parameters.extended_further()) return;
  out.boolean(parameters.origin).boolean(parameters.solarcoin).boolean(parameters.nrgcoin);
  out.i64(parameters.gate_closure_ms).i64(parameters.deviation_margin_nano);
}

void encode(Encoder& out, const Parameters& parameters) {
  encode_first_parameters(out, parameters);
  // The record of level 1 ends here: where nothing newer is set it stays as it was.
  if (parameters.extended()) encode_later_parameters(out, parameters);
}

Parameters decode_parameters(Decoder& in) {
  Parameters parameters;
  parameters.slot_ms = in.i64();
  parameters.close_grace_ms = in.i64();
  parameters.final_after_ms = in.i64();
  parameters.silent_meter_ms = in.i64();
  parameters.future_reading_ms = in.i64();
  parameters.credit_limit = in.quantity<Coins>();
  parameters.clearing_rule = in.text(max_label_bytes);
  parameters.currency = in.text(max_label_bytes);
  if (in.finished()) return parameters;
  parameters.signed_readings_only = in.boolean();
  parameters.plausibility = decode_enum(in, Plausibility::quarantine);
  const bool has_site = in.boolean();
  const auto latitude = static_cast<std::int32_t>(in.i64());
  const auto longitude = static_cast<std::int32_t>(in.i64());
  if (has_site) parameters.site = Site{latitude, longitude};
  parameters.gateway_daily_coins = in.quantity<Coins>();
  parameters.gateway_daily_cash = in.quantity<Cash>();
  if (!in.finished()) {
    parameters.origin = in.boolean();
    parameters.solarcoin = in.boolean();
    parameters.nrgcoin = in.boolean();
    parameters.gate_closure_ms = in.i64();
    parameters.deviation_margin_nano = in.i64();
    if (!parameters.extended_further()) in.fail();
  }
  if (!parameters.extended()) in.fail();
  return parameters;
}

void encode(Encoder& out, const std::vector<Member>& members) {
  out.u32(static_cast<std::uint32_t>(members.size()));
  for (const auto& member : members) {
    out.text(member.peer.text())
        .raw(member.consensus_key)
        .raw(member.gateway_key)
        .raw(member.transport_key);
  }
}

std::vector<Member> decode_members(Decoder& in) {
  std::vector<Member> members(in.count(static_cast<std::uint32_t>(max_members), 4 + 3 * 32));
  for (auto& member : members) {
    member.peer = decode_id<PeerId>(in, 64);
    member.consensus_key = in.array<32>();
    member.gateway_key = in.array<32>();
    member.transport_key = in.array<32>();
  }
  return members;
}

bool encode_registry_payload(Encoder& out, const Payload& payload) {
  if (const auto* add = std::get_if<AddParticipant>(&payload)) {
    if (!add->assets.empty()) return false;
    out.u8(1);
    encode(out, add->participant);
  } else if (const auto* provision = std::get_if<ProvisionAsset>(&payload)) {
    if (!provision->id.empty() || !provision->units.empty()) return false;
    out.u8(2);
    encode(out, provision->owner);
    out.u8(static_cast<std::uint8_t>(provision->asset))
        .text(provision->currency)
        .i64(provision->balance_nano);
  } else if (const auto* meter = std::get_if<RegisterMeter>(&payload)) {
    out.u8(3).text(meter->meter.text());
    encode(out, meter->owner);
    out.boolean(meter->public_key.has_value())
        .raw(meter->public_key.value_or(PublicKey{}))
        .text(meter->parent ? meter->parent->text() : std::string())
        .u8(static_cast<std::uint8_t>(meter->kind))
        .i64(meter->plant_watts)
        .text(meter->cpe);
  } else if (const auto* bind = std::get_if<BindKey>(&payload)) {
    out.u8(4).raw(bind->key).text(bind->principal).u32(bind->scopes);
  } else if (const auto* criteria = std::get_if<SetCriteria>(&payload)) {
    if (has_rules(*criteria)) return false;  // a genesis file does not name them
    out.u8(5);
    encode(out, *criteria);
  } else if (const auto* calendar = std::get_if<SetCalendar>(&payload)) {
    out.u8(6);
    encode(out, *calendar);
  } else if (const auto* network = std::get_if<SetNetwork>(&payload)) {
    out.u8(7);
    encode(out, *network);
  } else {
    return false;
  }
  return true;
}

}  // namespace powershare::ledger
