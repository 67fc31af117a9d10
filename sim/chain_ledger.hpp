// A ledger for simulations: each batch with requests is a block, its state a set of records whose
// root is a compact sparse Merkle tree; what is executed and not yet durable is lost in a crash.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "protocol/catch_up.hpp"

namespace powershare::sim {

class ChainLedger {
 public:
  explicit ChainLedger(const crypto::Digest& genesis);

  /// Executes a decision (null and empty batches make no block) and gives where the ledger then
  /// stands.
  pbft::Position execute(pbft::Sequence sequence, const pbft::BatchPointer& batch,
                         const pbft::OrderingCertificate& ordering);
  /// Executes a fetched block; false when it gives another header.
  bool install(const protocol::VerifiedBlock& block);
  void certify(std::uint64_t height, const crypto::QuorumCertificate& certificate);

  const pbft::Position& position() const { return position_; }
  /// The header hash at `height`, if the ledger holds the block.
  std::optional<crypto::Digest> hash_at(std::uint64_t height) const;
  std::uint64_t certified_height() const;
  std::vector<pbft::BlockReference> recent_blocks() const;
  const std::set<crypto::Digest>& requests() const { return requests_; }
  /// Requests that were ordered again after they had been executed; the state ignores them.
  std::uint64_t repeated() const { return repeated_; }

  // State transfer
  protocol::BlocksRead serve(const protocol::ServeBlocks& wanted) const;
  std::optional<protocol::ManifestRead> manifest(pbft::MemberIndex peer) const;
  protocol::ChunkRead chunk(pbft::MemberIndex peer, std::uint32_t index) const;
  std::vector<crypto::Subtree> level() const;
  void begin_staging() { staging_.clear(); }
  void stage(protocol::StagedChunk chunk);
  bool swap_in(const protocol::CertifiedHeader& head);

 private:
  struct Block {
    protocol::BlockRecord record;
    crypto::Digest hash{};
  };
  void put(const Bytes& key, const Bytes& value);
  void remake_tree();

  crypto::Digest genesis_;
  pbft::Position position_;
  UtcMillis time_;
  std::map<std::uint64_t, Block> blocks_;
  std::map<std::uint64_t, crypto::QuorumCertificate> certificates_;
  std::set<crypto::Digest> requests_;
  std::map<Bytes, Bytes> state_;
  crypto::SparseMerkleTree tree_;
  std::map<std::uint32_t, std::vector<protocol::StateRecord>> staging_;
  std::uint64_t repeated_ = 0;
};

}  // namespace powershare::sim
