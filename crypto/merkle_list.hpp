// Merkle trees over lists, as RFC 6962 §2.1 (Certificate Transparency): leaf = SHA-256(0x00 ‖
// item), node = SHA-256(0x01 ‖ left ‖ right), the left half being the largest power of two below
// the size. The root of the empty list is SHA-256 of nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "crypto/hash.hpp"

namespace powershare::crypto {

/// The audit path of one item: sibling hashes from the leaf up (RFC 6962 §2.1.1).
struct MerkleProof {
  std::uint64_t index = 0;
  std::uint64_t size = 0;  ///< number of items in the list
  std::vector<Digest> path;
};

Digest merkle_leaf(ByteView item);
Digest merkle_node(const Digest& left, const Digest& right);
Digest merkle_root(std::span<const Digest> leaves);
/// `index` < leaves.size().
MerkleProof merkle_proof(std::span<const Digest> leaves, std::uint64_t index);
/// True when `proof` leads from `leaf` to `root`; any shape of proof is safe to pass.
bool verify_merkle_proof(const Digest& leaf, const MerkleProof& proof, const Digest& root);

}  // namespace powershare::crypto
