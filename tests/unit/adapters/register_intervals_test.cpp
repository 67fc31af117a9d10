#include "adapters/register_intervals.hpp"

#include <doctest/doctest.h>

#include <iostream>
#include <memory>
#include <random>

using namespace powershare;
using namespace powershare::adapters;

namespace {

constexpr std::int64_t minute = millis_per_minute;
const UtcMillis noon = parse_iso8601("2026-11-30T12:00:00Z").value();

Energy kwh(std::string_view text) {
  return parse_quantity<Energy>(text).value();
}

/// Registers with slots of 15 minutes, samples told in seconds after noon.
struct Meter {
  explicit Meter(IntervalOptions options = {}, std::optional<Point> base = {})
      : intervals(options, base) {}
  Verdict say(std::int64_t seconds, std::string_view imported, std::string_view exported = "0") {
    return intervals.take({noon.value + seconds * 1'000}, kwh(imported), kwh(exported), out);
  }
  Interval at(std::size_t index) const { return out.at(index); }
  RegisterIntervals intervals;
  std::vector<Interval> out;
};

Interval interval(std::int64_t seconds, std::uint32_t length, std::string_view imported,
                  std::string_view exported = "0") {
  return {{noon.value + seconds * 1'000}, length, kwh(imported), kwh(exported)};
}

}  // namespace

TEST_CASE("an interval is complete at the first sample on or after its end") {
  Meter meter;
  CHECK(meter.say(0, "100", "5") == Verdict::first);
  CHECK(meter.intervals.base()->time == noon);
  CHECK(meter.say(300, "100.1", "5") == Verdict::taken);
  CHECK(meter.out.empty());
  CHECK(meter.say(900, "100.3", "5.05") == Verdict::taken);
  REQUIRE(meter.out.size() == 1);
  CHECK(meter.at(0) == interval(0, 900, "0.3", "0.05"));
}

TEST_CASE("between two samples the value at the boundary is interpolated and nothing is lost") {
  Meter meter;
  meter.say(-60, "10");
  meter.say(60, "10.000000003");  // half of three nano-kWh, rounded down
  CHECK(meter.out.empty());       // the interval before noon was not heard whole
  meter.say(870, "10.5");
  meter.say(930, "10.7");
  REQUIRE(meter.out.size() == 1);
  CHECK(meter.at(0) == interval(0, 900, "0.599999999"));
  CHECK(*meter.intervals.base() == Point{{noon.value + 900'000}, kwh("10.6"), {}});
}

TEST_CASE("a gap becomes one reading up to its first boundary and one over the whole slots") {
  Meter meter;
  meter.say(0, "0");
  meter.say(600, "1");
  meter.say(4'800, "8");  // seven kWh over 70 minutes: 0.1 a minute
  REQUIRE(meter.out.size() == 2);
  CHECK(meter.at(0) == interval(0, 900, "1.5"));
  CHECK(meter.at(1) == interval(900, 3'600, "6"));
  meter.say(5'400, "9");
  CHECK(meter.at(2) == interval(4'500, 900, "1.5"));
}

TEST_CASE("a reading covers at most 96 slots") {
  Meter meter;
  meter.say(0, "0");
  meter.say(900 * 200, "200");
  REQUIRE(meter.out.size() == 4);
  CHECK(meter.at(0) == interval(0, 900, "1"));
  CHECK(meter.at(1) == interval(900, 900 * 96, "96"));
  CHECK(meter.at(2) == interval(900 * 97, 900 * 96, "96"));
  CHECK(meter.at(3) == interval(900 * 193, 900 * 7, "7"));
}

TEST_CASE("intervals shorter than a slot never cross it, over a gap neither") {
  IntervalOptions options;
  options.interval_ms = 5 * minute;
  Meter meter(options);
  meter.say(300, "0");
  meter.say(600, "0.5");
  meter.say(3'300, "5");
  REQUIRE(meter.out.size() == 4);
  CHECK(meter.at(0) == interval(300, 300, "0.5"));
  CHECK(meter.at(1) == interval(600, 300, "0.5"));
  CHECK(meter.at(2) == interval(900, 1'800, "3"));
  CHECK(meter.at(3) == interval(2'700, 600, "1"));
}

TEST_CASE("after a restart the base alone goes on, and the energy adds up") {
  Meter before;
  before.say(0, "50", "1");
  before.say(900, "50.25", "1");
  before.say(1'200, "50.5", "1");  // forgotten
  REQUIRE(before.intervals.base().has_value());
  Meter after({}, before.intervals.base());
  CHECK(after.say(600, "50.1", "1") == Verdict::stale);
  CHECK(after.say(900, "50.25", "1") == Verdict::stale);
  CHECK(after.say(2'700, "51.25", "3") == Verdict::taken);
  REQUIRE(after.out.size() == 2);
  CHECK(after.at(0) == interval(900, 900, "0.5", "1"));
  CHECK(after.at(1) == interval(1'800, 900, "0.5", "1"));
}

TEST_CASE("with another interval than before the first one ends where the new ones do") {
  Meter meter({}, Point{{noon.value + 300'000}, kwh("1"), {}});
  meter.say(1'800, "4");
  CHECK(meter.out == std::vector<Interval>{interval(300, 600, "1.2"), interval(900, 900, "1.8")});
}

TEST_CASE("samples that repeat or come late change nothing") {
  Meter meter;
  meter.say(0, "1");
  meter.say(60, "2");
  CHECK(meter.say(60, "2") == Verdict::stale);
  CHECK(meter.say(60, "9") == Verdict::stale);
  CHECK(meter.say(30, "1.5") == Verdict::stale);
  meter.say(900, "3");
  CHECK(meter.out == std::vector<Interval>{interval(0, 900, "2")});
}

TEST_CASE("one wrong sample is passed over, in either direction") {
  Meter meter;
  meter.say(0, "1000");
  meter.say(60, "1000.01");
  CHECK(meter.say(70, "0") == Verdict::doubted);
  CHECK(meter.say(80, "1000.02") == Verdict::taken);
  CHECK(meter.say(90, "9000") == Verdict::doubted);
  CHECK(meter.say(100, "9000.1") == Verdict::doubted);
  CHECK(meter.say(110, "1000.03") == Verdict::taken);
  meter.say(900, "1000.1");
  CHECK(meter.out == std::vector<Interval>{interval(0, 900, "0.1")});
}

TEST_CASE("a register that was reset is believed after three samples and counts on from there") {
  Meter meter;
  meter.say(0, "1000", "10");
  meter.say(300, "1000.5", "10");
  CHECK(meter.say(310, "0.1", "0") == Verdict::doubted);
  CHECK(meter.say(320, "0.2", "0") == Verdict::doubted);
  CHECK(meter.say(330, "0.3", "0") == Verdict::rebased);
  CHECK(meter.say(900, "1", "0.5") == Verdict::taken);
  // 0.5 before the reset and 0.9 after its first sample.
  CHECK(meter.out == std::vector<Interval>{interval(0, 900, "1.4", "0.5")});
  CHECK(meter.say(1'800, "2", "0.5") == Verdict::taken);
  CHECK(meter.at(1) == interval(900, 900, "1"));
}

TEST_CASE("samples that contradict one another are never believed") {
  Meter meter;
  meter.say(0, "1000");
  for (int i = 1; i < 50; ++i) {
    CHECK(meter.say(i, i % 2 == 0 ? "5" : "500") == Verdict::doubted);
  }
  CHECK(meter.say(900, "1001") == Verdict::taken);
  CHECK(meter.out == std::vector<Interval>{interval(0, 900, "1")});
}

TEST_CASE("a register that wraps is counted on where its end is known") {
  IntervalOptions options;
  options.wraps_at = kwh("100000");
  Meter meter(options);
  meter.say(0, "99999.5", "7");
  CHECK(meter.say(600, "0.25", "7") == Verdict::taken);
  meter.say(900, "0.5", "7");
  CHECK(meter.out == std::vector<Interval>{interval(0, 900, "1")});
  // A reset is no wrap: the leap would be too large.
  meter.say(1'000, "50000", "7");
  CHECK(meter.say(1'010, "0.25", "7") == Verdict::doubted);
}

TEST_CASE("a device that does not say what it feeds in feeds in nothing new") {
  Meter meter;
  std::vector<Interval>& out = meter.out;
  meter.say(0, "1", "4");
  meter.intervals.take({noon.value + 450'000}, kwh("2"), std::nullopt, out);
  meter.say(900, "3", "5");
  CHECK(out == std::vector<Interval>{interval(0, 900, "2", "1")});
  Meter without;
  without.intervals.take(noon, kwh("1"), std::nullopt, without.out);
  without.intervals.take({noon.value + 900'000}, kwh("2"), std::nullopt, without.out);
  CHECK(without.out == std::vector<Interval>{interval(0, 900, "1")});
}

TEST_CASE("no interval begins before the meter's start in the ledger") {
  IntervalOptions options;
  options.not_before = {noon.value + 1'800'000};
  Meter meter(options);
  meter.say(0, "0");
  meter.say(900, "1");
  meter.say(2'700, "3");
  CHECK(meter.out == std::vector<Interval>{interval(1'800, 900, "1")});
}

TEST_CASE("absurd values and years of silence stop nothing") {
  Meter meter;
  meter.say(0, "1");
  CHECK(meter.say(10, "9000000000") == Verdict::doubted);
  CHECK(meter.intervals.take({-5}, kwh("1"), {}, meter.out) == Verdict::doubted);
  CHECK(meter.intervals.take({INT64_MAX}, kwh("1"), {}, meter.out) == Verdict::doubted);
  CHECK(meter.say(10LL * 366 * 86'400, "50000") == Verdict::rebased);
  CHECK(meter.out.empty());
  CHECK(meter.say(10LL * 366 * 86'400 + 900, "50001") == Verdict::taken);
  CHECK(meter.out.size() == 1);
}

TEST_CASE("whatever is heard or missed, the readings add up to the registers and never overlap") {
  constexpr std::uint64_t seed = 20261130;
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  for (int run = 0; run < 500; ++run) {
    IntervalOptions options;
    options.interval_ms = (run % 2 == 0 ? 15 : 5) * minute;
    std::optional<Point> base;
    std::vector<Interval> all;
    auto time = noon.value + static_cast<std::int64_t>(random() % 900'000);
    std::int64_t imported = static_cast<std::int64_t>(random() % 1'000'000) * 1'000'000;
    std::int64_t exported = 0;
    std::optional<Point> begin;
    auto intervals = std::make_unique<RegisterIntervals>(options, base);
    for (int sample = 0; sample < 60; ++sample) {
      std::vector<Interval> out;
      intervals->take({time}, Energy::from_nano(imported), Energy::from_nano(exported), out);
      if (!begin && intervals->base()) {
        // The base before the first interval, which may have come with it.
        begin = intervals->base();
        for (const auto& one : out) {
          begin->time.value -= std::int64_t{one.seconds} * 1'000;
          begin->imported = subtract(begin->imported, one.imported).value();
          begin->exported = subtract(begin->exported, one.exported).value();
        }
      }
      all.insert(all.end(), out.begin(), out.end());
      if (random() % 8 == 0) {  // a restart
        intervals = std::make_unique<RegisterIntervals>(options, intervals->base());
      }
      const auto step = static_cast<std::int64_t>(random() % 10 == 0 ? random() % 90'000'000 + 1
                                                                     : random() % 600'000 + 1);
      time += step;
      imported += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(step)) * 1'000;
      exported += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(step));
    }
    if (!begin) continue;
    auto end = begin->time.value;
    Energy sum_imported = begin->imported;
    Energy sum_exported = begin->exported;
    for (const auto& one : all) {
      REQUIRE(one.start.value == end);
      REQUIRE_FALSE(one.imported.is_negative());
      REQUIRE_FALSE(one.exported.is_negative());
      end += std::int64_t{one.seconds} * 1'000;
      const auto first = slot_start(one.start, options.slot_ms).value;
      const bool inside = end <= first + options.slot_ms;
      const bool whole = one.start.value == first && end % options.slot_ms == 0 &&
                         end - first <= 96 * options.slot_ms;
      REQUIRE((inside || whole));
      sum_imported = add(sum_imported, one.imported).value();
      sum_exported = add(sum_exported, one.exported).value();
    }
    REQUIRE(intervals->base()->time.value == end);
    REQUIRE(intervals->base()->imported == sum_imported);
    REQUIRE(intervals->base()->exported == sum_exported);
  }
}
