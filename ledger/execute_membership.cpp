// Members, their keys and the feature level: each change makes the next epoch (docs/adr/0011).
#include <algorithm>

#include "ledger/execution.hpp"
#include "ledger/membership.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

Verdict change_pending(const NextEpoch& next) {
  return reject("membership_change_pending",
                "A change is pending and takes effect after sequence " +
                    std::to_string(next.last_sequence) + "; one at a time");
}

/// `self`: the member whose keys are replaced, which may keep some of them.
Verdict check_keys(const StateReader& state, const std::vector<Member>& members,
                   const Member& added, const Member* self) {
  const bool keeps_consensus_key = self != nullptr && self->consensus_key == added.consensus_key;
  if (!keeps_consensus_key && was_consensus_key(state, added.consensus_key)) {
    return reject("key_used_before", "A consensus key serves one peer once and never again");
  }
  for (const auto& member : members) {
    if (self != nullptr && member.peer == self->peer) continue;
    const auto taken = [&](const PublicKey& key) {
      return key == member.consensus_key || key == member.gateway_key;
    };
    if (taken(added.consensus_key) || taken(added.gateway_key) ||
        added.transport_key == member.transport_key) {
      return reject("key_in_use", "The peer " + member.peer.text() + " has one of these keys");
    }
  }
  for (const auto& binding : bindings_of(state, added.gateway_key)) {
    if (binding.has(Scope::governance)) {
      return reject("key_in_use", "A governance key cannot be a gateway's: it stays offline");
    }
  }
  return {};
}

void set_next(Overlay& state, const BlockContext& context, std::uint32_t level,
              std::vector<Member> members) {
  put_next_epoch(state, {last_sequence_of_epoch(context.genesis.consensus, context.sequence), level,
                         std::move(members)});
  const auto number = current_epoch_number(state);
  context.history.push_back({std::string(history_epoch_ends), Encoder().u64(number).data(),
                             Encoder().u64(context.height).data()});
}

auto find_peer(std::vector<Member>& members, const PeerId& peer) {
  return std::find_if(members.begin(), members.end(),
                      [&](const Member& member) { return member.peer == peer; });
}

Verdict unknown_member(const PeerId& peer) {
  return reject("unknown_member", "The peer " + peer.text() + " is not a member");
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const AddMember& payload) {
  if (const auto next = next_epoch(state)) return change_pending(*next);
  auto epoch = current_epoch(state);
  const auto& peer = payload.member.peer;
  if (is_member(epoch.members, peer)) {
    return reject("member_exists", "The peer " + peer.text() + " is a member");
  }
  if (epoch.members.size() >= max_members_by_change) {
    return reject("too_many_members", "A chain has at most 40 members");
  }
  if (auto taken = check_keys(state, epoch.members, payload.member, nullptr)) return taken;
  epoch.members.push_back(payload.member);
  if (!payload.control_endpoint.empty() || !payload.bulk_endpoint.empty()) {
    put_endpoints(state, peer, {payload.control_endpoint, payload.bulk_endpoint});
  }
  set_next(state, context, epoch.feature_level, std::move(epoch.members));
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const RemoveMember& payload) {
  if (const auto next = next_epoch(state)) return change_pending(*next);
  auto epoch = current_epoch(state);
  const auto found = find_peer(epoch.members, payload.peer);
  if (found == epoch.members.end()) return unknown_member(payload.peer);
  if (epoch.members.size() <= min_members) {
    return reject("too_few_members", "A chain has at least 4 members; add one first");
  }
  epoch.members.erase(found);
  set_next(state, context, epoch.feature_level, std::move(epoch.members));
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const ReplaceMemberKeys& payload) {
  if (const auto next = next_epoch(state)) return change_pending(*next);
  auto epoch = current_epoch(state);
  const auto found = find_peer(epoch.members, payload.member.peer);
  if (found == epoch.members.end()) return unknown_member(payload.member.peer);
  if (*found == payload.member) return reject("nothing_changes", "The peer has these keys");
  if (auto taken = check_keys(state, epoch.members, payload.member, &*found)) return taken;
  *found = payload.member;
  set_next(state, context, epoch.feature_level, std::move(epoch.members));
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const SetFeatureLevel& payload) {
  if (const auto next = next_epoch(state)) return change_pending(*next);
  auto epoch = current_epoch(state);
  if (payload.level != epoch.feature_level + 1) {
    return reject("bad_feature_level", "The chain is at level " +
                                           std::to_string(epoch.feature_level) +
                                           "; levels are switched on one by one");
  }
  set_next(state, context, payload.level, std::move(epoch.members));
  return {};
}

}  // namespace powershare::ledger
