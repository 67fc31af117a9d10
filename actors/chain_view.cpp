#include "actors/chain_view.hpp"

namespace powershare::actors {
namespace {

class SnapshotView final : public gateway::ChainView {
 public:
  SnapshotView(std::unique_ptr<protocol::LedgerSnapshot> snapshot, ledger::Header head,
               crypto::Digest head_hash)
      : snapshot_(std::move(snapshot)), head_(head), head_hash_(head_hash) {}

  const ledger::StateReader& state() const override { return state_; }
  const ledger::HistoryReader& history() const override { return history_; }
  ledger::Header head() const override { return head_; }
  gateway::Digest head_hash() const override { return head_hash_; }

  Result<std::optional<gateway::BlockRecord>> block(std::uint64_t height) const override {
    auto stored = protocol::read_block(*snapshot_, height);
    if (!stored) return stored.error();
    if (!*stored) return std::optional<gateway::BlockRecord>{};
    auto certificate = protocol::read_certificate(*snapshot_, height);
    if (!certificate) return certificate.error();
    gateway::BlockRecord record;
    record.header = (*stored)->header;
    for (const auto request : (*stored)->batch->requests()) {
      record.transactions.push_back(to_bytes(request));
    }
    record.receipts = std::move((*stored)->receipts);
    record.events = std::move((*stored)->events);
    Encoder ordering;
    (*stored)->ordering.encode(ordering);
    record.ordering_certificate = std::move(ordering).take();
    record.certificate = std::move(*certificate);
    return std::optional<gateway::BlockRecord>(std::move(record));
  }

  Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t height) const override {
    return protocol::read_header_proof(*snapshot_, height);
  }

  Result<std::optional<gateway::TransactionPlace>> place(
      const gateway::Digest& transaction) const override {
    auto found = protocol::read_place(*snapshot_, transaction);
    if (!found) return found.error();
    if (!*found) return std::optional<gateway::TransactionPlace>{};
    return std::optional<gateway::TransactionPlace>({(*found)->height, (*found)->index});
  }

 private:
  std::unique_ptr<protocol::LedgerSnapshot> snapshot_;
  ledger::Header head_;
  crypto::Digest head_hash_;
  protocol::SnapshotState state_{*snapshot_};
  protocol::SnapshotHistory history_{*snapshot_};
};

}  // namespace

Result<std::unique_ptr<gateway::ChainView>> open_chain_view(const protocol::LedgerStore& store,
                                                            const crypto::Digest& genesis_hash) {
  auto snapshot = store.snapshot();
  if (!snapshot) return snapshot.error();
  auto position = protocol::read_position(**snapshot);
  if (!position) return position.error();
  ledger::Header head;
  head.genesis = genesis_hash;
  auto head_hash = genesis_hash;
  if (*position && (*position)->position.height > 0) {
    auto block = protocol::read_block(**snapshot, (*position)->position.height);
    if (!block) return block.error();
    if (!*block) return Error{StorageError::damaged, "the newest block is missing"};
    head = (*block)->header;
    head_hash = (*position)->position.head;
  }
  return std::unique_ptr<gateway::ChainView>(
      std::make_unique<SnapshotView>(std::move(*snapshot), head, head_hash));
}

}  // namespace powershare::actors
