// What the execution of one block hands to the parts that work on it.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/receipt.hpp"

namespace powershare::ledger {

struct BlockContext {
  const Genesis& genesis;
  const Digest& genesis_hash;
  std::uint64_t height = 0;
  UtcMillis block_time;          ///< agreed
  UtcMillis island_time;         ///< see ledger/parameters.hpp; moves within the block by ClockStep
  const Parameters& parameters;  ///< as of now; changes within the block by SetParameter
  std::uint32_t transaction =
      0;  ///< index in the block; for slot closing: the number of transactions
  std::vector<HistoryRow>& history;  ///< rows are kept only when what they tell of is merged
  std::vector<Event>& events;        ///< likewise
  std::uint64_t sequence = 0;        ///< of the batch; 0 for the genesis
};

}  // namespace powershare::ledger
