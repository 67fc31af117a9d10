#include "ledger/meter_standing.hpp"

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

Bytes standing_key(const MeterId& meter) {
  return state_key::Builder(StateTable::meter_standing).text(meter.text()).take();
}

Bytes disputes_of(const MeterId& meter) {
  return state_key::Builder(StateTable::dispute).text(meter.text()).take();
}

Bytes dispute_key(const MeterId& meter, std::uint64_t sequence) {
  return state_key::Builder(StateTable::dispute).text(meter.text()).u64(sequence).take();
}

Dispute decode_dispute(ByteView key, ByteView value) {
  state_key::Reader name(key);
  Dispute dispute;
  dispute.meter = name.meter();
  dispute.sequence = name.u64();
  Decoder in(value);
  dispute.reason = static_cast<DisputeReason>(in.u8());
  dispute.since = in.time();
  dispute.owner = decode_participant_ref(in);
  PS_ASSERT(name.finished() && in.finished());  // our own record
  return dispute;
}

}  // namespace

std::string_view to_text(Doubt doubt) {
  switch (doubt) {
    case Doubt::by_hand:
      return "by_hand";
    case Doubt::night_production:
      return "night_production";
    case Doubt::above_plant:
      return "above_plant";
    case Doubt::impossible_consumption:
      return "impossible_consumption";
    case Doubt::stuck:
      return "stuck";
    case Doubt::swapped:
      return "swapped";
    case Doubt::night_export:
      return "night_export";
    case Doubt::day_import:
      return "day_import";
  }
  return "unknown";
}

std::string_view to_text(MeterStanding standing) {
  return standing == MeterStanding::quarantined ? "quarantined" : "trusted";
}

std::string_view to_text(MeterAlarmRow::Kind kind) {
  switch (kind) {
    case MeterAlarmRow::Kind::suspected:
      return "suspected";
    case MeterAlarmRow::Kind::quarantined:
      return "quarantined";
    case MeterAlarmRow::Kind::released:
      return "released";
  }
  return "unknown";
}

std::string_view to_text(DisputeReason reason) {
  switch (reason) {
    case DisputeReason::too_high:
      return "too_high";
    case DisputeReason::too_low:
      return "too_low";
    case DisputeReason::not_mine:
      return "not_mine";
    case DisputeReason::other:
      return "other";
  }
  return "unknown";
}

Bytes StandingRecord::encode() const {
  PS_ASSERT(evidence.size() <= max_evidence);
  Encoder out;
  out.u8(static_cast<std::uint8_t>(standing));
  out.u8(reason ? static_cast<std::uint8_t>(*reason) : std::uint8_t{0});
  out.time(since).time(judged_from).time(same_through).u32(same_slots);
  out.u32(static_cast<std::uint32_t>(evidence.size()));
  for (const Evidence& each : evidence) {
    out.time(each.slot).u8(static_cast<std::uint8_t>(each.doubt));
  }
  return std::move(out).take();
}

StandingRecord StandingRecord::decode(ByteView value) {
  Decoder in(value);
  StandingRecord record;
  record.standing = static_cast<MeterStanding>(in.u8());
  const auto reason = in.u8();
  if (reason != 0) record.reason = static_cast<Doubt>(reason);
  record.since = in.time();
  record.judged_from = in.time();
  record.same_through = in.time();
  record.same_slots = in.u32();
  record.evidence.resize(in.count(max_evidence, 9));
  for (Evidence& each : record.evidence) {
    each.slot = in.time();
    each.doubt = static_cast<Doubt>(in.u8());
  }
  PS_ASSERT(in.finished());
  return record;
}

std::optional<StandingRecord> find_standing(const StateReader& state, const MeterId& meter) {
  const auto value = state.get(standing_key(meter));
  if (!value) return std::nullopt;
  return StandingRecord::decode(*value);
}

void put_standing(Overlay& state, const MeterId& meter, const StandingRecord& record) {
  if (record == StandingRecord{}) {
    state.erase(standing_key(meter));
  } else {
    state.put(standing_key(meter), record.encode());
  }
}

void for_each_standing(const StateReader& state,
                       const std::function<bool(const MeterId&, const StandingRecord&)>& visit) {
  state.scan(state_key::table(StateTable::meter_standing), {}, [&](ByteView key, ByteView value) {
    return visit(state_key::Reader(key).meter(), StandingRecord::decode(value));
  });
}

std::vector<MeterId> quarantined_meters(const StateReader& state) {
  std::vector<MeterId> result;
  for_each_standing(state, [&](const MeterId& meter, const StandingRecord& record) {
    if (record.standing == MeterStanding::quarantined) result.push_back(meter);
    return true;
  });
  return result;
}

bool is_quarantined(const StateReader& state, const MeterId& meter) {
  const auto record = find_standing(state, meter);
  return record && record->standing == MeterStanding::quarantined;
}

HistoryRow meter_alarm_row(const MeterAlarmRow& alarm) {
  Encoder key;
  key.raw(as_bytes(alarm.meter.text())).u8(0).time(alarm.at);
  key.u8(static_cast<std::uint8_t>(alarm.doubt));
  return {std::string(history_meter_alarms), std::move(key).take(),
          Encoder().u8(static_cast<std::uint8_t>(alarm.kind)).time(alarm.slot).data()};
}

Result<MeterAlarmRow> parse_meter_alarm_row(ByteView key, ByteView value) {
  constexpr std::size_t after_name = 1 + 8 + 1;
  const Error malformed{LedgerError::malformed, "not a row of meter alarms"};
  if (key.size() <= after_name) return malformed;
  MeterAlarmRow row;
  auto meter = MeterId::parse(as_text(key.first(key.size() - after_name)));
  if (!meter) return malformed;
  row.meter = *std::move(meter);
  Decoder in(key.last(after_name));
  const bool ended = in.u8() == 0;
  row.at = in.time();
  row.doubt = static_cast<Doubt>(in.u8());
  Decoder rest(value);
  row.kind = static_cast<MeterAlarmRow::Kind>(rest.u8());
  row.slot = rest.time();
  const bool known = row.doubt >= Doubt::by_hand && row.doubt <= Doubt::day_import &&
                     row.kind >= MeterAlarmRow::Kind::suspected &&
                     row.kind <= MeterAlarmRow::Kind::released;
  if (!ended || !known || !in.finished() || !rest.finished()) return malformed;
  return row;
}

std::optional<Dispute> find_dispute(const StateReader& state, const MeterId& meter,
                                    std::uint64_t sequence) {
  const auto key = dispute_key(meter, sequence);
  const auto value = state.get(key);
  if (!value) return std::nullopt;
  return decode_dispute(key, *value);
}

void put_dispute(Overlay& state, const Dispute& dispute) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(dispute.reason)).time(dispute.since);
  encode(out, dispute.owner);
  state.put(dispute_key(dispute.meter, dispute.sequence), std::move(out).take());
}

void erase_dispute(Overlay& state, const MeterId& meter, std::uint64_t sequence) {
  state.erase(dispute_key(meter, sequence));
}

void for_each_dispute(const StateReader& state, const std::optional<MeterId>& meter,
                      const std::function<bool(const Dispute&)>& visit) {
  const auto prefix = meter ? disputes_of(*meter) : state_key::table(StateTable::dispute);
  state.scan(prefix, {},
             [&](ByteView key, ByteView value) { return visit(decode_dispute(key, value)); });
}

}  // namespace powershare::ledger
