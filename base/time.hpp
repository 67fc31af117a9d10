// Time in the ledger: UTC milliseconds since the epoch. Market slots. ISO 8601 text.
// Nothing here asks a clock.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace powershare {

/// UTC milliseconds since 1970-01-01T00:00:00Z.
struct UtcMillis {
  std::int64_t value = 0;
  friend auto operator<=>(const UtcMillis&, const UtcMillis&) = default;
};

/// Milliseconds of a clock that only goes forward; its zero means nothing.
struct MonotonicMillis {
  std::int64_t value = 0;
  friend auto operator<=>(const MonotonicMillis&, const MonotonicMillis&) = default;
};

inline constexpr std::int64_t millis_per_second = 1'000;
inline constexpr std::int64_t millis_per_minute = 60 * millis_per_second;
inline constexpr std::int64_t millis_per_hour = 60 * millis_per_minute;
inline constexpr std::int64_t millis_per_day = 24 * millis_per_hour;

/// The start of the slot of `slot_ms` that `time` lies in; slots are counted from the epoch.
UtcMillis slot_start(UtcMillis time, std::int64_t slot_ms);
/// True for 1, 5, 15, 30 and 60 minutes.
bool is_slot_length(std::int64_t slot_ms);

/// "2019-10-21T09:00:00Z", with ".mmm" where there are milliseconds.
std::string to_iso8601(UtcMillis time);
/// Reads YYYY-MM-DDThh:mm[:ss[.fff]](Z|±hh:mm), proleptic Gregorian, years 1970 to 9999.
Result<UtcMillis> parse_iso8601(std::string_view text);
/// Reads a whole number with a unit: 250ms, 30s, 15m, 1h, 7d.
Result<std::int64_t> parse_duration_ms(std::string_view text);

}  // namespace powershare
