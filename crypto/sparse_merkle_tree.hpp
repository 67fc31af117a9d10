// A compact sparse Merkle tree over SHA-256(key): the state root (DECISIONS 9, 10).
//
// The tree is a binary trie over the bits of SHA-256(key), most significant first. A subtree
// without a leaf hashes to 32 zero bytes; a subtree with one leaf *is* that leaf, whatever its
// depth:
//   leaf = SHA-256(0x00 ‖ SHA-256(key) ‖ SHA-256(value)),  inner = SHA-256(0x01 ‖ left ‖ right).
// So the root depends on the set of (key, value) alone, never on the order of the changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "crypto/hash.hpp"

namespace powershare::crypto {

enum class SubtreeKind : std::uint8_t { empty = 0, leaf = 1, inner = 2 };

/// What stands at one place of the tree; what a state-transfer manifest lists.
struct Subtree {
  SubtreeKind kind = SubtreeKind::empty;
  Digest hash{};
  friend bool operator==(const Subtree&, const Subtree&) = default;
};

/// The leaf that a proof ends at.
struct SparseLeaf {
  Digest key_hash{};
  Digest value_hash{};
};

/// Siblings from the root down, and the leaf found where the key's path ends (another key's, or
/// none, where the key is absent).
struct SparseProof {
  std::vector<Digest> siblings;
  std::optional<SparseLeaf> leaf;
};

class SparseMerkleTree {
 public:
  SparseMerkleTree();
  ~SparseMerkleTree();
  SparseMerkleTree(SparseMerkleTree&&) noexcept;
  SparseMerkleTree& operator=(SparseMerkleTree&&) noexcept;

  /// Inserts or replaces; `key_hash` = SHA-256(key), `value_hash` = SHA-256(value).
  void put(const Digest& key_hash, const Digest& value_hash);
  /// Removes if there.
  void erase(const Digest& key_hash);
  /// Hashes what has changed since the last call.
  Digest root() const;
  std::size_t size() const;

  SparseProof prove(const Digest& key_hash) const;
  /// The 2^depth subtrees at `depth` (0 to 16), left to right. A leaf that hangs higher stands at
  /// the place that its own key leads to.
  std::vector<Subtree> level(unsigned depth) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::size_t size_ = 0;
};

/// True when `proof` shows that the tree with `root` holds `value_hash` at `key_hash` (or, with
/// nullopt, holds nothing there).
bool verify_sparse_proof(const Digest& root, const Digest& key_hash,
                         const std::optional<Digest>& value_hash, const SparseProof& proof);

/// The root of the tree whose level at some depth is `level` (2^depth entries).
Digest root_from_level(std::span<const Subtree> level);

}  // namespace powershare::crypto
