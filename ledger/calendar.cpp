#include "ledger/calendar.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// 0 is Monday; 1970-01-01 was a Thursday.
int weekday_of(std::int64_t days) {
  return static_cast<int>(days + 3 - floor_divide(days + 3, 7) * 7);
}

}  // namespace

// Both after H. Hinnant's "chrono-compatible low-level date algorithms": years begin in March, so
// that the leap day is the last one, and 400 years are an era of 146,097 days.
std::int64_t days_from_date(CivilDate date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate date_from_days(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = floor_divide(shifted, 146'097);
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

std::size_t Calendar::segment(UtcMillis time) const {
  const auto next =
      std::upper_bound(offsets_.begin(), offsets_.end(), time,
                       [](UtcMillis at, const UtcOffset& offset) { return at < offset.from; });
  return static_cast<std::size_t>(next - offsets_.begin());
}

std::int64_t Calendar::offset_ms(std::size_t segment) const {
  return segment == 0 ? 0 : offsets_[segment - 1].minutes * millis_per_minute;
}

std::int64_t Calendar::local_day(UtcMillis time) const {
  return floor_divide(time.value + offset_ms(segment(time)), millis_per_day);
}

int Calendar::offset_minutes(UtcMillis time) const {
  return static_cast<int>(offset_ms(segment(time)) / millis_per_minute);
}

LocalTime Calendar::local(UtcMillis time) const {
  const std::int64_t local_ms = time.value + offset_ms(segment(time));
  const std::int64_t day = floor_divide(local_ms, millis_per_day);
  LocalTime result;
  result.date = date_from_days(day);
  result.weekday = weekday_of(day);
  result.minute = static_cast<int>((local_ms - day * millis_per_day) / millis_per_minute);
  return result;
}

IsoWeek Calendar::iso_week(UtcMillis time) const {
  const std::int64_t day = local_day(time);
  const std::int64_t thursday = day - weekday_of(day) + 3;
  const int year = date_from_days(thursday).year;
  const std::int64_t first = days_from_date({year, 1, 1});
  return {year, static_cast<int>((thursday - first) / 7) + 1};
}

UtcMillis Calendar::day_start(UtcMillis time) const {
  const std::int64_t day = local_day(time);
  for (std::size_t at = segment(time);; --at) {
    const UtcMillis midnight{day * millis_per_day - offset_ms(at)};
    if (at == 0) return midnight;
    const UtcMillis change = offsets_[at - 1].from;
    if (local_day({change.value - 1}) == day) continue;  // it had begun before the clocks changed
    return std::max(midnight, change);  // where they changed over midnight, it began with that
  }
}

UtcMillis Calendar::next_day_start(UtcMillis time) const {
  const std::int64_t day = local_day(time);
  for (std::size_t at = segment(time);; ++at) {
    const UtcMillis midnight{(day + 1) * millis_per_day - offset_ms(at)};
    if (at == offsets_.size() || midnight < offsets_[at].from) return midnight;
    if (local_day(offsets_[at].from) != day) return offsets_[at].from;
  }
}

UtcMillis Calendar::start_of(CivilDate date) const {
  // No clock changes by half a day: at noon by the offset of about that time, it is that day.
  const UtcMillis noon{days_from_date(date) * millis_per_day + millis_per_day / 2};
  return day_start({noon.value - offset_ms(segment(noon))});
}

UtcMillis Calendar::week_start(UtcMillis time) const {
  const std::int64_t day = local_day(time);
  return start_of(date_from_days(day - weekday_of(day)));
}

UtcMillis Calendar::next_week_start(UtcMillis time) const {
  const std::int64_t day = local_day(time);
  return start_of(date_from_days(day - weekday_of(day) + 7));
}

UtcMillis Calendar::month_start(UtcMillis time) const {
  CivilDate date = date_from_days(local_day(time));
  date.day = 1;
  return start_of(date);
}

UtcMillis Calendar::next_month_start(UtcMillis time) const {
  CivilDate date = date_from_days(local_day(time));
  date.day = 1;
  date.year += date.month / 12;
  date.month = date.month % 12 + 1;
  return start_of(date);
}

Calendar find_calendar(const StateReader& state) {
  const auto value = state.get(state_key::table(StateTable::calendar));
  if (!value) return {};
  Decoder in(*value);
  auto record = decode_calendar(in);
  PS_ASSERT(in.finished());  // our own record
  return {std::move(record.zone), std::move(record.offsets)};
}

void put_calendar(Overlay& state, const SetCalendar& calendar) {
  state.put(state_key::table(StateTable::calendar), encoded(calendar));
}

bool in_windows(const std::vector<WeeklyWindow>& windows, const LocalTime& time) {
  if (windows.empty()) return true;
  return std::any_of(windows.begin(), windows.end(), [&](const WeeklyWindow& window) {
    const auto on = [&](int weekday) { return (window.weekdays >> weekday & 1) != 0; };
    const bool over_midnight = window.to_minute <= window.from_minute;
    const bool begun = on(time.weekday) && time.minute >= window.from_minute;
    if (!over_midnight) return begun && time.minute < window.to_minute;
    return begun || (on((time.weekday + 6) % 7) && time.minute < window.to_minute);
  });
}

}  // namespace powershare::ledger
