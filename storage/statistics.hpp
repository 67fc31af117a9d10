// What an environment tells the metrics.
#pragma once

#include <cstdint>

namespace powershare::storage {

struct StorageStatistics {
  std::uint64_t bytes_used = 0;       ///< pages ever used × page size: what the file takes on disk
  std::uint64_t map_bytes = 0;        ///< size of the memory map (sparse)
  std::uint64_t disk_free_bytes = 0;  ///< what the file system has left for this process
  std::int64_t last_commit_ms = 0;
  std::int64_t longest_commit_ms = 0;
  /// For how long the commit that is under way now has been running; 0 when there is none. A
  /// watchdog reads it.
  std::int64_t running_commit_ms = 0;
  std::uint64_t commits = 0;  ///< since the environment was opened
  std::uint64_t stalls = 0;   ///< commits longer than the stall limit
  std::uint64_t refused_no_space = 0;
  std::uint64_t open_snapshots = 0;
};

}  // namespace powershare::storage
