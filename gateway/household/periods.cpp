#include "gateway/household/periods.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "gateway/error.hpp"
#include "ledger/calendar.hpp"

namespace powershare::gateway::household {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

year_month_day civil(CivilDate date) {
  return year_month_day(sys_days(std::chrono::days(date.days)));
}
CivilDate from_civil(const year_month_day& date) {
  return {sys_days(date).time_since_epoch().count()};
}

Error bad(std::string sentence) {
  return {GatewayError::bad_parameter, std::move(sentence)};
}

/// `text` is exactly that many digits.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!plain || fault != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool is_year(const std::optional<int>& year) {
  return year && *year >= 1970 && *year <= 9998;
}

CivilDate first_of_month(CivilDate date) {
  const auto day = civil(date);
  return from_civil(day.year() / day.month() / std::chrono::day(1));
}

/// Monday is 0.
std::int64_t weekday(CivilDate date) {
  return (date.days + 3) % 7;  // 1970-01-01 was a Thursday, and no date is earlier
}

CivilDate monday(CivilDate date) {
  return {date.days - weekday(date)};
}

/// The Monday of ISO week 1: the week with 4 January in it.
CivilDate first_monday(int year) {
  return monday(from_civil(std::chrono::year(year) / std::chrono::January / std::chrono::day(4)));
}

std::string padded(int value, std::size_t width) {
  auto text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

Period period(const LocalTime& local, PeriodKind kind, CivilDate first, CivilDate end) {
  return {kind, first, end, local.midnight(first), local.midnight(end)};
}

}  // namespace

CivilDate LocalTime::date_of(UtcMillis time) const {
  const auto local_ms = std::max<std::int64_t>(0, time.value + offset_(time));
  return {local_ms / millis_per_day};
}

UtcMillis LocalTime::midnight(CivilDate date) const {
  const auto local_ms = date.days * millis_per_day;
  // The offset at the very moment counts: asked once more where it changes in between.
  UtcMillis guess{local_ms - offset_({local_ms})};
  guess.value = local_ms - offset_(guess);
  return {std::max<std::int64_t>(0, guess.value)};
}

LocalTime local_time(const ledger::StateReader& state) {
  return LocalTime([calendar = ledger::find_calendar(state)](UtcMillis time) {
    return calendar.offset_minutes(time) * millis_per_minute;
  });
}

Result<PeriodKind> parse_period_kind(std::string_view text) {
  for (const auto kind : {PeriodKind::day, PeriodKind::week, PeriodKind::month, PeriodKind::year}) {
    if (text == to_text(kind)) return kind;
  }
  return bad("period must be one of day, week, month, year.");
}

std::string_view to_text(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::day:
      return "day";
    case PeriodKind::week:
      return "week";
    case PeriodKind::month:
      return "month";
    case PeriodKind::year:
      return "year";
  }
  return "unknown";
}

Result<CivilDate> parse_date(std::string_view text) {
  const auto fault = [] { return bad("a date is written YYYY-MM-DD."); };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return fault();
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!is_year(year) || !month || !day) return fault();
  const year_month_day date(std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return fault();
  return from_civil(date);
}

std::string to_text(CivilDate date) {
  const auto day = civil(date);
  return month_text(date) + "-" + padded(static_cast<int>(static_cast<unsigned>(day.day())), 2);
}

Period period_around(const LocalTime& local, PeriodKind kind, CivilDate date) {
  const auto day = civil(date);
  switch (kind) {
    case PeriodKind::day:
      break;
    case PeriodKind::week:
      return period(local, kind, monday(date), {monday(date).days + 7});
    case PeriodKind::month:
      return period(local, kind, first_of_month(date), next_month(date));
    case PeriodKind::year: {
      const auto first = day.year() / std::chrono::January / std::chrono::day(1);
      const auto next =
          (day.year() + std::chrono::years(1)) / std::chrono::January / std::chrono::day(1);
      return period(local, kind, from_civil(first), from_civil(next));
    }
  }
  return period(local, PeriodKind::day, date, {date.days + 1});
}

Result<Period> parse_month(const LocalTime& local, std::string_view text) {
  const auto date =
      text.size() == 7 ? parse_date(std::string(text) + "-01") : Result<CivilDate>(bad(""));
  if (!date) return bad("a month is written YYYY-MM.");
  return period_around(local, PeriodKind::month, *date);
}

Result<Period> parse_week(const LocalTime& local, std::string_view text) {
  const auto fault = [] { return bad("a week is written YYYY-Www, as 2019-W43."); };
  if (text.size() != 8 || text.substr(4, 2) != "-W") return fault();
  const auto year = digits(text.substr(0, 4));
  const auto week = digits(text.substr(6, 2));
  if (!is_year(year) || !week || *week < 1) return fault();
  const CivilDate first{first_monday(*year).days + 7 * (*week - 1)};
  if (first.days < 0 || first >= first_monday(*year + 1)) return fault();
  return period_around(local, PeriodKind::week, first);
}

std::string month_text(CivilDate date) {
  const auto day = civil(date);
  return padded(static_cast<int>(day.year()), 4) + "-" +
         padded(static_cast<int>(static_cast<unsigned>(day.month())), 2);
}

std::string week_text(CivilDate date) {
  // The week belongs to the year of its Thursday.
  const CivilDate thursday{monday(date).days + 3};
  const auto year = static_cast<int>(civil(thursday).year());
  const auto week = (monday(date).days - first_monday(year).days) / 7 + 1;
  return padded(year, 4) + "-W" + padded(static_cast<int>(week), 2);
}

CivilDate next_month(CivilDate date) {
  const auto day = civil(date);
  return from_civil((day.year() / day.month() + std::chrono::months(1)) / std::chrono::day(1));
}

CivilDate previous_month(CivilDate date) {
  const auto day = civil(date);
  return from_civil((day.year() / day.month() - std::chrono::months(1)) / std::chrono::day(1));
}

BucketKind usual_bucket(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::day:
      return BucketKind::slot;
    case PeriodKind::week:
      return BucketKind::hour;
    case PeriodKind::month:
      return BucketKind::day;
    case PeriodKind::year:
      break;
  }
  return BucketKind::month;
}

std::vector<UtcMillis> bucket_bounds(const LocalTime& local, const Period& period, BucketKind kind,
                                     std::int64_t slot_ms) {
  std::vector<UtcMillis> bounds;
  switch (kind) {
    case BucketKind::slot:
    case BucketKind::hour: {
      const auto step = kind == BucketKind::slot ? slot_ms : millis_per_hour;
      for (auto at = period.from; at < period.to; at.value += step) bounds.push_back(at);
      break;
    }
    case BucketKind::day:
      for (auto day = period.first; day < period.end; ++day.days) {
        bounds.push_back(local.midnight(day));
      }
      break;
    case BucketKind::month:
      for (auto day = period.first; day < period.end; day = next_month(day)) {
        bounds.push_back(local.midnight(day));
      }
      break;
  }
  bounds.push_back(period.to);
  return bounds;
}

}  // namespace powershare::gateway::household
