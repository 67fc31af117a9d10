#include "crypto/merkle_list.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace powershare::crypto {
namespace {

Digest prefixed(std::uint8_t prefix, ByteView first, ByteView second) {
  Bytes data;
  data.reserve(1 + first.size() + second.size());
  data.push_back(prefix);
  data.insert(data.end(), first.begin(), first.end());
  data.insert(data.end(), second.begin(), second.end());
  return sha256(data);
}

/// The largest power of two smaller than `size`; size > 1.
std::uint64_t split(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

}  // namespace

Digest merkle_leaf(ByteView item) {
  return prefixed(0, item, {});
}

Digest merkle_node(const Digest& left, const Digest& right) {
  return prefixed(1, left, right);
}

Digest merkle_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  const auto left = split(leaves.size());
  return merkle_node(merkle_root(leaves.first(left)), merkle_root(leaves.subspan(left)));
}

MerkleProof merkle_proof(std::span<const Digest> leaves, std::uint64_t index) {
  PS_ASSERT(index < leaves.size());
  MerkleProof proof{index, leaves.size(), {}};
  while (leaves.size() > 1) {
    const auto left = split(leaves.size());
    if (index < left) {
      proof.path.push_back(merkle_root(leaves.subspan(left)));
      leaves = leaves.first(left);
    } else {
      proof.path.push_back(merkle_root(leaves.first(left)));
      leaves = leaves.subspan(left);
      index -= left;
    }
  }
  std::ranges::reverse(proof.path);
  return proof;
}

bool verify_merkle_proof(const Digest& leaf, const MerkleProof& proof, const Digest& root) {
  if (proof.index >= proof.size) return false;
  // RFC 9162 §2.1.3.2: walk up; `last` is the index of the last node of the level.
  std::uint64_t index = proof.index;
  std::uint64_t last = proof.size - 1;
  Digest hash = leaf;
  for (const auto& sibling : proof.path) {
    if (last == 0) return false;
    if (index % 2 == 1 || index == last) {
      hash = merkle_node(sibling, hash);
      while (index % 2 == 0 && index != 0) {
        index /= 2;
        last /= 2;
      }
    } else {
      hash = merkle_node(hash, sibling);
    }
    index /= 2;
    last /= 2;
  }
  return last == 0 && hash == root;
}

}  // namespace powershare::crypto
