// A token bucket per caller, in a table of bounded size.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.hpp"

namespace powershare::gateway {

/// Thread-safe. When the table is full the caller that has been silent the longest is forgotten.
class RateLimit {
 public:
  RateLimit(std::uint32_t per_second, std::uint32_t burst, std::size_t max_entries);
  /// 0 when `caller` may go on, else the seconds to wait (1 or more). `own_per_second`, where not
  /// 0, is this caller's rate, and twice that its burst.
  std::int64_t take(std::string_view caller, MonotonicMillis now, std::uint32_t own_per_second = 0);
  std::size_t entries() const;

 private:
  struct Bucket {
    std::string caller;
    std::int64_t milli_tokens = 0;
    MonotonicMillis filled;
  };
  mutable std::mutex mutex_;
  std::int64_t per_second_;
  std::int64_t capacity_;  ///< in milli-tokens
  std::size_t max_entries_;
  std::list<Bucket> by_use_;  ///< newest first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_caller_;
};

}  // namespace powershare::gateway
