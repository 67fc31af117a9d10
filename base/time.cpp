#include "base/time.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

#include "base/assert.hpp"

namespace powershare {
namespace {

/// Reads fixed-width decimal fields from the front of a text.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool number(std::size_t width, int& value) {
    if (text_.size() < width) return false;
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(width);
    return true;
  }

  bool literal(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }

  /// One to nine decimals of a second; what is below a millisecond is cut off.
  bool fraction_ms(int& millis) {
    std::size_t digits = 0;
    millis = 0;
    int place = 100;
    while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') {
      millis += place * (text_[digits] - '0');
      place /= 10;
      ++digits;
    }
    text_.remove_prefix(digits);
    return digits >= 1 && digits <= 9;
  }

  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

Error malformed() {
  return {BaseError::malformed, "not an ISO 8601 time with zone, as 2019-10-21T09:00:00Z"};
}

}  // namespace

UtcMillis slot_start(UtcMillis time, std::int64_t slot_ms) {
  PS_ASSERT(slot_ms > 0);
  const auto rest = time.value % slot_ms;
  const auto since = rest < 0 ? rest + slot_ms : rest;
  // The very first slot begins before all time: its end will do.
  const bool before_all = time.value < std::numeric_limits<std::int64_t>::min() + since;
  return {before_all ? time.value + (slot_ms - since) : time.value - since};
}

bool is_slot_length(std::int64_t slot_ms) {
  for (const int minutes : {1, 5, 15, 30, 60}) {
    if (slot_ms == minutes * millis_per_minute) return true;
  }
  return false;
}

std::string to_iso8601(UtcMillis time) {
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds{time.value}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  char text[48];
  const auto millis = static_cast<int>(clock.subseconds().count());
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string result = text;
  if (millis != 0) {
    std::snprintf(text, sizeof text, ".%03d", millis);
    result += text;
  }
  return result + "Z";
}

Result<UtcMillis> parse_iso8601(std::string_view text) {
  FieldReader in(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  if (!in.number(4, y) || !in.literal('-') || !in.number(2, mo) || !in.literal('-') ||
      !in.number(2, d) || !in.literal('T') || !in.number(2, h) || !in.literal(':') ||
      !in.number(2, mi)) {
    return malformed();
  }
  if (in.literal(':')) {
    if (!in.number(2, s)) return malformed();
    if (in.literal('.') && !in.fraction_ms(ms)) return malformed();
  }
  int zone_minutes = 0;
  if (!in.literal('Z')) {
    const bool east = in.literal('+');
    int zh = 0, zm = 0;
    if ((!east && !in.literal('-')) || !in.number(2, zh) || !in.literal(':') || !in.number(2, zm) ||
        zh > 23 || zm > 59) {
      return malformed();
    }
    zone_minutes = (east ? 1 : -1) * (zh * 60 + zm);
  }
  using namespace std::chrono;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!in.empty() || y < 1970 || !date.ok() || h > 23 || mi > 59 || s > 59) return malformed();
  const auto point = sys_days{date} + hours{h} + minutes{mi - zone_minutes} + seconds{s};
  return UtcMillis{duration_cast<milliseconds>(point.time_since_epoch()).count() + ms};
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  const Error wrong{BaseError::malformed, "not a duration, as 250ms, 30s, 15m, 1h or 7d"};
  std::int64_t count = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc{} || count < 0) return wrong;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  std::int64_t scale = 0;
  if (unit == "ms") scale = 1;
  if (unit == "s") scale = millis_per_second;
  if (unit == "m") scale = millis_per_minute;
  if (unit == "h") scale = millis_per_hour;
  if (unit == "d") scale = millis_per_day;
  std::int64_t millis = 0;
  if (scale == 0 || __builtin_mul_overflow(count, scale, &millis)) return wrong;
  return millis;
}

}  // namespace powershare
