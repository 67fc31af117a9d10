#include "protocol/roster.hpp"

#include <algorithm>

namespace powershare::protocol {

Roster::Roster(const ledger::StateReader& state, const crypto::Digest& genesis,
               std::uint64_t present)
    : genesis_(genesis), present_(present) {
  const auto current = ledger::current_epoch_number(state);
  for (std::uint64_t number = 0; number <= current; ++number) {
    const auto epoch = ledger::epoch_at(state, number);
    if (epoch) add_epoch(*epoch, number + 1 >= present);
  }
  if (const auto next = ledger::next_epoch(state)) {
    add_epoch({current + 1, next->last_sequence + 1, next->feature_level, next->members}, true);
  }
  for (auto& peer : peers_) {
    if (auto endpoints = ledger::endpoints_of(state, peer.member.peer)) {
      peer.endpoints = std::move(*endpoints);
    }
  }
}

Roster::Roster(const ledger::Genesis& genesis) : genesis_(genesis.hash()), present_(0) {
  add_epoch({0, 1, genesis.feature_level, genesis.members}, true);
}

void Roster::add_epoch(const ledger::Epoch& epoch, bool counts) {
  RosterEpoch entry;
  entry.committee = {
      genesis_, epoch.number, ledger::consensus_keys(epoch.members), {}, epoch.feature_level};
  for (const auto& member : epoch.members) {
    const auto number = add(member);
    entry.numbers.push_back(number);
    peers_[number].linked = peers_[number].linked || counts;
    // The keys of the next epoch count from its begin on.
    if (epoch.number <= present_) peers_[number].member = member;
  }
  if (counts) epochs_.push_back(std::move(entry));
}

pbft::MemberIndex Roster::add(const ledger::Member& member) {
  if (const auto number = number_of(member.peer)) return *number;
  peers_.push_back({member, {}, false});
  return static_cast<pbft::MemberIndex>(peers_.size() - 1);
}

std::optional<pbft::MemberIndex> Roster::number_of(const PeerId& peer) const {
  for (std::size_t number = 0; number < peers_.size(); ++number) {
    if (peers_[number].member.peer == peer) return static_cast<pbft::MemberIndex>(number);
  }
  return std::nullopt;
}

const RosterEpoch* Roster::epoch(std::uint64_t number) const {
  for (const auto& entry : epochs_) {
    if (entry.committee.epoch == number) return &entry;
  }
  return nullptr;
}

std::optional<pbft::MemberIndex> Roster::index_in(const RosterEpoch& epoch,
                                                  pbft::MemberIndex number) {
  const auto found = std::find(epoch.numbers.begin(), epoch.numbers.end(), number);
  if (found == epoch.numbers.end()) return std::nullopt;
  return static_cast<pbft::MemberIndex>(found - epoch.numbers.begin());
}

}  // namespace powershare::protocol
