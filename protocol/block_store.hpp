// How a ledger keeps executed blocks: which tables of a LedgerStore hold what, and their records in
// fixed layout (docs/formats-blocks.md). Pure: it makes and reads writes, the store is a port.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ledger/queries.hpp"
#include "ledger/state_machine.hpp"
#include "ledger/trust_chain.hpp"
#include "protocol/catch_up.hpp"
#include "protocol/pbft/effects.hpp"
#include "protocol/ports.hpp"

namespace powershare::protocol {

namespace table {
inline constexpr std::string_view blocks = "blocks";  ///< u64 height -> StoredBlock
inline constexpr std::string_view certificates =
    "block_certificates";                           ///< u64 height -> quorum certificate
inline constexpr std::string_view state = "state";  ///< state key -> value
inline constexpr std::string_view places =
    "transaction_places";                         ///< transaction id -> height, index
inline constexpr std::string_view meta = "meta";  ///< see below
inline constexpr std::string_view epoch_starts = "epoch_starts";  ///< u64 epoch -> Position
inline constexpr std::string_view epoch_proofs =
    "epoch_proofs";  ///< u64 epoch -> CheckpointCertificate of its last sequence
}  // namespace table

/// One executed block as it stands on disk.
struct StoredBlock {
  ledger::Header header;
  pbft::BatchPointer batch;
  pbft::OrderingCertificate ordering;
  std::vector<ledger::Receipt> receipts;  ///< one per request of the batch
  std::vector<ledger::Event> events;
};

struct TransactionPlace {
  std::uint64_t height = 0;
  std::uint32_t index = 0;
};

/// Appends everything that must become durable with `block`: its record, its transactions' places,
/// state and history.
void append_block_writes(const ledger::ExecutedBlock& block, const pbft::BatchPointer& batch,
                         const pbft::OrderingCertificate& ordering,
                         std::vector<TableWrite>& writes);
/// Where a ledger stands, and how many transactions it has executed since the genesis.
struct LedgerPosition {
  pbft::Position position;
  std::uint64_t executed_transactions = 0;
};
/// Goes with the writes of every block and of every null batch.
TableWrite position_write(const LedgerPosition& position);
TableWrite certificate_write(std::uint64_t height, const crypto::QuorumCertificate& certificate);
/// All blocks up to this height have a certificate, their own or a later one's chain.
TableWrite certified_height_write(std::uint64_t height);

/// Where the ledger stood when `epoch`, 1 or higher, began.
TableWrite epoch_start_write(std::uint64_t epoch, const pbft::Position& start);
/// The proof that `epoch` is over: for members that come later.
TableWrite epoch_end_write(std::uint64_t epoch, const pbft::CheckpointCertificate& end);
Result<std::optional<pbft::Position>> read_epoch_start(const LedgerSnapshot& snapshot,
                                                       std::uint64_t epoch);
Result<std::optional<pbft::CheckpointCertificate>> read_epoch_end(const LedgerSnapshot& snapshot,
                                                                  std::uint64_t epoch);

/// Nothing where the height is not held. StorageError::damaged where the record is not one.
Result<std::optional<StoredBlock>> read_block(const LedgerSnapshot& snapshot, std::uint64_t height);
Result<std::optional<crypto::QuorumCertificate>> read_certificate(const LedgerSnapshot& snapshot,
                                                                  std::uint64_t height);
/// The header alone, without its batch and receipts.
Result<std::optional<ledger::Header>> read_header(const LedgerSnapshot& snapshot,
                                                  std::uint64_t height);
/// The header of `height` and those after it up to the next one that has a certificate; nothing
/// where a header is missing, or no certificate stands within ledger::max_proof_headers.
Result<std::optional<ledger::HeaderProof>> read_header_proof(const LedgerSnapshot& snapshot,
                                                             std::uint64_t height);
/// Nothing in a store that holds no block yet.
Result<std::optional<LedgerPosition>> read_position(const LedgerSnapshot& snapshot);
Result<std::uint64_t> read_certified_height(const LedgerSnapshot& snapshot);
Result<std::optional<TransactionPlace>> read_place(const LedgerSnapshot& snapshot,
                                                   const crypto::Digest& transaction);
/// All state records, for StateMachine::restore.
Result<std::vector<ledger::StateWrite>> read_state(const LedgerSnapshot& snapshot);

/// The committed state, for queries. A damaged record reads as absent and is remembered in fault().
class SnapshotState final : public ledger::StateReader {
 public:
  explicit SnapshotState(const LedgerSnapshot& snapshot) : snapshot_(snapshot) {}
  std::optional<Bytes> get(ByteView key) const override;
  void scan(ByteView prefix, ByteView from,
            const std::function<bool(ByteView, ByteView)>& visit) const override;
  const std::optional<Error>& fault() const { return fault_; }

 private:
  const LedgerSnapshot& snapshot_;
  mutable std::optional<Error> fault_;
};

/// History rows of a snapshot, likewise.
class SnapshotHistory final : public ledger::HistoryReader {
 public:
  explicit SnapshotHistory(const LedgerSnapshot& snapshot) : snapshot_(snapshot) {}
  std::optional<Bytes> get(std::string_view table, ByteView key) const override;
  void scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const override;
  const std::optional<Error>& fault() const { return fault_; }

 private:
  const LedgerSnapshot& snapshot_;
  mutable std::optional<Error> fault_;
};

}  // namespace powershare::protocol
