// Figures that every benchmark states: quantiles, and what the machine could do at best.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <vector>

#include "base/result.hpp"

namespace powershare::bench {

/// The smallest value that at least `share` of the values do not exceed; 0 of none.
double quantile(const std::vector<double>& sorted, double share);

struct Ceilings {
  double verifies_per_second = 0;  ///< Ed25519, of one core, by its own CPU time
  double fdatasync_ms_p50 = 0;     ///< of 4 KiB appended, on the disk that the benchmark uses
  unsigned cores = 1;
};
/// Takes about a second. StorageError::io when nothing can be written to `folder`.
Result<Ceilings> measure_ceilings(const std::filesystem::path& folder);

/// CPU time of the calling thread.
double thread_cpu_seconds();
/// User and system time of a running process, seconds; 0 when it is gone.
double cpu_seconds(pid_t process);

}  // namespace powershare::bench
