// Profiles of participants as files of their own: people/<commitment>.profile, and .pending until
// the ledger has named them. A file's name is the hash of its content, so that damage shows; and a
// file can be overwritten and unlinked, which a database's pages cannot.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "protocol/ports.hpp"

namespace powershare::storage {

class PeopleStore {
 public:
  using Commitment = std::function<crypto::Digest(ByteView profile)>;
  /// Creates `folder` where it is missing. Files whose name is not the commitment to their content
  /// are removed: the other peers have what they held. Files hold at most `max_bytes`.
  /// StorageError::io, no_space.
  static Result<PeopleStore> open(std::filesystem::path folder, const Commitment& commitment,
                                  std::size_t max_bytes);

  /// What open() found.
  std::vector<protocol::StoredProfile> take_stored() { return std::move(stored_); }
  /// Durable on return.
  Result<void> put(const protocol::StoredProfile& profile);
  Result<void> confirm(const crypto::Digest& commitment);
  /// Overwrites the content before it unlinks the file.
  Result<void> erase(const crypto::Digest& commitment);

 private:
  explicit PeopleStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path file(const crypto::Digest& commitment, bool confirmed) const;

  std::filesystem::path folder_;
  std::vector<protocol::StoredProfile> stored_;
};

}  // namespace powershare::storage
