// One LMDB environment: named tables of checksummed records, one writer, snapshots for readers. The
// file is checked before LMDB maps it (storage/page_check.hpp); every commit is durable when it
// returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "protocol/ports.hpp"
#include "storage/limits.hpp"
#include "storage/statistics.hpp"

namespace powershare::storage {

struct EnvironmentOptions {
  std::uint64_t initial_map_bytes = storage::initial_map_bytes;
  std::uint64_t maximum_map_bytes = storage::maximum_map_bytes;
  std::uint64_t minimum_free_bytes = storage::minimum_free_bytes;
  std::int64_t commit_stall_ms = storage::commit_stall_ms;
  /// True when it is known that this environment holds data: nothing there is then damage, not a
  /// new start.
  bool must_exist = false;
  /// Written into the environment when it is created; see Environment::label().
  Bytes label;
  /// False leaves the records' checksums to the reads; the structure is always checked.
  bool verify_records = true;
  /// Lives at least as long as the environment is open (the folder's lock).
  std::shared_ptr<const void> keep_alive;
};

/// Never open the same folder twice in a process, and never fork while one is open (LMDB's rules).
class Environment {
 public:
  /// Opens or creates `folder`/data.mdb. StorageError::damaged when the file is not whole.
  static Result<std::unique_ptr<Environment>> open(const std::filesystem::path& folder,
                                                   const EnvironmentOptions& options);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// All of `writes` in the order given, or nothing; durable on return. Tables are created on first
  /// use. One commit at a time, from any thread. no_space: nothing happened, try again later. After
  /// any other error every further call answers StorageError::io: the caller stops. Keys have 1 to
  /// maximum_key_bytes bytes; other sizes are a bug of the caller.
  Result<void> commit(const std::vector<protocol::TableWrite>& writes);

  /// A consistent view, usable from any thread (calls on one view are serialised). It holds old
  /// pages in the file until it goes, and the map cannot grow meanwhile: keep it short. It may
  /// outlive the Environment object.
  Result<std::unique_ptr<protocol::LedgerSnapshot>> snapshot() const;

  /// What the environment was labelled with when it was created: whose it is. Comparing is the
  /// opener's business.
  const Bytes& label() const;
  /// The number of the last commit; grows by one with each, stands inside the file, never goes
  /// back.
  std::uint64_t commit_number() const;
  /// Safe from any thread, also while a commit hangs.
  StorageStatistics statistics() const;

 private:
  class Implementation;
  class Snapshot;
  explicit Environment(std::shared_ptr<Implementation> implementation);
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace powershare::storage
