// The chain's state machine: decided batch in, block out. Pure: no I/O, no clock, no randomness.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/sparse_merkle_tree.hpp"
#include "ledger/genesis.hpp"
#include "ledger/header.hpp"
#include "ledger/overlay.hpp"
#include "ledger/receipt.hpp"
#include "ledger/state_reader.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// A batch that consensus decided. Its transactions were checked statelessly before PREPARE.
struct DecidedBatch {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  UtcMillis time;                   ///< proposed by the primary
  std::vector<Bytes> transactions;  ///< as submitted
};

/// An executed block and everything that must become durable with it in one database transaction.
struct ExecutedBlock {
  Header header;
  std::vector<Bytes> transactions;
  std::vector<Receipt> receipts;
  std::vector<Bytes> outbox;
  std::vector<StateWrite> writes;  ///< last write per key, in key order
  std::vector<HistoryRow> history;
  std::vector<Event> events;
};

/// Decodes one transaction as submitted; checks format, limits and signature, not rights. What
/// exists above `feature_level` only is malformed. Implemented by protocol/wire, handed in so that
/// this room needs no Protobuf.
using TransactionDecoder =
    std::function<Result<Transaction>(ByteView bytes, std::uint32_t feature_level)>;

/// What the state holds at a key, and the path from there to the state root.
struct RecordProof {
  std::optional<Bytes> value;  ///< nothing where there is no such record
  crypto::SparseProof path;
};

/// The state in memory with its Merkle tree, and the only way to change it.
class StateMachine {
 public:
  /// At height 0: the state that the genesis describes.
  StateMachine(Genesis genesis, TransactionDecoder decoder);
  /// As the database left it: `records` are all state records, `head` the newest header.
  /// LedgerError::diverged when the records do not hash to head's state root.
  static Result<StateMachine> restore(Genesis genesis, TransactionDecoder decoder, Header head,
                                      std::vector<StateWrite> records);
  StateMachine(StateMachine&&) noexcept;
  StateMachine& operator=(StateMachine&&) noexcept;
  ~StateMachine();

  /// Executes the batch on an overlay per transaction (DECISIONS 14), closes at most 4 due slots
  /// (DECISIONS 21), and moves the state. A null batch (no transactions) that closes no slot is not
  /// given to apply by the host when `makes_block` says so. The first batch beyond a pending change
  /// of members begins the next epoch; `batch.epoch` must be epoch_of(state(), batch.sequence).
  ExecutedBlock apply(const DecidedBatch& batch);
  /// False for an empty batch at `time` with no slot due: it makes no block.
  bool makes_block(const DecidedBatch& batch) const;
  /// True when a slot could be closed by an empty batch at `now` (agreed time or, simulated, island
  /// time).
  bool slot_due(UtcMillis now) const;

  /// Admission to the mempool: would this transaction's key, dedup record and expiry pass now? A
  /// clear error otherwise.
  Result<void> admit(const Transaction& transaction, UtcMillis now) const;

  const Genesis& genesis() const;
  const Header& head()
      const;  ///< height 0: the genesis header (its state_root is the genesis state's)
  Digest head_hash() const;  ///< genesis hash at height 0
  Digest state_root() const;
  const StateReader& state() const;
  /// Against state_root().
  RecordProof prove(ByteView key) const;
  /// Slot, island and conservation invariants of DESIGN §5; LedgerError::invariant with what is
  /// wrong.
  Result<void> check_invariants() const;
  /// The 2^depth subtrees of the state tree and the records below one of them: state transfer
  /// (DECISIONS 12).
  std::vector<crypto::Subtree> tree_level(unsigned depth) const;
  std::vector<StateWrite> records_below(unsigned depth, std::uint32_t index) const;

 private:
  struct Impl;
  explicit StateMachine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace powershare::ledger
