#include "gateway/rate_limit.hpp"

#include <algorithm>

namespace powershare::gateway {

RateLimit::RateLimit(std::uint32_t per_second, std::uint32_t burst, std::size_t max_entries)
    : per_second_(std::max<std::int64_t>(per_second, 1)),
      capacity_(std::max<std::int64_t>(burst, 1) * 1000),
      max_entries_(std::max<std::size_t>(max_entries, 1)) {}

std::int64_t RateLimit::take(std::string_view caller, MonotonicMillis now,
                             std::uint32_t own_per_second) {
  const std::int64_t per_second = own_per_second != 0 ? own_per_second : per_second_;
  const std::int64_t capacity =
      own_per_second != 0 ? std::int64_t{own_per_second} * 2 * 1000 : capacity_;
  const std::lock_guard lock(mutex_);
  const auto known = by_caller_.find(caller);
  if (known != by_caller_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, known->second);
  } else {
    if (by_use_.size() >= max_entries_) {
      by_caller_.erase(by_use_.back().caller);
      by_use_.pop_back();
    }
    by_use_.push_front({std::string(caller), capacity, now});
    by_caller_.emplace(by_use_.front().caller, by_use_.begin());
  }
  auto& bucket = by_use_.front();
  // Bounded before multiplying: after this long any bucket is full.
  const auto full_after_ms = capacity / per_second + 1;
  const auto elapsed_ms =
      std::clamp<std::int64_t>(now.value - bucket.filled.value, 0, full_after_ms);
  bucket.milli_tokens = std::min(capacity, bucket.milli_tokens + elapsed_ms * per_second);
  bucket.filled = now;
  if (bucket.milli_tokens >= 1000) {
    bucket.milli_tokens -= 1000;
    return 0;
  }
  const auto wait_ms = (1000 - bucket.milli_tokens + per_second - 1) / per_second;
  return std::max<std::int64_t>(1, (wait_ms + 999) / 1000);
}

std::size_t RateLimit::entries() const {
  const std::lock_guard lock(mutex_);
  return by_use_.size();
}

}  // namespace powershare::gateway
