// `powershare bench ingest`: how many signed readings per second the peers acknowledge and the
// ledger takes, and how long an acknowledgement takes.
#pragma once

#include <cstdint>

namespace powershare::apps {

struct BenchIngestOptions {
  bool json = false;
  std::uint64_t seconds = 20;  ///< for which readings are posted
  std::uint64_t rate = 1000;   ///< readings per second in all; 0: as fast as it goes
  std::uint64_t meters = 200;  ///< each delivers up to 360 readings
  std::uint64_t batch = 50;    ///< readings per request
  int peers = 4;
};

/// 0 when all ledgers audit clean and hold every acknowledged reading exactly once.
int run_bench_ingest(const BenchIngestOptions& options);

}  // namespace powershare::apps
