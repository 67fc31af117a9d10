// Local time of a chain: days, weekdays, ISO weeks and months by agreed offsets from UTC
// (DECISIONS 49). Pure and exact; nobody reads its own tzdata.
#pragma once

#include <compare>
#include <vector>

#include "ledger/household_payloads.hpp"
#include "ledger/overlay.hpp"

namespace powershare::ledger {

inline constexpr int minutes_per_day = 24 * 60;

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
  int year = 1970;
  int month = 1;  ///< 1 to 12
  int day = 1;    ///< 1 to 31
  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

/// What a clock on the wall shows.
struct LocalTime {
  CivilDate date;
  int weekday = 0;  ///< 0 is Monday, 6 Sunday
  int minute = 0;   ///< of the day: 0 to 1439
  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

/// A week begins on Monday; week 1 holds the year's first Thursday (ISO 8601).
struct IsoWeek {
  int year = 1970;
  int week = 1;  ///< 1 to 53
  friend auto operator<=>(const IsoWeek&, const IsoWeek&) = default;
};

/// Days since 1970-01-01, and back.
std::int64_t days_from_date(CivilDate date);
CivilDate date_from_days(std::int64_t days);

/// Offsets from UTC; before the first one, and without any, local time is UTC.
class Calendar {
 public:
  Calendar() = default;
  /// `offsets` as check_payload admits them: by time, apart.
  Calendar(std::string zone, std::vector<UtcOffset> offsets)
      : zone_(std::move(zone)), offsets_(std::move(offsets)) {}

  /// "UTC" where the chain has no calendar.
  const std::string& zone() const { return zone_; }
  const std::vector<UtcOffset>& offsets() const { return offsets_; }

  int offset_minutes(UtcMillis time) const;
  LocalTime local(UtcMillis time) const;
  IsoWeek iso_week(UtcMillis time) const;

  /// When the local day that `time` lies in began, and when the next one begins: 23, 24 or 25
  /// hours apart where clocks change by an hour.
  UtcMillis day_start(UtcMillis time) const;
  UtcMillis next_day_start(UtcMillis time) const;
  /// When that local day begins.
  UtcMillis start_of(CivilDate date) const;
  /// Monday's beginning; the beginning of the 1st; and those of the following ones.
  UtcMillis week_start(UtcMillis time) const;
  UtcMillis next_week_start(UtcMillis time) const;
  UtcMillis month_start(UtcMillis time) const;
  UtcMillis next_month_start(UtcMillis time) const;

 private:
  /// How many offsets begin at or before `time`: the last of them holds.
  std::size_t segment(UtcMillis time) const;
  std::int64_t offset_ms(std::size_t segment) const;
  std::int64_t local_day(UtcMillis time) const;

  std::string zone_ = "UTC";
  std::vector<UtcOffset> offsets_;
};

struct CalendarLimits {
  static constexpr std::size_t max_offsets = 1'024;  ///< two a year: five centuries
  static constexpr std::size_t max_zone_bytes = 64;
  static constexpr int max_offset_minutes = 18 * 60;  ///< as ISO 8601 libraries allow it
};

/// The chain's calendar; UTC without a record.
Calendar find_calendar(const StateReader& state);
void put_calendar(Overlay& state, const SetCalendar& calendar);

/// True where `time` lies in one of the windows, or where there are none. A slot counts by its
/// start.
bool in_windows(const std::vector<WeeklyWindow>& windows, const LocalTime& time);

}  // namespace powershare::ledger
