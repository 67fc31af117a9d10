// The state in memory: records in byte order, the Merkle tree over them, and what is derived from
// them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "crypto/sparse_merkle_tree.hpp"
#include "ledger/overlay.hpp"

namespace powershare::ledger {

class State final : public StateReader {
 public:
  std::optional<Bytes> get(ByteView key) const override;
  void scan(ByteView prefix, ByteView from,
            const std::function<bool(ByteView, ByteView)>& visit) const override;

  /// Makes the changes, one per key.
  void apply(const std::vector<StateWrite>& writes);
  crypto::Digest root() const { return tree_.root(); }
  std::size_t size() const { return records_.size(); }

  crypto::SparseProof prove(const crypto::Digest& key_hash) const { return tree_.prove(key_hash); }
  std::vector<crypto::Subtree> tree_level(unsigned depth) const { return tree_.level(depth); }
  /// The records whose SHA-256(key) begins with the `depth` bits of `index`, by that hash. depth
  /// <= 16.
  std::vector<StateWrite> records_below(unsigned depth, std::uint32_t index) const;

  /// The keys of at most `limit` dedup records that expired at `now` or before, oldest first.
  std::vector<Bytes> expired_dedup_keys(UtcMillis now, std::size_t limit) const;
  /// How many dedup records `principal` has.
  std::size_t dedup_count(const std::string& principal) const;

 private:
  using Records = std::map<Bytes, Bytes, ByteOrder>;
  struct ByExpiry {
    std::int64_t expires;
    const Bytes* key;  ///< in records_, whose nodes never move
    friend bool operator<(const ByExpiry& left, const ByExpiry& right) {
      return left.expires != right.expires ? left.expires < right.expires : *left.key < *right.key;
    }
  };
  void put(const Bytes& key, const Bytes& value);
  void erase(const Bytes& key);
  void note_dedup(Records::const_iterator record, bool there);

  Records records_;
  crypto::SparseMerkleTree tree_;
  std::map<crypto::Digest, Records::const_iterator> by_hash_;
  // Derived from the dedup records, so that expiry needs no records of its own under the root.
  std::set<ByExpiry> dedup_by_expiry_;
  std::map<std::string, std::size_t> dedup_count_;
};

}  // namespace powershare::ledger
