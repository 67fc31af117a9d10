#include <doctest/doctest.h>

#include <map>
#include <random>

#include "crypto/merkle_list.hpp"
#include "crypto/sparse_merkle_tree.hpp"

using namespace powershare;
using namespace powershare::crypto;

namespace {
Digest digest_of(int number) {
  return sha256(as_bytes(std::to_string(number)));
}
}  // namespace

TEST_CASE("Merkle list roots agree with the published test vectors of RFC 6962 implementations") {
  CHECK(to_hex(merkle_root({})) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::vector<Digest> one{merkle_leaf({})};
  CHECK(to_hex(merkle_root(one)) ==
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST_CASE("every item of lists of 1 to 40 proves itself, and nothing else does") {
  std::vector<Digest> leaves;
  for (int size = 1; size <= 40; ++size) {
    leaves.push_back(merkle_leaf(digest_of(size)));
    const auto root = merkle_root(leaves);
    for (std::uint64_t i = 0; i < leaves.size(); ++i) {
      auto proof = merkle_proof(leaves, i);
      CHECK(verify_merkle_proof(leaves[i], proof, root));
      CHECK_FALSE(verify_merkle_proof(digest_of(-1), proof, root));
      auto longer = proof;
      longer.path.push_back(root);
      CHECK_FALSE(verify_merkle_proof(leaves[i], longer, root));
      auto elsewhere = proof;
      elsewhere.index = (i + 1) % leaves.size();
      if (leaves.size() > 1) CHECK_FALSE(verify_merkle_proof(leaves[i], elsewhere, root));
    }
  }
}

TEST_CASE("the state root depends on the records alone, and proofs of presence and absence hold") {
  std::mt19937 random(42);
  SparseMerkleTree tree;
  std::map<Digest, Digest> model;
  CHECK(is_zero(tree.root()));
  for (int step = 0; step < 2000; ++step) {
    const auto key = digest_of(static_cast<int>(random() % 200));
    if (random() % 3 == 0) {
      tree.erase(key);
      model.erase(key);
    } else {
      const auto value = digest_of(static_cast<int>(random()));
      tree.put(key, value);
      model[key] = value;
    }
    if (step % 100 != 0) continue;
    SparseMerkleTree fresh;
    for (auto it = model.rbegin(); it != model.rend(); ++it) fresh.put(it->first, it->second);
    CHECK(tree.size() == model.size());
    REQUIRE(tree.root() == fresh.root());
    for (int number = 0; number < 200; ++number) {
      const auto probe = digest_of(number);
      const auto proof = tree.prove(probe);
      const auto found = model.find(probe);
      const auto value =
          found == model.end() ? std::optional<Digest>{} : std::optional<Digest>{found->second};
      REQUIRE(verify_sparse_proof(tree.root(), probe, value, proof));
      REQUIRE_FALSE(verify_sparse_proof(tree.root(), probe, digest_of(-7), proof));
      if (value) REQUIRE_FALSE(verify_sparse_proof(tree.root(), probe, std::nullopt, proof));
    }
    for (const unsigned depth : {0u, 1u, 4u, 8u, 12u}) {
      REQUIRE(root_from_level(tree.level(depth)) == tree.root());
    }
  }
}
