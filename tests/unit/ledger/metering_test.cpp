// Readings: each exactly once, and every reason to refuse one.
#include "ledger/metering.hpp"

#include <random>
#include <set>

#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr UtcMillis start{1'613'343'600'000};
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr std::int64_t kwh = nano_per_unit;

UtcMillis slot(std::int64_t k) {
  return {start.value + k * slot_ms};
}

/// One home "H01" with an unsigned meter, an hour after the start; nothing closes meanwhile.
struct OneHome : TestChain {
  OneHome() : TestChain(start) {
    parameters.close_grace_ms = millis_per_day;
    add_home("H01");
    now = slot(4);
  }
};

std::vector<SlotReading> readings_in(const StateReader& state, UtcMillis of_slot) {
  std::vector<SlotReading> result;
  for_each_reading(state, of_slot, [&](const SlotReading& one) {
    result.push_back(one);
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("ranges agree with a plain set") {
  const std::uint64_t seed = 77;
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    Ranges ranges;
    std::set<std::uint64_t> plain;
    for (int i = 0; i < 30; ++i) {
      const std::uint64_t begin = random() % 60;
      const std::uint64_t end = begin + 1 + random() % 5;
      const Range range{begin, end};
      bool any = false;
      bool all = true;
      for (auto v = begin; v < end; ++v) {
        any = any || plain.count(v) != 0;
        all = all && plain.count(v) != 0;
      }
      CHECK(ranges.intersects(range) == any);
      CHECK(ranges.covers(range) == all);
      if (random() % 2 == 0) continue;
      ranges.add(range);
      for (auto v = begin; v < end; ++v) plain.insert(v);
    }
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      total += ranges.all()[i].end - ranges.all()[i].begin;
      if (i > 0) CHECK(ranges.all()[i - 1].end < ranges.all()[i].begin);
    }
    CHECK(total == plain.size());
    Encoder out;
    ranges.encode(out);
    Decoder in(out.data());
    CHECK(Ranges::decode(in, 64) == ranges);
    CHECK(in.finished());
  }
}

TEST_CASE("a reading is accepted once, repeated as a duplicate, refused as a conflict") {
  OneHome chain;
  const auto first = reading("H01", 1, start, kwh / 10);
  CHECK(chain.submit(first) == "accepted");
  const auto before = chain.state.rows;
  CHECK(chain.submit(first) == "duplicate");
  CHECK(chain.count(Event::Kind::alarm) == 0);
  CHECK(chain.submit(reading("H01", 1, start, kwh / 10 + 1)) == "conflict");
  CHECK(chain.submit(reading("H01", 1, slot(1), kwh / 10)) == "conflict");
  CHECK(chain.count(Event::Kind::alarm) == 2);
  CHECK(chain.state.rows == before);
  CHECK(meter_progress(chain.state, meter_id("H01")).in_ledger_through() == 1);
  CHECK(chain.submit(reading("H01", 3, slot(2), 0)) == "accepted");
  CHECK(meter_progress(chain.state, meter_id("H01")).in_ledger_through() == 1);
  CHECK(chain.submit(reading("H01", 2, slot(1), 0)) == "accepted");
  const auto progress = meter_progress(chain.state, meter_id("H01"));
  CHECK(progress.in_ledger_through() == 3);
  CHECK(progress.sequences.size() == 1);
  CHECK(progress.last_end() == slot(3));
}

TEST_CASE("every reason to refuse a reading has its code and leaves no trace") {
  OneHome chain;
  chain.add_meter("late", resident("H01"));  // active from slot 4
  CHECK(chain.submit(reading("H01", 1, start, 1)) == "accepted");
  const auto before = chain.state.rows;
  const auto check = [&](SignedReading bad, const char* reason) {
    CHECK(chain.submit(bad) == reason);
    CHECK(chain.state.rows == before);
  };
  check(reading("nobody", 1, start, 1), "unknown_meter");
  check(reading("H01", 2, start, 1), "overlap");
  check(reading("H01", 2, {start.value + 60'000}, 1, 60), "overlap");
  check(reading("H01", 2, slot(4), 1), "future");
  check(reading("H01", 2, slot(-1), 1), "before_start");
  check(reading("late", 1, slot(3), 1), "before_start");
  check(reading("H01", 0, slot(1), 1), "bad_sequence");
  check(reading("H01", UINT64_MAX, slot(1), 1), "bad_sequence");
  check(reading("H01", 2, slot(1), 1, 0), "bad_interval");
  check(reading("H01", 2, slot(1), 1, 901), "bad_interval");
  check(reading("H01", 2, {slot(1).value + 1}, 1, 900), "bad_interval");
  check(reading("H01", 2, {slot(1).value + 1}, 1, 1800), "bad_interval");
  check(reading("H01", 2, slot(1), 1, 97 * 900), "bad_interval");
  check(reading("H01", 2, {INT64_MAX}, 1), "bad_interval");
  check(reading("H01", 2, {-1}, 1), "bad_interval");
  check(reading("H01", 2, slot(1), 25 * kwh + 1), "absurd");  // 100 kW for 15 minutes
  auto negative = reading("H01", 2, slot(1), 1);
  negative.reading.produced = Energy::from_nano(-1);
  check(negative, "negative");
  negative.reading.produced = Energy();
  negative.reading.battery = Energy::from_nano(INT64_MIN);
  check(negative, "negative");
  negative.reading.battery = Energy::from_nano(INT64_MAX);
  check(negative, "absurd");
  auto correction = reading("H01", 2, start, 5);
  correction.reading.corrects = 9;
  check(correction, "bad_correction");
  correction.reading.corrects = 1;
  correction.reading.seconds = 60;
  check(correction, "bad_correction");
  CHECK(chain.submit(reading("H01", 2, slot(1), 25 * kwh)) == "accepted");
  CHECK(chain.submit(reading("H01", 3, {slot(4).value - 600'000}, 1, 900)) == "bad_interval");
  CHECK(chain.block(chain.now, {reading("H01", 3, slot(2), 1)}, false).front().reason ==
        "unsigned_not_allowed");
}

TEST_CASE("a reading up to five minutes ahead is taken, a retired meter's is not") {
  OneHome chain;
  chain.now = {slot(5).value - 5 * millis_per_minute};
  CHECK(chain.submit(reading("H01", 1, slot(4), 1)) == "accepted");
  auto record = *find_meter(chain.state, meter_id("H01"));
  record.retired = slot(2);
  Overlay changes(chain.state);
  put_meter(changes, record);
  for (auto& write : changes.take()) chain.state.rows[write.key] = *write.value;
  CHECK(chain.submit(reading("H01", 2, slot(2), 1)) == "meter_retired");
  CHECK(chain.submit(reading("H01", 2, slot(1), 1, 1800)) == "meter_retired");
  CHECK(chain.submit(reading("H01", 2, slot(1), 1)) == "accepted");
}

TEST_CASE("a signature counts under the meter's key and this genesis only") {
  crypto::initialise();
  OneHome chain;
  const auto key = crypto::KeyPair::from_seed({1, 2, 3});
  const auto other = crypto::KeyPair::from_seed({4, 5, 6});
  chain.now = start;
  chain.add_meter("signed", resident("H01"), MeterKind::home, {}, key.public_key());
  chain.now = slot(4);
  auto good = reading("signed", 1, start, kwh);
  good.signature = key.sign(reading_statement(chain.genesis_hash, good.reading));
  auto bad = good;
  bad.signature = other.sign(reading_statement(chain.genesis_hash, good.reading));
  CHECK(chain.submit(bad, false) == "bad_signature");
  bad.signature = key.sign(reading_statement(Digest{}, good.reading));
  CHECK(chain.submit(bad, false) == "bad_signature");
  bad = good;
  bad.reading.imported = Energy::from_nano(kwh + 1);
  CHECK(chain.submit(bad, false) == "bad_signature");
  auto keyless = good;
  keyless.reading.meter = meter_id("H01");
  CHECK(chain.submit(keyless, false) == "bad_signature");
  CHECK(chain.submit(good, false) == "accepted");
  CHECK(chain.submit(good, false) == "duplicate");
  CHECK(readings_in(chain.state, start).front().was_signed);
}

TEST_CASE("a reading of several whole slots is split evenly, to the nano") {
  OneHome chain;
  CHECK(chain.submit(reading("H01", 1, start, 100, 3 * 900)) == "accepted");
  std::int64_t sum = 0;
  for (int k = 0; k < 3; ++k) {
    const auto parts = readings_in(chain.state, slot(k));
    REQUIRE(parts.size() == 1);
    CHECK(parts[0].split);
    CHECK(parts[0].imported.nano() == (k == 0 ? 34 : 33));
    sum += parts[0].imported.nano();
  }
  CHECK(sum == 100);
  CHECK(chain.submit(reading("H01", 1, start, 100, 3 * 900)) == "duplicate");
  CHECK(chain.submit(reading("H01", 2, slot(2), 1)) == "overlap");
  auto correction = reading("H01", 2, start, 10, 3 * 900);
  correction.reading.corrects = 1;
  CHECK(chain.submit(correction) == "accepted");
  CHECK(readings_in(chain.state, slot(2))[0].imported.nano() == 3);
}

TEST_CASE("a correction replaces; what it replaced stays known; too many are refused") {
  OneHome chain;
  CHECK(chain.submit(reading("H01", 1, start, 100)) == "accepted");
  for (std::uint64_t sequence = 2; sequence <= 9; ++sequence) {
    auto correction = reading("H01", sequence, start, static_cast<std::int64_t>(sequence));
    correction.reading.corrects = sequence - 1;
    CHECK(chain.submit(correction) == "accepted");
    CHECK(chain.submit(correction) == "duplicate");
    CHECK(chain.submit(reading("H01", 1, start, 100)) == "duplicate");
    const auto parts = readings_in(chain.state, start);
    REQUIRE(parts.size() == 1);
    CHECK(parts[0].imported.nano() == static_cast<std::int64_t>(sequence));
    CHECK(parts[0].corrected);
  }
  auto stale = reading("H01", 10, start, 1);
  stale.reading.corrects = 3;  // replaced already
  CHECK(chain.submit(stale) == "bad_correction");
  stale.reading.corrects = 9;
  CHECK(chain.submit(stale) == "bad_correction");  // the ninth
}

TEST_CASE("a meter with more than 1,024 gaps is refused until it fills them") {
  OneHome chain;
  chain.now = slot(4);
  std::vector<SignedReading> readings;
  for (std::uint64_t i = 0; i < 1025; ++i) {
    const UtcMillis at{start.value + static_cast<std::int64_t>(2 * i) * 1000};
    readings.push_back(reading("H01", 2 * i + 1, at, 1, 1));
  }
  const auto results = chain.block(chain.now, readings);
  for (std::size_t i = 0; i < 1024; ++i) CHECK(results[i].kind == ReadingResult::Kind::accepted);
  CHECK(results[1024].reason == "too_many_gaps");
  CHECK(chain.submit(reading("H01", 2, {start.value + 1000}, 1, 1)) == "accepted");
  CHECK(chain.submit(readings[1024]) == "accepted");
}
