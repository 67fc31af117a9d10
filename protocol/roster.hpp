// Who is who on a chain, through its epochs: the peers, numbered in the order in which they became
// members, and the members of the epochs that messages may come from. Made from the ledger's state.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ledger/membership.hpp"
#include "protocol/pbft/committee.hpp"

namespace powershare::protocol {

struct RosterPeer {
  ledger::Member member;              ///< with its newest keys among the epochs that count
  ledger::MemberEndpoints endpoints;  ///< empty where the chain does not say
  bool linked = false;  ///< a member of the former, the present or the next epoch: a link is kept
};

struct RosterEpoch {
  pbft::Committee committee;               ///< without its start
  std::vector<pbft::MemberIndex> numbers;  ///< by member index: the peer's number
};

class Roster {
 public:
  /// `present` is the epoch in which the ledger stands.
  Roster(const ledger::StateReader& state, const crypto::Digest& genesis, std::uint64_t present);
  /// Epoch 0 of a genesis.
  explicit Roster(const ledger::Genesis& genesis);

  std::uint64_t present() const { return present_; }
  const crypto::Digest& genesis() const { return genesis_; }
  /// By number. Peers that are members no more keep theirs.
  const std::vector<RosterPeer>& peers() const { return peers_; }
  std::optional<pbft::MemberIndex> number_of(const PeerId& peer) const;
  /// The former, the present or the next epoch; nothing for others.
  const RosterEpoch* epoch(std::uint64_t number) const;
  /// The members of the present epoch.
  const RosterEpoch& members() const { return *epoch(present_); }
  /// Index of peer `number` among the members of an epoch.
  static std::optional<pbft::MemberIndex> index_in(const RosterEpoch& epoch,
                                                   pbft::MemberIndex number);

 private:
  pbft::MemberIndex add(const ledger::Member& member);
  void add_epoch(const ledger::Epoch& epoch, bool counts);

  crypto::Digest genesis_;
  std::uint64_t present_;
  std::vector<RosterPeer> peers_;
  std::vector<RosterEpoch> epochs_;
};

}  // namespace powershare::protocol
