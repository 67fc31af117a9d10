#include "ledger/membership.hpp"

#include <algorithm>

#include "ledger/error.hpp"
#include "ledger/parameters.hpp"
#include "ledger/records.hpp"
#include "ledger/registry.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

/// Decodes a state record, which only this program writes.
template <class Decode>
auto find(const StateReader& state, const Bytes& key, Decode decode)
    -> std::optional<decltype(decode(std::declval<Decoder&>()))> {
  const auto value = state.get(key);
  if (!value) return std::nullopt;
  Decoder in(*value);
  auto result = decode(in);
  PS_ASSERT(in.finished());
  return result;
}

struct EpochRecord {
  std::uint64_t first_sequence = 1;
  std::uint32_t feature_level = 1;
};

/// A chain whose genesis has the encoding of version 1 holds no record of epoch 0.
EpochRecord epoch_record(const StateReader& state, std::uint64_t number) {
  const auto record = find(state, state_key::epoch(number), [](Decoder& in) {
    EpochRecord result;
    result.first_sequence = in.u64();
    result.feature_level = in.u32();
    return result;
  });
  PS_ASSERT(record.has_value() || number == 0);
  return record.value_or(EpochRecord{});
}

/// A peer's gateway may submit readings, and act for those who delegated to it.
constexpr auto gateway_scopes = scope_bit(Scope::gateway);

std::string gateway_principal(const PeerId& peer) {
  return "gateway:" + peer.text();
}

/// What had been delegated to `from` is delegated to `to`, or to nobody. A governance key stays as
/// it is: that is taken by RevokeKey, which spares the last one.
void move_delegations(Overlay& state, const PublicKey& from, const std::optional<PublicKey>& to) {
  for (const auto& binding : bindings_of(state, from)) {
    if (binding.has(Scope::governance)) continue;
    erase_binding(state, from, binding.principal);
    if (to) put_binding(state, {*to, binding.principal, binding.scopes});
  }
}

void change_gateway_keys(Overlay& state, const std::vector<Member>& before,
                         const std::vector<Member>& after) {
  const auto find_peer = [](const std::vector<Member>& members, const PeerId& peer) {
    return std::find_if(members.begin(), members.end(),
                        [&](const Member& member) { return member.peer == peer; });
  };
  for (const auto& member : before) {
    const auto stays = find_peer(after, member.peer);
    if (stays == after.end()) {
      move_delegations(state, member.gateway_key, std::nullopt);
      state.erase(state_key::member_endpoints(member.peer));
    } else if (stays->gateway_key != member.gateway_key) {
      move_delegations(state, member.gateway_key, stays->gateway_key);
    }
  }
  for (const auto& member : after) {
    const auto was = find_peer(before, member.peer);
    if (was != before.end() && was->gateway_key == member.gateway_key) continue;
    put_binding(state, {member.gateway_key, gateway_principal(member.peer), gateway_scopes});
  }
}

void put_epoch(Overlay& state, const Epoch& epoch) {
  state.put(state_key::epoch(epoch.number),
            Encoder().u64(epoch.first_sequence).u32(epoch.feature_level).data());
  put_members(state, epoch.number, epoch.members);
  for (const auto& member : epoch.members) {
    auto key = state_key::used_consensus_key(member.consensus_key);
    if (!state.get(key)) state.put(std::move(key), Encoder().u64(epoch.number).data());
  }
}

}  // namespace

std::uint64_t current_epoch_number(const StateReader& state) {
  return find(state, state_key::current_epoch(), [](Decoder& in) { return in.u64(); }).value_or(0);
}

std::uint32_t current_feature_level(const StateReader& state) {
  return epoch_record(state, current_epoch_number(state)).feature_level;
}

Epoch current_epoch(const StateReader& state) {
  auto epoch = epoch_at(state, current_epoch_number(state));
  PS_ASSERT(epoch.has_value());
  return *std::move(epoch);
}

std::optional<NextEpoch> next_epoch(const StateReader& state) {
  return find(state, state_key::next_epoch(), [](Decoder& in) {
    NextEpoch next;
    next.last_sequence = in.u64();
    next.feature_level = in.u32();
    next.members = decode_members(in);
    return next;
  });
}

