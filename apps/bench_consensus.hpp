// `powershare bench consensus`: how many opaque requests per second real peer processes order, and
// how long a client waits for f+1 of them to say so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace powershare::apps {

struct BenchConsensusOptions {
  bool json = false;
  bool table = false;  ///< run the whole matrix and print it as Markdown
  int peers = 4;
  std::uint32_t payload = 256;  ///< bytes per request
  std::string sign = "each";    ///< or "batch:N", "none"
  bool memory = false;          ///< the peers' folders in memory instead of on the disk
  std::uint32_t clients = 64;
  std::uint32_t outstanding = 32;  ///< signed units that each client has under way
  double rate = 0;                 ///< requests per second; 0: closed loop
  std::uint64_t seconds = 10;
};

/// 0 when every request was answered and all peers agree on all of them.
int run_bench_consensus(const BenchConsensusOptions& options);

struct BenchConsensusPeerOptions {
  std::filesystem::path config;
  bool unsigned_requests = false;
};
/// One peer of the above; started by it.
int run_bench_consensus_peer(const BenchConsensusPeerOptions& options);

}  // namespace powershare::apps
