// The gate of a slot: explicit orders are cleared against one another before the slot begins, and
// what they come to is committed (DECISIONS 44), from feature level 4 on.
//
// As with the closing of slots nobody asks for it: at the end of the first block whose island time
// has reached a slot's gate the chain's rule clears what was ordered for it. Buyers' coins are held
// at their limits until the slot is settled first. Commitments stay until the slot is final, as
// fixed inputs of each of its settlements.
#pragma once

#include <optional>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

struct ForwardLimits {
  static constexpr std::uint32_t feature_level = 4;
  static constexpr std::size_t max_gates_per_block = 4;
};

/// Coins of a buyer that are held for a slot.
struct Held {
  ParticipantRef participant;
  Coins coins;
  friend bool operator==(const Held&, const Held&) = default;
};

/// What was committed at a slot's gate, as the state keeps it until the slot is final.
struct ForwardRecord {
  UtcMillis slot;
  std::int64_t margin_nano = 0;  ///< the chain's deviation_margin at the gate
  std::vector<Commitment> commitments;
  std::vector<Held> held;  ///< by participant; none once the slot is settled
  Bytes encode() const;
};
/// Nothing where the slot has no commitments.
std::optional<ForwardRecord> find_forward(const StateReader& state, UtcMillis slot);
void put_forward(Overlay& state, const ForwardRecord& record);
/// The first slot from `from` on that has commitments.
std::optional<UtcMillis> next_forward(const StateReader& state, UtcMillis from);

/// The first slot whose orders may still change: its gate is ahead, and it was not cleared.
UtcMillis first_open_slot(const StateReader& state, const Parameters& parameters, UtcMillis now);
/// To be called when an order is placed: from then on the chain clears forward.
void begin_forward(Overlay& state, const Parameters& parameters, UtcMillis now);
/// The first slot whose gate has passed with orders that wait for it.
std::optional<UtcMillis> gate_due(const StateReader& state, const Parameters& parameters,
                                  UtcMillis now);
/// At the end of a block: clears slots whose gate has passed, at most max_gates_per_block. What
/// cannot be cleared gives an alarm, and no commitments.
void clear_forward(Overlay& state, const BlockContext& context);

/// From the wallet into the escrow account. Errors as post().
Result<void> hold(Overlay& state, const Held& held);
/// Gives the held coins of a slot back to their owners, who are then charged by its settlement.
/// Errors as post().
Result<void> release_held(Overlay& state, UtcMillis slot);
/// Forgets a slot that is final; what is still held is given back.
void forget_forward(Overlay& state, UtcMillis slot);
/// Coins of a participant that are held for slots from `from` on.
Coins held_for(const StateReader& state, const ParticipantRef& who, UtcMillis from);
/// What a participant has yet to pay for its commitments of a slot.
Coins committed_cost(const std::vector<Commitment>& commitments, const ParticipantRef& who);

/// What is held is what the escrow accounts say. LedgerError::invariant.
Result<void> check_forward(const StateReader& state);

}  // namespace powershare::ledger