std::optional<Epoch> epoch_at(const StateReader& state, std::uint64_t number) {
  if (number > current_epoch_number(state)) return std::nullopt;
  const auto record = epoch_record(state, number);
  return Epoch{number, record.first_sequence, record.feature_level, members(state, number)};
}

std::uint64_t epoch_of(const StateReader& state, std::uint64_t sequence) {
  auto number = current_epoch_number(state);
  const auto next = next_epoch(state);
  if (next && sequence > next->last_sequence) return number + 1;
  while (number > 0 && sequence < epoch_record(state, number).first_sequence) --number;
  return number;
}

Epoch epoch_for(const StateReader& state, std::uint64_t sequence) {
  const auto number = epoch_of(state, sequence);
  if (auto epoch = epoch_at(state, number)) return *std::move(epoch);
  auto next = next_epoch(state);
  PS_ASSERT(next.has_value());
  return {number, next->last_sequence + 1, next->feature_level, std::move(next->members)};
}

std::optional<MemberEndpoints> endpoints_of(const StateReader& state, const PeerId& peer) {
  return find(state, state_key::member_endpoints(peer), [](Decoder& in) {
    MemberEndpoints endpoints;
    endpoints.control = in.text(max_endpoint_bytes);
    endpoints.bulk = in.text(max_endpoint_bytes);
    return endpoints;
  });
}

bool is_member(const std::vector<Member>& members, const PeerId& peer) {
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.peer == peer; });
}

Result<void> check_feature_level(std::uint32_t level, std::uint32_t known) {
  if (level <= known) return {};
  return Error{LedgerError::unknown_level, "the chain goes on at feature level " +
                                               std::to_string(level) +
                                               ", this program knows levels up to " +
                                               std::to_string(known) + ": install a newer one"};
}

std::uint64_t last_sequence_of_epoch(const ConsensusConstants& constants, std::uint64_t sequence) {
  const std::uint64_t interval = constants.checkpoint_interval;
  return (sequence + constants.window + interval - 1) / interval * interval;
}

Result<void> check_constants(const ConsensusConstants& constants) {
  const std::uint64_t interval = constants.checkpoint_interval;
  const std::uint64_t window = constants.window;
  if (interval > 0 && window % interval == 0 && window >= 2 * interval &&
      window <= max_consensus_window) {
    return {};
  }
  return Error{LedgerError::malformed,
               "the window is a multiple of the checkpoint interval, at least twice as long and at "
               "most 4096"};
}

void put_first_epoch(Overlay& state, const Genesis& genesis) {
  put_members(state, 0, genesis.members);
  change_gateway_keys(state, {}, genesis.members);
  if (genesis.encoding_version() > 1) {
    put_epoch(state, {0, 1, genesis.feature_level, genesis.members});
  }
}

bool begin_due_epoch(Overlay& state, std::uint64_t sequence) {
  auto next = next_epoch(state);
  if (!next || sequence <= next->last_sequence) return false;
  const auto number = current_epoch_number(state) + 1;
  change_gateway_keys(state, members(state, number - 1), next->members);
  put_epoch(state,
            {number, next->last_sequence + 1, next->feature_level, std::move(next->members)});
  state.put(state_key::current_epoch(), Encoder().u64(number).data());
  state.erase(state_key::next_epoch());
  return true;
}

void put_next_epoch(Overlay& state, const NextEpoch& next) {
  PS_ASSERT(!state.get(state_key::next_epoch()));
  Encoder out;
  out.u64(next.last_sequence).u32(next.feature_level);
  encode(out, next.members);
  state.put(state_key::next_epoch(), std::move(out).take());
}

void put_endpoints(Overlay& state, const PeerId& peer, const MemberEndpoints& endpoints) {
  state.put(state_key::member_endpoints(peer),
            Encoder().text(endpoints.control).text(endpoints.bulk).data());
}

bool was_consensus_key(const StateReader& state, const PublicKey& key) {
  if (state.get(state_key::used_consensus_key(key))) return true;
  // Epoch 0 of a genesis of version 1 left no records of its keys.
  const auto first = members(state, 0);
  return std::any_of(first.begin(), first.end(),
                     [&](const Member& member) { return member.consensus_key == key; });
}

Digest next_members_hash(const StateReader& state) {
  if (const auto next = next_epoch(state)) return members_hash(next->members);
  return members_hash(members(state, current_epoch_number(state)));
}

}  // namespace powershare::ledger
