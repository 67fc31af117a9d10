// The certified allocation of a slot: who was given which energy, as one hash under the state root
// and so under the block's certificate (Sunchain's idea; MARKET §7). The hash is the root of a
// Merkle tree over the participants, so that each can be shown its own entry without the others'.
#pragma once

#include <vector>

#include "crypto/merkle_list.hpp"
#include "ledger/block_context.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

/// What one participant was allocated in a slot.
struct Allocation {
  ParticipantRef participant;
  Energy bought;  ///< from neighbours
  Energy sold;    ///< to neighbours
  Energy from_utility;
  Energy to_utility;
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

struct AllocationVector {
  /// Records of slots are kept so long.
  static constexpr std::int64_t kept_ms = 400 * millis_per_day;

  UtcMillis slot;
  std::vector<Allocation> entries;  ///< by participant
  /// RFC 6962 over the leaves: i64 slot ‖ u8 type ‖ text id ‖ i64 bought, sold, from utility, to
  /// utility.
  crypto::Digest root() const;
  std::vector<crypto::Digest> leaves() const;
  friend bool operator==(const AllocationVector&, const AllocationVector&) = default;
};

Bytes allocation_key(UtcMillis slot);
/// The root of the slot's vector, as it was settled last; nothing before feature level 4.
std::optional<crypto::Digest> find_allocation(const StateReader& state, UtcMillis slot);
/// Puts the root under the state root and the vector into history, from feature level 4 on.
void put_allocation(Overlay& state, const BlockContext& context, const AllocationVector& vector);
/// Forgets slots that are older than kept_ms.
void forget_allocations(Overlay& state, UtcMillis newest_final);

namespace history_table {
/// i64 slot -> AllocationVector
inline constexpr std::string_view allocations = "allocations";
}  // namespace history_table
HistoryRow allocation_row(const AllocationVector& vector);
Result<AllocationVector> parse_allocation_row(ByteView key, ByteView value);

}  // namespace powershare::ledger
