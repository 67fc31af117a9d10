// `powershare bench settlement`: how many transactions per second the ledger executes and makes
// durable, by kind, without network and consensus.
#pragma once

#include <cstdint>

namespace powershare::apps {

struct BenchSettlementOptions {
  bool json = false;
  std::uint64_t seconds = 5;      ///< for each kind, at most
  std::uint64_t per_block = 100;  ///< transactions in a block
  std::uint64_t batch = 50;       ///< readings in a transaction
  std::uint64_t meters = 500;
};

/// 0 when every transaction was accepted and the ledger's invariants hold.
int run_bench_settlement(const BenchSettlementOptions& options);

}  // namespace powershare::apps
