// A zone's offsets from UTC, read from this machine's tzdata: what SetCalendar brings to a chain,
// whose replicas read none (DECISIONS 49).
#pragma once

#include <string>

#include "base/result.hpp"
#include "ledger/household_payloads.hpp"

namespace powershare::apps {

inline constexpr const char* default_zone = "Atlantic/Madeira";

/// The years for which a new chain gets its calendar.
inline constexpr int first_calendar_year = 2015;
inline constexpr int last_calendar_year = 2050;

/// The offset at the beginning of `from_year` and each change until the end of `to_year` (1970 to
/// 2200). Needs the zone's file under /usr/share/zoneinfo (package tzdata) or $TZDIR:
/// AppError::unavailable without it. AppError::usage for years or names that are none. Sets TZ for
/// a moment, so it is for the main thread, before there are others.
Result<ledger::SetCalendar> read_time_zone(const std::string& zone, int from_year, int to_year);

}  // namespace powershare::apps
