// In which epoch a ledger stands while it executes, and what its consensus must know of it. Used by
// whoever hosts a StateMachine: the settlement actor and the simulator.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "protocol/block_store.hpp"
#include "protocol/roster.hpp"

namespace powershare::protocol {

class EpochTracker {
 public:
  /// Where a ledger stands after a start: its state, what it has stored of epochs, and its own
  /// position, which may be in the next epoch already although the state learns of that with the
  /// first block there. StorageError::damaged, with the reason.
  static Result<EpochTracker> open(const ledger::StateReader& state, const crypto::Digest& genesis,
                                   const LedgerSnapshot& snapshot, const pbft::Position& own);

  /// Of the epoch in which the ledger stands. It moves on when a sequence beyond the epoch is
  /// executed, or when its end is proven.
  const std::shared_ptr<const pbft::Committee>& committee() const { return committee_; }
  /// Set while a change of members waits for the end of the epoch.
  const pbft::EpochEndPointer& epoch_end() const { return epoch_end_; }
  const std::shared_ptr<const Roster>& roster() const { return roster_; }

  /// The ledger has moved from `before` to `after`, over at most one block. True when committee,
  /// epoch_end or roster are others now; `writes` gets what must be durable with the block.
  bool advanced(const ledger::StateReader& state, const pbft::Position& before,
                const pbft::Position& after, std::vector<TableWrite>& writes);
  /// The end of an epoch is proven; `own` moves to it. False where the proof does not fit the
  /// ledger: another sequence than the change says, or another head.
  bool finished(const ledger::StateReader& state, const pbft::EpochFinished& finished,
                pbft::Position& own, std::vector<TableWrite>& writes);

 private:
  EpochTracker(const ledger::StateReader& state, const crypto::Digest& genesis,
               const pbft::Position& start);
  void read_end(const ledger::StateReader& state);
  void begin_next(const ledger::StateReader& state, const pbft::Position& start);

  crypto::Digest genesis_;
  std::shared_ptr<const pbft::Committee> committee_;
  pbft::EpochEndPointer epoch_end_;
  std::shared_ptr<const Roster> roster_;
};

}  // namespace powershare::protocol
