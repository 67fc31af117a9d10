// Days, ISO weeks, months and years as people mean them, as spans of UTC.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "ledger/state_reader.hpp"

namespace powershare::gateway::household {

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
struct CivilDate {
  std::int64_t days = 0;
  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

/// Local time. The one place where the door turns days into UTC and back.
class LocalTime {
 public:
  /// How far local time is ahead of UTC at a time, in milliseconds.
  using OffsetAt = std::function<std::int64_t(UtcMillis)>;
  explicit LocalTime(OffsetAt offset) : offset_(std::move(offset)) {}

  CivilDate date_of(UtcMillis time) const;
  /// When that day begins.
  UtcMillis midnight(CivilDate date) const;

 private:
  OffsetAt offset_;
};
/// By the chain's calendar; UTC where it has none.
LocalTime local_time(const ledger::StateReader& state);

enum class PeriodKind : std::uint8_t { day = 1, week, month, year };
enum class BucketKind : std::uint8_t { slot = 1, hour, day, month };

struct Period {
  PeriodKind kind = PeriodKind::day;
  CivilDate first;  ///< its first day
  CivilDate end;    ///< the day after its last
  UtcMillis from;
  UtcMillis to;
};

/// "day", "week", "month", "year". GatewayError::bad_parameter.
Result<PeriodKind> parse_period_kind(std::string_view text);
std::string_view to_text(PeriodKind kind);
/// "2019-10-21". GatewayError::bad_parameter.
Result<CivilDate> parse_date(std::string_view text);
std::string to_text(CivilDate date);
/// The period that `date` lies in.
Period period_around(const LocalTime& local, PeriodKind kind, CivilDate date);
/// "2019-10" and "2019-W43". GatewayError::bad_parameter.
Result<Period> parse_month(const LocalTime& local, std::string_view text);
Result<Period> parse_week(const LocalTime& local, std::string_view text);
std::string month_text(CivilDate date);
std::string week_text(CivilDate date);
/// The month before or after the one that `date` lies in.
CivilDate next_month(CivilDate date);
CivilDate previous_month(CivilDate date);

/// Slots of a day, hours of a week, days of a month, months of a year.
BucketKind usual_bucket(PeriodKind kind);
/// The starts of all buckets and the end of the last.
std::vector<UtcMillis> bucket_bounds(const LocalTime& local, const Period& period, BucketKind kind,
                                     std::int64_t slot_ms);

}  // namespace powershare::gateway::household
