#include "crypto/sparse_merkle_tree.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace powershare::crypto {
namespace {

bool bit(const Digest& hash, unsigned depth) {
  return (hash[depth / 8] >> (7 - depth % 8) & 1) != 0;
}

Digest leaf_hash(const SparseLeaf& leaf) {
  std::array<std::uint8_t, 65> data{};
  std::copy(leaf.key_hash.begin(), leaf.key_hash.end(), data.begin() + 1);
  std::copy(leaf.value_hash.begin(), leaf.value_hash.end(), data.begin() + 33);
  return sha256(data);
}

Digest inner_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> data{1};
  std::copy(left.begin(), left.end(), data.begin() + 1);
  std::copy(right.begin(), right.end(), data.begin() + 33);
  return sha256(data);
}

/// Two subtrees side by side: a lone leaf rises.
Subtree join(const Subtree& left, const Subtree& right) {
  if (left.kind == SubtreeKind::empty && right.kind != SubtreeKind::inner) return right;
  if (right.kind == SubtreeKind::empty && left.kind != SubtreeKind::inner) return left;
  return {SubtreeKind::inner, inner_hash(left.hash, right.hash)};
}

}  // namespace

/// A leaf, or an inner node with at least two leaves below it. An absent node is an empty subtree.
struct SparseMerkleTree::Node {
  SparseLeaf leaf;
  bool is_leaf = false;
  std::unique_ptr<Node> child[2];
  mutable Digest hash{};
  mutable bool stale = true;

  static std::unique_ptr<Node> make_leaf(const SparseLeaf& leaf) {
    auto node = std::make_unique<Node>();
    node->leaf = leaf;
    node->is_leaf = true;
    return node;
  }

  static Subtree subtree(const Node* node) {
    if (node == nullptr) return {};
    if (node->stale) {
      node->hash = node->is_leaf ? leaf_hash(node->leaf)
                                 : inner_hash(subtree(node->child[0].get()).hash,
                                              subtree(node->child[1].get()).hash);
      node->stale = false;
    }
    return {node->is_leaf ? SubtreeKind::leaf : SubtreeKind::inner, node->hash};
  }

  /// True when a leaf was added, false when one was replaced.
  static bool put(std::unique_ptr<Node>& node, const SparseLeaf& leaf, unsigned depth) {
    if (!node) {
      node = make_leaf(leaf);
      return true;
    }
    node->stale = true;
    if (node->is_leaf) {
      if (node->leaf.key_hash == leaf.key_hash) {
        node->leaf = leaf;
        return false;
      }
      auto inner = std::make_unique<Node>();
      const bool old_side = bit(node->leaf.key_hash, depth);
      inner->child[old_side] = std::move(node);
      node = std::move(inner);
    }
    return put(node->child[bit(leaf.key_hash, depth)], leaf, depth + 1);
  }

  static bool erase(std::unique_ptr<Node>& node, const Digest& key_hash, unsigned depth) {
    if (!node) return false;
    if (node->is_leaf) {
      if (node->leaf.key_hash != key_hash) return false;
      node.reset();
      return true;
    }
    if (!erase(node->child[bit(key_hash, depth)], key_hash, depth + 1)) return false;
    node->stale = true;
    for (const int side : {0, 1}) {
      if (node->child[side] == nullptr &&
          (!node->child[1 - side] || node->child[1 - side]->is_leaf)) {
        auto lone = std::move(node->child[1 - side]);
        node = std::move(lone);
        break;
      }
    }
    return true;
  }

  static void collect(const Node* node, unsigned depth, std::span<Subtree> out) {
    if (node == nullptr) return;
    if (out.size() == 1) {
      out[0] = subtree(node);
    } else if (node->is_leaf) {
      const auto half = out.size() / 2;
      collect(node, depth + 1, out.subspan(bit(node->leaf.key_hash, depth) ? half : 0, half));
    } else {
      const auto half = out.size() / 2;
      collect(node->child[0].get(), depth + 1, out.first(half));
      collect(node->child[1].get(), depth + 1, out.last(half));
    }
  }
};

SparseMerkleTree::SparseMerkleTree() = default;
SparseMerkleTree::~SparseMerkleTree() = default;
SparseMerkleTree::SparseMerkleTree(SparseMerkleTree&&) noexcept = default;
SparseMerkleTree& SparseMerkleTree::operator=(SparseMerkleTree&&) noexcept = default;

void SparseMerkleTree::put(const Digest& key_hash, const Digest& value_hash) {
  if (Node::put(root_, {key_hash, value_hash}, 0)) ++size_;
}

void SparseMerkleTree::erase(const Digest& key_hash) {
  if (Node::erase(root_, key_hash, 0)) --size_;
}

Digest SparseMerkleTree::root() const {
  return Node::subtree(root_.get()).hash;
}

std::size_t SparseMerkleTree::size() const {
  return size_;
}

SparseProof SparseMerkleTree::prove(const Digest& key_hash) const {
  SparseProof proof;
  const Node* node = root_.get();
  for (unsigned depth = 0; node != nullptr && !node->is_leaf; ++depth) {
    const bool side = bit(key_hash, depth);
    proof.siblings.push_back(Node::subtree(node->child[!side].get()).hash);
    node = node->child[side].get();
  }
  if (node != nullptr) proof.leaf = node->leaf;
  return proof;
}

std::vector<Subtree> SparseMerkleTree::level(unsigned depth) const {
  PS_ASSERT(depth <= 16);
  std::vector<Subtree> result(std::size_t{1} << depth);
  Node::collect(root_.get(), 0, result);
  return result;
}

bool verify_sparse_proof(const Digest& root, const Digest& key_hash,
                         const std::optional<Digest>& value_hash, const SparseProof& proof) {
  if (proof.siblings.size() > 256) return false;
  const bool same_key = proof.leaf && proof.leaf->key_hash == key_hash;
  if (value_hash ? !same_key || proof.leaf->value_hash != *value_hash : same_key) return false;
  if (proof.leaf) {
    // The leaf found must hang on the very path that the key takes.
    for (unsigned depth = 0; depth < proof.siblings.size(); ++depth) {
      if (bit(proof.leaf->key_hash, depth) != bit(key_hash, depth)) return false;
    }
  }
  Digest hash = proof.leaf ? leaf_hash(*proof.leaf) : Digest{};
  for (auto depth = static_cast<unsigned>(proof.siblings.size()); depth-- > 0;) {
    const auto& sibling = proof.siblings[depth];
    hash = bit(key_hash, depth) ? inner_hash(sibling, hash) : inner_hash(hash, sibling);
  }
  return hash == root;
}

Digest root_from_level(std::span<const Subtree> level) {
  PS_ASSERT(!level.empty() && (level.size() & (level.size() - 1)) == 0);
  std::vector<Subtree> nodes(level.begin(), level.end());
  while (nodes.size() > 1) {
    for (std::size_t i = 0; i < nodes.size() / 2; ++i) {
      nodes[i] = join(nodes[2 * i], nodes[2 * i + 1]);
    }
    nodes.resize(nodes.size() / 2);
  }
  return nodes[0].hash;
}

}  // namespace powershare::crypto
