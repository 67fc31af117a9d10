#include "apps/time_zone.hpp"

#include <cstdlib>
#include <ctime>

#include <filesystem>
#include <optional>

#include "apps/error.hpp"
#include "ledger/calendar.hpp"

namespace powershare::apps {
namespace {

constexpr time_t seconds_per_day = 86'400;

/// The C library's own reader of tzdata, for one zone, while this object lives.
class ZoneInForce {
 public:
  explicit ZoneInForce(const std::filesystem::path& file) {
    if (const char* before = ::getenv("TZ")) before_ = before;
    ::setenv("TZ", (":" + file.string()).c_str(), 1);
    ::tzset();
  }
  ~ZoneInForce() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  ZoneInForce(const ZoneInForce&) = delete;
  ZoneInForce& operator=(const ZoneInForce&) = delete;

  static long offset_seconds(time_t at) {
    struct tm local {};
    ::localtime_r(&at, &local);
    return local.tm_gmtoff;
  }

 private:
  std::optional<std::string> before_;
};

bool is_zone_name(const std::string& zone) {
  const bool letters =
      !zone.empty() && zone.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") == std::string::npos;
  return letters && zone.size() <= ledger::CalendarLimits::max_zone_bytes && zone.front() != '/' &&
         zone.back() != '/';
}

/// The first second of (before, after] that has another offset than `before`.
time_t change_between(time_t before, time_t after) {
  const long offset = ZoneInForce::offset_seconds(before);
  while (after - before > 1) {
    const time_t middle = before + (after - before) / 2;
    (ZoneInForce::offset_seconds(middle) == offset ? before : after) = middle;
  }
  return after;
}

}  // namespace

Result<ledger::SetCalendar> read_time_zone(const std::string& zone, int from_year, int to_year) {
  if (!is_zone_name(zone)) {
    return Error{AppError::usage,
                 "--zone takes a name of the tz database, as " + std::string(default_zone)};
  }
  if (from_year < 1970 || to_year > 2200 || to_year < from_year) {
    return Error{AppError::usage, "the years of a calendar lie in order between 1970 and 2200"};
  }
  const char* folder = ::getenv("TZDIR");
  const auto file =
      std::filesystem::path(folder != nullptr ? folder : "/usr/share/zoneinfo") / zone;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return Error{AppError::unavailable,
                 file.string() + " is not there: install tzdata, or name another zone"};
  }
  const ZoneInForce in_force(file);
  const auto beginning_of = [](int year) {
    return static_cast<time_t>(ledger::days_from_date({year, 1, 1})) * seconds_per_day;
  };
  ledger::SetCalendar calendar{zone, {}};
  bool whole_minutes = true;
  const auto add = [&](time_t at) {
    const long offset = ZoneInForce::offset_seconds(at);
    whole_minutes = whole_minutes && offset % 60 == 0;
    calendar.offsets.push_back({{static_cast<std::int64_t>(at) * millis_per_second},
                                static_cast<std::int16_t>(offset / 60)});
  };
  time_t now = beginning_of(from_year);
  add(now);
  // Offsets hold for weeks at least: a day is never stepped over twice.
  for (const time_t end = beginning_of(to_year + 1); now < end; now += seconds_per_day) {
    const time_t next = now + seconds_per_day;
    if (ZoneInForce::offset_seconds(next) == ZoneInForce::offset_seconds(now)) continue;
    const time_t change = change_between(now, next);
    if (change < end) add(change);
  }
  if (!whole_minutes) {
    return Error{AppError::usage, zone + " was not whole minutes from UTC in those years"};
  }
  if (calendar.offsets.size() > ledger::CalendarLimits::max_offsets) {
    return Error{AppError::usage, "a calendar has at most 1024 changes: name fewer years"};
  }
  return calendar;
}

}  // namespace powershare::apps
