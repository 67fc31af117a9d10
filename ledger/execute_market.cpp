// Sources of energy, shares and tariffs: what counts from a coming slot on.
#include "ledger/execution.hpp"
#include "ledger/origin.hpp"
#include "ledger/registry.hpp"
#include "ledger/sharing.hpp"
#include "ledger/slots.hpp"
#include "ledger/tariffs.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(const char* code, std::string message) {
  return Rejection{code, std::move(message)};
}

/// Nothing where `from` starts a slot that has not begun: then no slot that was settled changes.
Verdict check_start(const BlockContext& context, UtcMillis from) {
  const auto slot_ms = context.parameters.slot_ms;
  if (slot_start(from, slot_ms) != from) return reject("bad_slot", "No slot starts then");
  if (from <= slot_start(context.island_time, slot_ms)) {
    return reject("bad_slot", "That slot has begun already");
  }
  return {};
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const SetSource& payload) {
  if (!find_meter(state, payload.meter)) {
    return reject("unknown_meter", "There is no meter " + payload.meter.text());
  }
  put_source(state, payload, next_slot(context.island_time, context.parameters.slot_ms),
             oldest_slot_not_final(state));
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const SetShares& payload) {
  if (auto refused = check_start(context, payload.from)) return refused;
  if (put_shares(state, payload, oldest_slot_not_final(state))) return {};
  return reject("too_many_versions", "There are 64 versions of the shares that may still count");
}

Verdict execute(Overlay& state, const BlockContext& context, const SetTariff& payload) {
  const auto utility = find_participant(state, {ParticipantType::utility_company, payload.utility});
  if (!utility) return reject("unknown_participant", "There is no such utility company");
  if (auto refused = check_start(context, payload.from)) return refused;
  if (put_tariff(state, payload, oldest_slot_not_final(state))) return {};
  return reject("too_many_versions", "There are 64 versions of the tariff that may still count");
}

}  // namespace powershare::ledger
