// The ledger alone, as settlement runs it: blocks of transactions applied to the state machine,
// each block one durable LMDB transaction. No network, no consensus.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "ledger/state_machine.hpp"
#include "storage/data_folder.hpp"

namespace powershare::bench {

struct SettlementFigures {
  std::uint64_t blocks = 0;
  std::uint64_t transactions = 0;
  std::uint64_t readings = 0;  ///< inside the transactions
  std::uint64_t rejected = 0;  ///< transactions and readings
  double seconds = 0;
  double apply_seconds = 0;
  double commit_seconds = 0;
  double cpu_seconds = 0;  ///< of this thread
};

class SettlementRun {
 public:
  /// A new ledger in `folder`.
  static Result<std::unique_ptr<SettlementRun>> open(const ledger::Genesis& genesis,
                                                     const std::filesystem::path& folder,
                                                     const crypto::PublicKey& owner_key);
  /// Executes `transactions` in blocks of `per_block` at agreed time `now`, until all are executed
  /// or `seconds` are over.
  Result<SettlementFigures> execute(const std::vector<Bytes>& transactions, std::size_t per_block,
                                    UtcMillis now, double seconds);
  /// LedgerError::invariant with what is wrong.
  Result<void> check() const { return machine_.check_invariants(); }

 private:
  SettlementRun(ledger::StateMachine machine, std::unique_ptr<storage::DataFolder> folder)
      : machine_(std::move(machine)), folder_(std::move(folder)) {}
  Result<void> execute_block(std::vector<Bytes> transactions, UtcMillis now,
                             SettlementFigures& figures);

  ledger::StateMachine machine_;
  std::unique_ptr<storage::DataFolder> folder_;
  std::uint64_t sequence_ = 0;
};

}  // namespace powershare::bench
