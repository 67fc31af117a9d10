// The week's ranking by renewable share (DECISIONS 51): who uses most of the sun.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/household/energy.hpp"
#include "gateway/household/periods.hpp"
#include "gateway/ports.hpp"

namespace powershare::gateway::household {

/// One resident in one week.
struct RankedHome {
  ledger::ParticipantRef participant;
  std::int64_t share_nano = 0;  ///< 1e-9 of one
  int percent = 0;              ///< whole per cent, rounded half to even
  int readings_percent = 0;     ///< of what its meters should have delivered, rounded down
  bool ranked = false;          ///< enough readings, and something was used
  std::uint64_t slots = 0;      ///< rows of history that were read for it
};

/// All residents with a meter: the ranked ones first, best first, by id where two are even.
/// BaseError::out_of_range beyond `row_bound` rows of history.
Result<std::vector<RankedHome>> rank_homes(const ChainView& view, const Period& week,
                                           std::size_t row_bound);

/// Remembers the rankings of a few weeks: a week that is final for good, another until the next
/// block or, where there are many homes, until the next slot is closed. Thread-safe; only one
/// thread computes at a time.
class RankingCache {
 public:
  using Ranking = std::shared_ptr<const std::vector<RankedHome>>;
  Result<Ranking> of(const ChainView& view, const Period& week);

 private:
  struct Entry {
    std::uint64_t height = 0;
    UtcMillis settled_until;
    bool is_final = false;
    bool is_large = false;
    Ranking ranking;
  };
  std::mutex mutex_;
  std::map<UtcMillis, Entry> weeks_;
};

}  // namespace powershare::gateway::household
