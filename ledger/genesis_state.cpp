#include "ledger/genesis_state.hpp"

#include "ledger/error.hpp"
#include "ledger/execution.hpp"
#include "ledger/membership.hpp"
#include "ledger/parameters.hpp"
#include "ledger/records.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"
#include "ledger/state.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr std::int64_t last_time_ms = 253'402'300'799'999;  // the year 9999 ends

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

Result<void> check_fields(const Genesis& genesis) {
  if (genesis.chain.empty()) return malformed("a genesis without a chain id");
  const auto in_range = [](UtcMillis time) {
    return time.value >= 0 && time.value <= last_time_ms;
  };
  if (!in_range(genesis.created) || !in_range(genesis.simulated_start)) {
    return malformed("a time before 1970 or after 9999");
  }
  if (genesis.administrator_key == PublicKey{}) return malformed("no administrator's key");
  if (!genesis.simulated &&
      (genesis.feeder_key != PublicKey{} || genesis.simulated_start != UtcMillis{})) {
    return malformed("a feeder's key and a simulated start stand in a simulated genesis only");
  }
  if (genesis.simulated && genesis.feeder_key == PublicKey{}) {
    return malformed("a simulated genesis needs a feeder's key");
  }
  if (genesis.feature_level == 0) return malformed("feature levels count from 1");
  if (genesis.parameters.extended() && genesis.feature_level < 3) {
    return malformed(
        "signed_readings_only, plausibility, site and daily limits need feature level 3");
  }
  if (genesis.parameters.extended_further() && genesis.feature_level < 4) {
    return malformed("origin, rewards, gate_closure and deviation_margin need feature level 4");
  }
  const auto& rule = genesis.parameters.clearing_rule;
  if (const auto needed = parameter_feature_level("clearing_rule", rule);
      needed > genesis.feature_level) {
    return malformed("clearing_rule " + rule + " needs feature level " + std::to_string(needed));
  }
  auto valid = check_constants(genesis.consensus);
  if (valid) valid = check_members(genesis.members);
  return valid ? check_parameters(genesis.parameters) : valid;
}

void bind_genesis_keys(Overlay& state, const Genesis& genesis) {
  put_binding(state, {genesis.administrator_key, "administrator",
                      scope_bit(Scope::administrator) | scope_bit(Scope::governance)});
  if (genesis.simulated) {
    put_binding(state, {genesis.feeder_key, "feeder", scope_bit(Scope::feeder)});
  }
}

/// The registry in its order, by the very code that executes transactions.
Result<void> execute_registry(Overlay& state, const Genesis& genesis, UtcMillis island) {
  const Digest genesis_hash = genesis.hash();
  std::vector<HistoryRow> history;
  std::vector<Event> events;
  const BlockContext context{
      genesis, genesis_hash, 0, genesis.created, island, genesis.parameters, 0, history, events};
  constexpr auto scopes = scope_bit(Scope::administrator) | scope_bit(Scope::governance);
  for (std::size_t i = 0; i < genesis.registry.size(); ++i) {
    Transaction entry;
    entry.principal = "administrator";
    entry.payload = genesis.registry[i];
    const auto where = "registry entry " + std::to_string(i + 1) + ": ";
    Encoder encoding;
    if (!encode_registry_payload(encoding, entry.payload)) {
      return malformed(where + std::string(payload_name(entry.payload)) +
                       " cannot stand in a genesis");
    }
    if (std::holds_alternative<SetCalendar>(entry.payload) && genesis.feature_level < 3) {
      return malformed(where + "a calendar needs feature level 3");
    }
    if (std::holds_alternative<SetNetwork>(entry.payload) && genesis.feature_level < 4) {
      return malformed(where + "a network needs feature level 4");
    }
    if (const auto valid = check_payload(entry.payload); !valid) {
      return malformed(where + valid.error().detail());
    }
    std::vector<ReadingResult> readings;
    if (const auto rejection = execute(state, context, entry, scopes, readings)) {
      return malformed(where + rejection->message);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<StateWrite>> genesis_records(const Genesis& genesis) {
  if (auto valid = check_fields(genesis); !valid) return valid.error();
  const State nothing;
  Overlay state(nothing);
  const auto island = genesis.simulated ? genesis.simulated_start : genesis.created;
  put_clock(state, {genesis.created, island});
  put_parameters(state, genesis.parameters);
  put_first_epoch(state, genesis);
  bind_genesis_keys(state, genesis);
  start_market(state, island, genesis.parameters.slot_ms);
  if (auto executed = execute_registry(state, genesis, island); !executed) return executed.error();
  return state.take();
}

Result<void> check_genesis(const Genesis& genesis) {
  const auto records = genesis_records(genesis);
  if (!records) return records.error();
  return {};
}

}  // namespace powershare::ledger
