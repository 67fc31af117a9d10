// The clock by which a replica's time-outs run: it shows up to when the host has heard the others.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace powershare::protocol {

/// While messages wait to be stepped, silence is no news: the votes that would stop a time-out may
/// be among them. So this clock then shows only up to when all that came has been stepped, and is
/// right again once nothing waits. It never goes back, and is never behind by more than ten
/// seconds.
class HeardClock {
 public:
  /// All that had come by `until` is stepped.
  void heard(MonotonicMillis until) { heard_ = std::max(heard_, until); }
  /// `waiting`: something has come that was not stepped yet.
  MonotonicMillis read(MonotonicMillis now, bool waiting) {
    const MonotonicMillis least{now.value - most_lag_ms};
    shown_ = std::max(shown_, waiting ? std::max(heard_, least) : now);
    lag_ms_ = std::max<std::int64_t>(0, now.value - shown_.value);
    return shown_;
  }
  /// By how much it was behind when it was last read.
  std::int64_t lag_ms() const { return lag_ms_; }

 private:
  static constexpr std::int64_t most_lag_ms = 10'000;
  MonotonicMillis shown_;
  MonotonicMillis heard_;
  std::int64_t lag_ms_ = 0;
};

}  // namespace powershare::protocol
