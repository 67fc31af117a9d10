#include "sim/chain_ledger.hpp"

#include <algorithm>

#include "crypto/merkle_list.hpp"

namespace powershare::sim {
ChainLedger::ChainLedger(const crypto::Digest& genesis) : genesis_(genesis) {
  position_.head = genesis;
}

void ChainLedger::put(const Bytes& key, const Bytes& value) {
  tree_.put(crypto::sha256(key), crypto::sha256(value));
  state_[key] = value;
}

void ChainLedger::remake_tree() {
  tree_ = crypto::SparseMerkleTree();
  for (const auto& [key, value] : state_) tree_.put(crypto::sha256(key), crypto::sha256(value));
}

pbft::Position ChainLedger::execute(pbft::Sequence sequence, const pbft::BatchPointer& batch,
                                    const pbft::OrderingCertificate& ordering) {
  position_.sequence = sequence;
  if (batch->is_null() || batch->requests().empty()) return position_;
  std::vector<crypto::Digest> leaves;
  for (std::size_t i = 0; i < batch->requests().size(); ++i) {
    leaves.push_back(crypto::merkle_leaf(batch->requests()[i]));
    if (!requests_.insert(batch->ids()[i]).second) {
      ++repeated_;
      continue;
    }
    put(to_bytes(batch->ids()[i]), Encoder().u64(sequence).data());
  }
  time_ = std::max(time_, batch->time());
  Block block;
  auto& header = block.record.header;
  header.genesis = genesis_;
  header.height = position_.height + 1;
  header.sequence = sequence;
  header.time = time_;
  header.previous = position_.head;
  header.transactions_root = crypto::merkle_root(leaves);
  header.state_root = tree_.root();
  block.record.batch = to_bytes(batch->encoded());
  block.record.ordering = ordering;
  block.hash = header.hash();
  position_.height = header.height;
  position_.head = block.hash;
  blocks_[header.height] = std::move(block);
  return position_;
}

bool ChainLedger::install(const protocol::VerifiedBlock& block) {
  execute(block.header.sequence, block.batch, block.ordering);
  return position_.head == block.header.hash();
}

void ChainLedger::certify(std::uint64_t height, const crypto::QuorumCertificate& certificate) {
  certificates_[height] = certificate;
}

std::optional<crypto::Digest> ChainLedger::hash_at(std::uint64_t height) const {
  const auto found = blocks_.find(height);
  if (found == blocks_.end()) return std::nullopt;
  return found->second.hash;
}

std::uint64_t ChainLedger::certified_height() const {
  std::uint64_t height = 0;
  while (certificates_.contains(height + 1)) ++height;
  return height;
}

std::vector<pbft::BlockReference> ChainLedger::recent_blocks() const {
  std::vector<pbft::BlockReference> recent;
  const auto from = position_.height > 256 ? position_.height - 256 : 0;
  for (auto it = blocks_.upper_bound(from); it != blocks_.end(); ++it) {
    recent.push_back({it->first, it->second.hash});
  }
  return recent;
}

protocol::BlocksRead ChainLedger::serve(const protocol::ServeBlocks& wanted) const {
  protocol::BlocksRead answer;
  answer.peer = wanted.peer;
  answer.from_height = wanted.from_height;
  auto height = wanted.from_height;
  std::size_t bytes = 0;
  for (; answer.blocks.size() < wanted.max_blocks && bytes < wanted.max_bytes; ++height) {
    const auto found = blocks_.find(height);
    if (found == blocks_.end()) break;
    bytes += found->second.record.batch.size();
    answer.blocks.push_back(found->second.record);
  }
  if (answer.blocks.empty()) return answer;
  const auto certified = certificates_.lower_bound(height - 1);
  const bool none = certified == certificates_.end();
  // Without a block certificate the headers may still lead to the checkpoint that was asked for.
  for (const auto last = none ? position_.height : certified->first; height <= last; ++height) {
    answer.further_headers.push_back(blocks_.at(height).record.header);
  }
  if (none) return answer;
  answer.certificate = certified->second;
  return answer;
}

std::optional<protocol::ManifestRead> ChainLedger::manifest(pbft::MemberIndex peer) const {
  const auto certificate = certificates_.find(position_.height);
  if (certificate == certificates_.end()) return std::nullopt;
  return protocol::ManifestRead{
      peer, {blocks_.at(position_.height).record.header, certificate->second}, level()};
}

std::vector<crypto::Subtree> ChainLedger::level() const {
  return tree_.level(8);
}

protocol::ChunkRead ChainLedger::chunk(pbft::MemberIndex peer, std::uint32_t index) const {
  protocol::ChunkRead answer{peer, index, {}};
  for (const auto& [key, value] : state_) {
    if (crypto::sha256(key)[0] == index) answer.records.push_back({key, value});
  }
  return answer;
}

void ChainLedger::stage(protocol::StagedChunk chunk) {
  staging_[chunk.index] = std::move(chunk.records);
}

bool ChainLedger::swap_in(const protocol::CertifiedHeader& head) {
  for (auto& [index, records] : staging_) {
    const auto place = index;
    std::erase_if(state_, [&](const auto& it) { return crypto::sha256(it.first)[0] == place; });
    for (auto& record : records) state_[record.key] = record.value;
  }
  staging_.clear();
  remake_tree();
  if (tree_.root() != head.header.state_root) return false;
  // As a real ledger knows from its dedup records under the root: what is in the state is executed.
  requests_.clear();
  for (const auto& [key, value] : state_) {
    crypto::Digest id{};
    std::copy(key.begin(), key.end(), id.begin());
    requests_.insert(id);
  }
  time_ = head.header.time;
  position_ = {head.header.sequence, head.header.height, head.header.hash()};
  blocks_.clear();
  certificates_.clear();
  Block block;
  block.record.header = head.header;
  block.hash = position_.head;
  blocks_[position_.height] = std::move(block);
  certificates_[position_.height] = head.certificate;
  return true;
}

}  // namespace powershare::sim
