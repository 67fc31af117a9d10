// Participants, meters, standing orders and keys.
#include "ledger/access.hpp"
#include "ledger/assets.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/execution.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

Verdict unknown_participant(const ParticipantRef& ref) {
  return reject("unknown_participant", "Unknown participant " + to_text(ref));
}

Verdict unknown_meter(const MeterId& meter) {
  return reject("unknown_meter", "Unknown meter " + meter.text());
}

UtcMillis end_of_slot(const BlockContext& context) {
  const auto slot_ms = context.parameters.slot_ms;
  return {slot_start(context.island_time, slot_ms).value + slot_ms};
}

/// A chain with meters needs a supplier that takes all the rest (DECISIONS 46): `state` is without
/// the one that goes.
Verdict require_supplier_for_meters(const StateReader& state) {
  if (find_supplier(state)) return {};
  bool metered = false;
  for_each_meter(state, [&](const MeterRecord& meter) {
    metered = !meter.retired;
    return !metered;
  });
  if (!metered) return {};
  return reject("supplier_needed",
                "The chain has meters and needs a utility company that supplies");
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const AddParticipant& payload) {
  const auto& participant = payload.participant;
  if (find_participant(state, participant.ref)) {
    return reject("participant_exists",
                  "The participant " + to_text(participant.ref) + " already exists");
  }
  put_participant(state, {participant, context.island_time, std::nullopt});
  put_asset_references(state, participant.ref, payload.assets);
  return {};
}

Verdict execute(Overlay& state, const BlockContext&, const UpdateParticipant& payload) {
  auto record = find_participant_record(state, payload.participant.ref);
  if (!record || record->closed) return unknown_participant(payload.participant.ref);
  const bool was_supplier = record->participant.supplier;
  record->participant = payload.participant;
  put_participant(state, *record);
  put_asset_references(state, payload.participant.ref, payload.assets);
  return was_supplier ? require_supplier_for_meters(state) : Verdict{};
}

/// Its meters and orders go with it at the end of the slot; its assets stay until they are deleted
/// (DECISIONS 58).
Verdict execute(Overlay& state, const BlockContext& context, const DeleteParticipant& payload) {
  auto record = find_participant_record(state, payload.ref);
  if (!record || record->closed) return unknown_participant(payload.ref);
  const auto end = end_of_slot(context);
  record->closed = end;
  put_participant(state, *record);
  put_asset_references(state, payload.ref, {});
  if (auto failed = release_cash_requests(state, payload.ref)) return failed;
  erase_preferences(state, payload.ref);
  for (auto& meter : meters_of(state, payload.ref)) {
    if (meter.retired) continue;
    meter.retired = end;
    put_meter(state, meter);
  }
  for (auto& order : orders_of(state, payload.ref)) {
    cancel_order_from(state, std::move(order), end, context.parameters.slot_ms);
  }
  const auto principal = to_text(payload.ref);
  for (const auto& binding : keys_of(state, principal)) {
    erase_binding(state, binding.key, principal);
  }
  end_access_of(state, payload.ref);
  return record->participant.supplier ? require_supplier_for_meters(state) : Verdict{};
}

Verdict execute(Overlay& state, const BlockContext& context, const RegisterMeter& payload) {
  if (find_meter(state, payload.meter)) {
    return reject("meter_exists", "The meter " + payload.meter.text() + " already exists");
  }
  if (!find_participant(state, payload.owner)) return unknown_participant(payload.owner);
  if (payload.owner.type == ParticipantType::bank) {
    return reject("not_allowed", "A Bank cannot have a meter");
  }
  if (!find_supplier(state)) {
    return reject("supplier_needed",
                  "A chain without a utility company that supplies has no meters");
  }
  if (payload.parent) {
    const auto parent = find_meter(state, *payload.parent);
    if (!parent) return unknown_meter(*payload.parent);
    if (parent->parent) {
      return reject("not_allowed", "The parent of a meter cannot have a parent itself");
    }
  }
  MeterRecord record;
  record.meter = payload.meter;
  record.owner = payload.owner;
  record.public_key = payload.public_key;
  record.parent = payload.parent;
  record.kind = payload.kind;
  record.plant_watts = payload.plant_watts;
  record.cpe = payload.cpe;
  record.active_from = slot_start(context.island_time, context.parameters.slot_ms);
  put_meter(state, record);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const RetireMeter& payload) {
  auto meter = find_meter(state, payload.meter);
  if (!meter) return unknown_meter(payload.meter);
  if (meter->retired) return reject("meter_retired", "The meter is retired already");
  meter->retired = end_of_slot(context);
  put_meter(state, *meter);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const SetCriteria& payload) {
  if (!find_participant(state, payload.participant)) {
    return unknown_participant(payload.participant);
  }
  const auto slot_ms = context.parameters.slot_ms;
  // What the genesis says counts from the chain's first slot on.
  const auto first_slot = context.height == 0 ? slot_start(context.island_time, slot_ms)
                                              : next_slot(context.island_time, slot_ms);
  put_criteria(state, payload, first_slot, oldest_slot_not_final(state));
  return {};
}

Verdict execute(Overlay& state, const BindKey& payload) {
  if (auto ref = parse_participant_ref(payload.principal); ref && !find_participant(state, *ref)) {
    return unknown_participant(*ref);
  }
  if (!binding_fits(state, payload.key, payload.principal)) {
    return reject("too_many_keys", "The key or the principal has too many bindings");
  }
  put_binding(state, {payload.key, payload.principal, payload.scopes});
  return {};
}

Verdict execute(Overlay& state, const RevokeKey& payload, std::string_view principal) {
  bool any = false;
  bool governed = false;
  for (const auto& binding : bindings_of(state, payload.key)) {
    if (!principal.empty() && binding.principal != principal) continue;
    any = true;
    governed = governed || binding.has(Scope::governance);
    erase_binding(state, binding.key, binding.principal);
    if (const auto ref = parse_participant_ref(binding.principal)) {
      end_access_of_key(state, *ref, binding.key);
    }
  }
  if (!any) return reject("unknown_key", "The key is not bound");
  if (!governed) return {};
  for (const auto* holder : {"administrator", "governance"}) {
    for (const auto& binding : keys_of(state, holder)) {
      if (binding.has(Scope::governance)) return {};
    }
  }
  return reject("last_governance_key", "The last governance key cannot be revoked");
}

}  // namespace powershare::ledger
