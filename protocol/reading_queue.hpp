// Which acknowledged readings a peer proposes next: those of the present slot before a backlog, and
// a share for the backlog, so that neither waits for the other (docs/metering.md). Pure.
#pragma once

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace powershare::protocol {

struct ReadingQueueLimits {
  std::size_t max_batch = 2'048;          ///< readings in one transaction
  std::size_t max_backlog = 512;          ///< of them old ones: a piece that no block is long over
  std::size_t max_in_flight = 4;          ///< transactions under way
  std::size_t max_backlog_in_flight = 2;  ///< of them with old readings
};

class ReadingQueue {
 public:
  explicit ReadingQueue(ReadingQueueLimits limits = {}) : limits_(limits) {}

  /// `key` names the reading, whose interval ends at `end`.
  void add(UtcMillis end, Bytes key) { waiting_.emplace(end.value, std::move(key)); }
  std::size_t size() const { return waiting_.size(); }

  struct Batch {
    std::vector<Bytes> keys;
    bool has_backlog = false;
  };
  /// The next batch, taken out; empty where nothing may go now. Readings that end at `live_from` or
  /// later are live. Of the backlog the oldest goes first: its slot becomes final first, and what
  /// belongs to one slot goes together, so that it is cleared again once. `has` says whether a key
  /// is still wanted.
  template <class Has>
  Batch take(UtcMillis live_from, std::size_t in_flight, std::size_t backlog_in_flight,
             const Has& has) {
    Batch batch;
    if (in_flight >= limits_.max_in_flight) return batch;
    const bool old_may_go = backlog_in_flight < limits_.max_backlog_in_flight;
    const auto first_live = [&] { return waiting_.lower_bound({live_from.value, Bytes{}}); };
    // However many live ones there are, old ones get their share.
    const bool old_wait = old_may_go && first_live() != waiting_.begin();
    const auto share = old_wait ? std::min(limits_.max_backlog, limits_.max_batch / 2) : 0;
    move(first_live(), waiting_.end(), limits_.max_batch - share, has, batch);
    const auto live = batch.keys.size();
    if (old_wait) {
      move(waiting_.begin(), first_live(), live + limits_.max_backlog, has, batch);
    }
    batch.has_backlog = batch.keys.size() > live;
    return batch;
  }

 private:
  using Waiting = std::set<std::pair<std::int64_t, Bytes>>;

  template <class Has>
  void move(Waiting::iterator from, Waiting::iterator to, std::size_t up_to, const Has& has,
            Batch& batch) {
    while (from != to && batch.keys.size() < up_to) {
      if (has(from->second)) batch.keys.push_back(from->second);
      from = waiting_.erase(from);
    }
  }

  ReadingQueueLimits limits_;
  Waiting waiting_;
};

}  // namespace powershare::protocol
