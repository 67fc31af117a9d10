#include "ledger/genesis_state.hpp"

#include <set>

#include "ledger/error.hpp"
#include "ledger/execution.hpp"
#include "ledger/parameters.hpp"
#include "ledger/records.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"
#include "ledger/state.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr std::size_t min_members = 4;
constexpr std::size_t max_members = 128;
constexpr std::int64_t last_time_ms = 253'402'300'799'999;  // the year 9999 ends

Error malformed(std::string detail) { return {LedgerError::malformed, std::move(detail)}; }

Result<void> check_members(const std::vector<Member>& members) {
  if (members.size() < min_members || members.size() > max_members) {
    return malformed("a chain has 4 to 128 members");
  }
  std::set<PeerId> peers;
  std::set<PublicKey> keys;
  for (const auto& member : members) {
    if (member.peer.empty()) return malformed("a member without a peer id");
    if (!peers.insert(member.peer).second) {
      return malformed("two members are named " + member.peer.text());
    }
    for (const auto& key : {member.consensus_key, member.gateway_key}) {
      if (key == PublicKey{} || !keys.insert(key).second) {
        return malformed("member " + member.peer.text() + " has no keys of its own");
      }
    }
  }
  return {};
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
  auto valid = check_members(genesis.members);
  return valid ? check_parameters(genesis.parameters) : valid;
}

void bind_genesis_keys(Overlay& state, const Genesis& genesis) {
  put_binding(state, {genesis.administrator_key, "administrator",
                      scope_bit(Scope::administrator) | scope_bit(Scope::governance)});
  if (genesis.simulated) {
    put_binding(state, {genesis.feeder_key, "feeder", scope_bit(Scope::feeder)});
  }
  for (const auto& member : genesis.members) {
    put_binding(state, {member.gateway_key, "gateway:" + member.peer.text(),
                        scope_bit(Scope::gateway)});
  }
}

/// The registry in its order, by the very code that executes transactions.
Result<void> execute_registry(Overlay& state, const Genesis& genesis, UtcMillis island) {
  const Digest genesis_hash = genesis.hash();
  std::vector<HistoryRow> history;
  std::vector<Event> events;
  const BlockContext context{genesis, genesis_hash, 0,       genesis.created, island,
                             genesis.parameters, 0, history, events};
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
  put_members(state, 0, genesis.members);
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
