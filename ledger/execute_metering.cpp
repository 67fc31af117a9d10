// Meters: changes, quarantine, disputes.
#include "ledger/execution.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/metering.hpp"
#include "ledger/slots.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

Verdict unknown_meter(const MeterId& meter) {
  return reject("unknown_meter", "Unknown meter " + meter.text());
}

/// Keeps what the meter was until `until`; the change counts for slots from then on.
Verdict remember_former(const StateReader& state, MeterRecord& meter, UtcMillis until) {
  auto& former = meter.former;
  // A second change within a slot: what it was before the first is what the slot goes by.
  if (!former.empty() && former.back().until == until) return {};
  if (former.size() >= MeterRecord::max_former) {
    if (former.front().until > oldest_slot_not_final(state)) {
      return reject("too_many_changes", "The meter has changed too often within a few days");
    }
    former.erase(former.begin());
  }
  former.push_back({until, meter.owner, meter.public_key});
  return {};
}

void tell(const BlockContext& context, const MeterId& meter, MeterAlarmRow::Kind kind) {
  const auto slot = slot_start(context.island_time, context.parameters.slot_ms);
  context.history.push_back(
      meter_alarm_row({meter, context.island_time, Doubt::by_hand, kind, slot}));
  if (kind != MeterAlarmRow::Kind::quarantined) return;
  context.events.push_back(
      {Event::Kind::meter_quarantined, slot, "meter " + meter.text() + ": by_hand", 1, Energy{}});
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const Transaction&,
                const UpdateMeter& payload) {
  auto meter = find_meter(state, payload.meter);
  if (!meter) return unknown_meter(payload.meter);
  if (meter->retired) return reject("meter_retired", "The meter is retired already");
  if (payload.owner) {
    if (!find_participant(state, *payload.owner)) {
      return reject("unknown_participant", "Unknown participant " + to_text(*payload.owner));
    }
    if (payload.owner->type == ParticipantType::bank) {
      return reject("not_allowed", "A Bank cannot have a meter");
    }
  }
  const bool new_owner = payload.owner && *payload.owner != meter->owner;
  const bool new_key = payload.public_key && payload.public_key != meter->public_key;
  if (new_owner || new_key) {
    const auto until = next_slot(context.island_time, context.parameters.slot_ms);
    if (auto rejection = remember_former(state, *meter, until)) return rejection;
  }
  if (new_owner) {
    erase_meter_of_owner(state, meter->owner, meter->meter);
    meter->owner = *payload.owner;
  }
  if (new_key) meter->public_key = payload.public_key;
  if (payload.plant_watts) meter->plant_watts = *payload.plant_watts;
  if (payload.cpe) meter->cpe = *payload.cpe;
  put_meter(state, *meter);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const Transaction&,
                const SetMeterStanding& payload) {
  if (!find_meter(state, payload.meter)) return unknown_meter(payload.meter);
  const auto record = find_standing(state, payload.meter).value_or(StandingRecord{});
  const bool quarantine = payload.standing == MeterStanding::quarantined;
  if (quarantine && record.standing == MeterStanding::quarantined) {
    return reject("already_quarantined", "The meter is quarantined already");
  }
  // To trust a meter that is trusted takes back what was noticed about it.
  StandingRecord changed;
  changed.standing = payload.standing;
  changed.since = context.island_time;
  if (quarantine) {
    changed.reason = Doubt::by_hand;
  } else {
    changed.judged_from = slot_start(context.island_time, context.parameters.slot_ms);
  }
  put_standing(state, payload.meter, changed);
  tell(context, payload.meter,
       quarantine ? MeterAlarmRow::Kind::quarantined : MeterAlarmRow::Kind::released);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const Transaction&,
                const DisputeReading& payload) {
  const auto meter = find_meter(state, payload.meter);
  if (!meter) return unknown_meter(payload.meter);
  if (payload.sequence > MeteringLimits::max_sequence ||
      !meter_progress(state, payload.meter).sequences.contains(payload.sequence)) {
    return reject("unknown_reading", "The ledger holds no reading with this number");
  }
  if (find_dispute(state, payload.meter, payload.sequence)) {
    return reject("dispute_exists", "The reading is disputed already");
  }
  std::size_t open = 0;
  for_each_dispute(state, payload.meter,
                   [&](const Dispute&) { return ++open < Dispute::max_open_per_meter; });
  if (open >= Dispute::max_open_per_meter) {
    return reject("too_many_disputes", "64 readings of this meter are disputed already");
  }
  put_dispute(state,
              {payload.meter, payload.sequence, payload.reason, context.island_time, meter->owner});
  return {};
}

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const ResolveDispute& payload) {
  if (!find_dispute(state, payload.meter, payload.sequence)) {
    return reject("unknown_dispute", "There is no such dispute");
  }
  erase_dispute(state, payload.meter, payload.sequence);
  return {};
}

}  // namespace powershare::ledger
