#include "base/time.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace powershare;

TEST_CASE("ISO 8601 times with a zone are read to UTC milliseconds") {
  CHECK(parse_iso8601("1970-01-01T00:00:00Z")->value == 0);
  CHECK(parse_iso8601("2021-02-22T00:00:00+01:00")->value == 1613948400000);
  CHECK(parse_iso8601("2021-02-22T00:00:00.250Z")->value == 1613952000250);
  CHECK(parse_iso8601("2021-02-22T00:00Z")->value == 1613952000000);
  for (const auto* text :
       {"2021-02-30T00:00:00Z", "2021-02-22", "2021-02-22T24:00:00Z", "2021-02-22T00:00:00",
        "2021-02-22T00:00:00Zx", "1969-01-01T00:00:00Z"}) {
    CHECK_MESSAGE(!parse_iso8601(text).ok(), text);
  }
  CHECK(to_iso8601({1613952000250}) == "2021-02-22T00:00:00.250Z");
  CHECK(to_iso8601({1571648400000}) == "2019-10-21T09:00:00Z");
}

TEST_CASE("slots are counted from the epoch, below zero too") {
  const auto slot_ms = 15 * millis_per_minute;
  CHECK(slot_start({slot_ms + 1}, slot_ms).value == slot_ms);
  CHECK(slot_start({-1}, slot_ms).value == -slot_ms);
  CHECK(is_slot_length(slot_ms));
  CHECK_FALSE(is_slot_length(7 * millis_per_minute));
}

TEST_CASE("durations carry their unit") {
  CHECK(*parse_duration_ms("15m") == 15 * millis_per_minute);
  CHECK(*parse_duration_ms("250ms") == 250);
  CHECK_FALSE(parse_duration_ms("15").ok());
  CHECK_FALSE(parse_duration_ms("-1s").ok());
  CHECK_FALSE(parse_duration_ms("99999999999999d").ok());
}

TEST_CASE("no time is too early to lie in a slot") {
  const UtcMillis first{std::numeric_limits<std::int64_t>::min()};
  CHECK(slot_start(first, 15 * millis_per_minute).value % (15 * millis_per_minute) == 0);
  CHECK(slot_start({first.value + 15 * millis_per_minute}, 15 * millis_per_minute).value <=
        first.value + 15 * millis_per_minute);
}
