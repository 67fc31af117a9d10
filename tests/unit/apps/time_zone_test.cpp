#include "apps/time_zone.hpp"

#include <doctest/doctest.h>
#include <cstdlib>

#include <filesystem>

#include "apps/error.hpp"
#include "ledger/calendar.hpp"
#include "ledger/validity.hpp"

using namespace powershare;
using namespace powershare::apps;

TEST_CASE("the offsets of a zone come from tzdata, and the environment stays as it was") {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Atlantic/Madeira")) {
    MESSAGE("skipped, not there: /usr/share/zoneinfo (package tzdata)");
    return;
  }
  ::setenv("TZ", "UTC", 1);
  const auto madeira = read_time_zone("Atlantic/Madeira", 2019, 2021);
  REQUIRE_MESSAGE(madeira.ok(), madeira.error().detail());
  const auto at = [](const char* text) { return parse_iso8601(text).value(); };
  const std::vector<ledger::UtcOffset> expected{
      {at("2019-01-01T00:00:00Z"), 0}, {at("2019-03-31T01:00:00Z"), 60},
      {at("2019-10-27T01:00:00Z"), 0}, {at("2020-03-29T01:00:00Z"), 60},
      {at("2020-10-25T01:00:00Z"), 0}, {at("2021-03-28T01:00:00Z"), 60},
      {at("2021-10-31T01:00:00Z"), 0},
  };
  CHECK(madeira->offsets == expected);
  CHECK(std::string(::getenv("TZ")) == "UTC");
  const auto lisbon = read_time_zone("Europe/Lisbon", 2019, 2021);
  REQUIRE(lisbon.ok());
  CHECK(lisbon->offsets == expected);

  const auto long_one = read_time_zone(default_zone, first_calendar_year, last_calendar_year);
  REQUIRE(long_one.ok());
  CHECK(ledger::check_payload(*long_one).ok());
  CHECK(long_one->offsets.size() == 1 + 2 * (last_calendar_year - first_calendar_year + 1));
  const ledger::Calendar calendar(long_one->zone, long_one->offsets);
  const auto day = at("2021-03-28T12:00:00Z");
  CHECK(calendar.next_day_start(day).value - calendar.day_start(day).value ==
        92 * 15 * millis_per_minute);
}

TEST_CASE("what is no zone, and years that are none") {
  for (const auto* zone : {"", "/etc/passwd", "../../etc/passwd", "Atlantic/", "A b"}) {
    CAPTURE(zone);
    CHECK(read_time_zone(zone, 2019, 2020).error().code() == AppError::usage);
  }
  CHECK(read_time_zone("No/Where", 2019, 2020).error().code() == AppError::unavailable);
  CHECK(read_time_zone(default_zone, 2020, 2019).error().code() == AppError::usage);
  CHECK(read_time_zone(default_zone, 1969, 2019).error().code() == AppError::usage);
  CHECK(read_time_zone(default_zone, 2019, 2201).error().code() == AppError::usage);
}
