// Local time from agreed offsets: the days on which clocks change, weeks and months across years,
// windows over midnight.
#include "ledger/calendar.hpp"

#include <doctest/doctest.h>

#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

UtcMillis at(const char* text) {
  return parse_iso8601(text).value();
}

/// Lisbon and Madeira change at 01:00 UTC, on the last Sundays of March and October.
Calendar madeira() {
  return {"Atlantic/Madeira",
          {{at("2019-10-27T01:00:00Z"), 0},
           {at("2020-03-29T01:00:00Z"), 60},
           {at("2020-10-25T01:00:00Z"), 0},
           {at("2021-03-28T01:00:00Z"), 60},
           {at("2021-10-31T01:00:00Z"), 0}}};
}

/// The Azores stay one hour behind: their clocks change at midnight, local time.
Calendar azores() {
  return {"Atlantic/Azores",
          {{at("2020-10-25T01:00:00Z"), -60},
           {at("2021-03-28T01:00:00Z"), 0},
           {at("2021-10-31T01:00:00Z"), -60}}};
}

std::int64_t slots_in_day(const Calendar& calendar, UtcMillis time) {
  return (calendar.next_day_start(time).value - calendar.day_start(time).value) /
         (15 * millis_per_minute);
}

}  // namespace

TEST_CASE("dates and days since 1970 are each other's inverse, over four centuries") {
  CHECK(days_from_date({1970, 1, 1}) == 0);
  CHECK(days_from_date({2000, 3, 1}) == 11'017);
  CivilDate before = date_from_days(-80'001);
  for (std::int64_t day = -80'000; day < 80'000; ++day) {
    const CivilDate date = date_from_days(day);
    REQUIRE(before < date);
    REQUIRE(days_from_date(date) == day);
    before = date;
  }
}

TEST_CASE("a local day has 92, 96 or 100 slots") {
  for (const auto& calendar : {madeira(), azores()}) {
    CAPTURE(calendar.zone());
    CHECK(slots_in_day(calendar, at("2021-03-27T12:00:00Z")) == 96);
    CHECK(slots_in_day(calendar, at("2021-03-28T12:00:00Z")) == 92);
    CHECK(slots_in_day(calendar, at("2021-03-29T12:00:00Z")) == 96);
    CHECK(slots_in_day(calendar, at("2021-10-31T12:00:00Z")) == 100);
    CHECK(slots_in_day(calendar, at("2021-11-01T12:00:00Z")) == 96);
  }
  const Calendar utc;
  CHECK(utc.zone() == "UTC");
  CHECK(slots_in_day(utc, at("2021-03-28T12:00:00Z")) == 96);
}

TEST_CASE("clocks on the wall at a change") {
  const Calendar lisbon = madeira();
  CHECK(lisbon.local(at("2021-03-28T00:59:59Z")) == LocalTime{{2021, 3, 28}, 6, 59});
  CHECK(lisbon.local(at("2021-03-28T01:00:00Z")) == LocalTime{{2021, 3, 28}, 6, 120});
  CHECK(lisbon.local(at("2021-10-31T00:59:00Z")) == LocalTime{{2021, 10, 31}, 6, 119});
  CHECK(lisbon.local(at("2021-10-31T01:00:00Z")) == LocalTime{{2021, 10, 31}, 6, 60});
  // Summer days begin at 23:00 UTC of the day before.
  CHECK(lisbon.day_start(at("2021-07-01T23:30:00Z")) == at("2021-07-01T23:00:00Z"));
  CHECK(lisbon.local(at("2021-07-01T23:30:00Z")) == LocalTime{{2021, 7, 2}, 4, 30});
  // There is no midnight in the Azores on that day.
  const Calendar ponta_delgada = azores();
  CHECK(ponta_delgada.day_start(at("2021-03-28T05:00:00Z")) == at("2021-03-28T01:00:00Z"));
  CHECK(ponta_delgada.local(at("2021-03-28T01:00:00Z")) == LocalTime{{2021, 3, 28}, 6, 60});
  CHECK(ponta_delgada.local(at("2021-03-28T00:59:00Z")) == LocalTime{{2021, 3, 27}, 5, 1439});
  CHECK(ponta_delgada.next_day_start(at("2021-03-27T05:00:00Z")) == at("2021-03-28T01:00:00Z"));
  // And midnight comes twice in October; the day begins with the first one.
  CHECK(ponta_delgada.day_start(at("2021-10-31T12:00:00Z")) == at("2021-10-31T00:00:00Z"));
}

TEST_CASE("every quarter of an hour of two years lies in exactly one day, week and month") {
  for (const auto& calendar : {madeira(), azores(), Calendar()}) {
    CAPTURE(calendar.zone());
    std::int64_t wrong = 0;
    for (auto time = at("2020-01-01T00:00:00Z"); time < at("2022-01-01T00:00:00Z");
         time.value += 15 * millis_per_minute) {
      const auto inside = [&](UtcMillis from, UtcMillis to) { return from <= time && time < to; };
      const auto date = calendar.local(time).date;
      const auto day = calendar.day_start(time);
      wrong += !inside(day, calendar.next_day_start(time)) || calendar.start_of(date) != day;
      wrong += !inside(calendar.week_start(time), calendar.next_week_start(time));
      wrong += !inside(calendar.month_start(time), calendar.next_month_start(time));
      wrong += calendar.local(calendar.week_start(time)).weekday != 0;
      wrong += calendar.local(calendar.month_start(time)).date.day != 1;
      wrong += calendar.iso_week(calendar.week_start(time)) != calendar.iso_week(time);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("ISO weeks at the turn of the year") {
  const Calendar utc;
  CHECK(utc.iso_week(at("2019-12-30T12:00:00Z")) == IsoWeek{2020, 1});
  CHECK(utc.iso_week(at("2020-12-31T12:00:00Z")) == IsoWeek{2020, 53});
  CHECK(utc.iso_week(at("2021-01-03T23:59:00Z")) == IsoWeek{2020, 53});
  CHECK(utc.iso_week(at("2021-01-04T00:00:00Z")) == IsoWeek{2021, 1});
  CHECK(utc.iso_week(at("2016-01-01T00:00:00Z")) == IsoWeek{2015, 53});
}

TEST_CASE("offsets that no zone has end every search") {
  std::vector<UtcOffset> offsets;
  for (std::int16_t i = 0; i < 200; ++i) {
    offsets.push_back(
        {{i * millis_per_hour}, static_cast<std::int16_t>(i % 2 == 0 ? 1080 : -1080)});
  }
  const Calendar calendar("x", offsets);
  for (std::int64_t hour = 0; hour < 220; ++hour) {
    const UtcMillis time{hour * millis_per_hour + 1};
    CHECK(calendar.day_start(time) <= time);
    CHECK(calendar.next_day_start(time) > time);
    calendar.week_start(time);
    calendar.next_month_start(time);
  }
}

TEST_CASE("windows by weekday, over midnight, and whole days") {
  const auto monday = [](int minute) { return LocalTime{{2021, 3, 1}, 0, minute}; };
  const auto tuesday = [](int minute) { return LocalTime{{2021, 3, 2}, 1, minute}; };
  const auto sunday = [](int minute) { return LocalTime{{2021, 2, 28}, 6, minute}; };
  CHECK(in_windows({}, monday(0)));
  const std::vector<WeeklyWindow> work{{0b0000001, 480, 720}};
  CHECK_FALSE(in_windows(work, monday(479)));
  CHECK(in_windows(work, monday(480)));
  CHECK(in_windows(work, monday(719)));
  CHECK_FALSE(in_windows(work, monday(720)));
  CHECK_FALSE(in_windows(work, tuesday(500)));
  const std::vector<WeeklyWindow> night{{0b0000001, 1320, 360}};
  CHECK(in_windows(night, monday(1320)));
  CHECK(in_windows(night, tuesday(359)));
  CHECK_FALSE(in_windows(night, tuesday(360)));
  CHECK_FALSE(in_windows(night, monday(0)));
  CHECK_FALSE(in_windows(night, tuesday(1400)));
  const std::vector<WeeklyWindow> sundays{{0b1000000, 0, 0}, {0b0000010, 0, 1440}};
  CHECK(in_windows(sundays, sunday(0)));
  CHECK(in_windows(sundays, sunday(1439)));
  CHECK_FALSE(in_windows(sundays, monday(0)));
  CHECK(in_windows(sundays, tuesday(1439)));
  const std::vector<WeeklyWindow> sunday_night{{0b1000000, 1380, 60}};
  CHECK(in_windows(sunday_night, monday(59)));
}

TEST_CASE("the calendar is a record that the administrator or governance sets") {
  Chain chain;
  CHECK(find_calendar(chain.machine.state()).zone() == "UTC");
  const SetCalendar payload{"Atlantic/Madeira", madeira().offsets()};
  CHECK(chain.submit_as(h01, payload).code == "forbidden");
  CHECK(chain.submit(payload).outcome == Outcome::applied);
  const auto calendar = find_calendar(chain.machine.state());
  CHECK(calendar.zone() == "Atlantic/Madeira");
  CHECK(calendar.offsets() == payload.offsets);
  CHECK(calendar.offset_minutes(at("2021-07-01T00:00:00Z")) == 60);
  CHECK(calendar.offset_minutes(at("2019-01-01T00:00:00Z")) == 0);

  auto wrong = payload;
  std::swap(wrong.offsets[0], wrong.offsets[1]);
  CHECK(chain.submit(wrong).code == "malformed");
  wrong = payload;
  wrong.offsets[2].minutes = 1081;
  CHECK(chain.submit(wrong).code == "malformed");
  wrong = payload;
  wrong.zone.clear();
  CHECK(chain.submit(wrong).code == "malformed");
  CHECK(chain.submit(SetCalendar{"UTC", {}}).code == "malformed");
}

TEST_CASE("a genesis may bring the calendar, from feature level 3 on") {
  auto start = genesis();
  start.registry.push_back(SetCalendar{"Atlantic/Madeira", madeira().offsets()});
  const auto again = Genesis::from_json(start.to_json());
  REQUIRE_MESSAGE(again.ok(), again.error().detail());
  CHECK(again->hash() == start.hash());
  CHECK(again->hash() != genesis().hash());
  const Chain chain(*again);
  CHECK(find_calendar(chain.machine.state()).offsets() == madeira().offsets());
  start.feature_level = 2;
  CHECK_FALSE(Genesis::from_json(start.to_json()).ok());
}
