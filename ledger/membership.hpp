// Membership epochs as state records: who agrees on which sequences, at which feature level.
//
// A governance transaction executed at sequence s sets the next epoch; the current one then ends at
// last_sequence_of_epoch(s), a checkpoint that no replica can have voted past before it knows
// (docs/adr/0011). One change may be pending at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/genesis.hpp"
#include "ledger/overlay.hpp"
#include "ledger/state_reader.hpp"

namespace powershare::ledger {

struct Epoch {
  std::uint64_t number = 0;
  std::uint64_t first_sequence = 1;
  std::uint32_t feature_level = 1;
  std::vector<Member> members;  ///< in order of their index
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

/// The change that is pending: what begins after `last_sequence` of the current epoch.
struct NextEpoch {
  std::uint64_t last_sequence = 0;  ///< of the current epoch, a multiple of K
  std::uint32_t feature_level = 1;
  std::vector<Member> members;
  friend bool operator==(const NextEpoch&, const NextEpoch&) = default;
};

/// Where a member says that it listens, as "tcp://host:port"; empty where it does not say. A peer's
/// own configuration overrides it.
struct MemberEndpoints {
  std::string control;
  std::string bulk;
  friend bool operator==(const MemberEndpoints&, const MemberEndpoints&) = default;
};

/// u64 epoch -> u64 height of the block that executed the change which ends this epoch: its header
/// is the first that commits to the next epoch's members. Derived history, never read by execution.
inline constexpr std::string_view history_epoch_ends = "epoch_ends";

// ── For hosts, queries and audits ───────────────────────────────────────────────────────────────

/// The epoch of the newest block (epoch 0 at height 0). A batch beyond a pending change's
/// last_sequence belongs to the next one, which becomes current with its first block.
Epoch current_epoch(const StateReader& state);
/// The same without its members.
std::uint64_t current_epoch_number(const StateReader& state);
std::uint32_t current_feature_level(const StateReader& state);
/// Nothing unless a change is pending.
std::optional<NextEpoch> next_epoch(const StateReader& state);
/// Any epoch from 0 to the current one; all of them stay in the state.
std::optional<Epoch> epoch_at(const StateReader& state, std::uint64_t number);
/// The number of the epoch that `sequence` belongs to, as far as this state knows: the pending one
/// counts for sequences beyond its change.
std::uint64_t epoch_of(const StateReader& state, std::uint64_t sequence);
/// That epoch itself, the pending one included: whose votes decide `sequence`, at which level.
Epoch epoch_for(const StateReader& state, std::uint64_t sequence);
/// Of a current or pending member that came with addresses.
std::optional<MemberEndpoints> endpoints_of(const StateReader& state, const PeerId& peer);
/// True when a peer of the current or of a pending epoch has this id.
bool is_member(const std::vector<Member>& members, const PeerId& peer);

/// One sentence where `level`, of the epoch that is about to begin, is above what this program
/// knows or, while an upgrade is rehearsed, is told to know: LedgerError::unknown_level. Its host
/// then stops before the epoch's first block.
Result<void> check_feature_level(std::uint32_t level, std::uint32_t known = known_feature_level);
/// The end of the epoch whose change is executed at `sequence`: the smallest checkpoint at or above
/// sequence + L. Replicas vote up to executed + L, so none has voted past it.
std::uint64_t last_sequence_of_epoch(const ConsensusConstants& constants, std::uint64_t sequence);
/// LedgerError::malformed with one sentence unless K > 0, L is a multiple of K and 2K <= L <=
/// max_consensus_window.
Result<void> check_constants(const ConsensusConstants& constants);

// ── For the state machine ───────────────────────────────────────────────────────────────────────

/// Epoch 0 of a genesis.
void put_first_epoch(Overlay& state, const Genesis& genesis);
/// Makes the pending change the current epoch where `sequence` lies beyond the current one:
/// members, their gateways' keys, addresses. False where it does not.
bool begin_due_epoch(Overlay& state, std::uint64_t sequence);
/// Sets the change that becomes the next epoch; there must be none.
void put_next_epoch(Overlay& state, const NextEpoch& next);
void put_endpoints(Overlay& state, const PeerId& peer, const MemberEndpoints& endpoints);
/// True for a consensus key that is or ever was a member's: it is refused for good.
bool was_consensus_key(const StateReader& state, const PublicKey& key);
/// What Header::next_members of the newest block holds: hash of the pending members, else of the
/// current ones.
Digest next_members_hash(const StateReader& state);

}  // namespace powershare::ledger
