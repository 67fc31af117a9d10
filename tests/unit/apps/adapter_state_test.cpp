#include "apps/adapter_state.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "apps/error.hpp"

using namespace powershare;
using namespace powershare::apps;

namespace {

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-adapter-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

bool is(const Error& error, AppError code) {
  return error.code() == make_error_code(code);
}

AdapterState example() {
  AdapterState state;
  state.genesis = crypto::sha256(as_bytes("genesis"));
  state.slot_ms = 900'000;
  MeterState meter;
  meter.not_before = parse_iso8601("2026-11-30T12:00:00Z").value();
  meter.owner = "Resident:H01";
  meter.next_sequence = 8;
  meter.free_sequences = {5};
  meter.base = adapters::Point{{1'000}, Energy::from_nano(-5), Energy::from_nano(7)};
  ledger::Reading reading;
  reading.meter = MeterId::parse("H01").value();
  reading.sequence = 7;
  reading.start = meter.not_before;
  reading.seconds = 900;
  reading.imported = Energy::from_nano(123'456'789);
  meter.pending.emplace(7, reading);
  state.meters.emplace(reading.meter, meter);
  state.meters.emplace(MeterId::parse("H02").value(), MeterState{});
  return state;
}

}  // namespace

TEST_CASE("an adapter's state is read as it was written") {
  const auto bytes = example().encode();
  const auto state = AdapterState::decode(bytes);
  REQUIRE(state.ok());
  CHECK(state->encode() == bytes);
  const auto& meter = state->meters.begin()->second;
  CHECK(meter.pending.at(7) == example().meters.begin()->second.pending.at(7));
  CHECK(meter.base->imported == Energy::from_nano(-5));
  CHECK(AdapterState::decode(AdapterState{}.encode()).ok());
}

TEST_CASE("a state with any byte changed or missing is refused") {
  const auto bytes = example().encode();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] ^= 1;
    CHECK_FALSE(AdapterState::decode(changed).ok());
    CHECK_FALSE(AdapterState::decode(ByteView(bytes).first(i)).ok());
  }
}

TEST_CASE("a state survives its process, and two processes never share it") {
  const Folder folder;
  const auto path = folder.path / "box" / "adapter.state";
  {
    auto file = AdapterStateFile::open(path);
    REQUIRE(file.ok());
    file->state() = example();
    REQUIRE(file->save().ok());
    const auto second = AdapterStateFile::open(path);
    REQUIRE_FALSE(second.ok());
    CHECK(is(second.error(), AppError::unavailable));
  }
  auto again = AdapterStateFile::open(path);
  REQUIRE(again.ok());
  CHECK(again->state().encode() == example().encode());
}

TEST_CASE("a damaged state file is named, not begun anew") {
  const Folder folder;
  const auto path = folder.path / "adapter.state";
  std::ofstream(path) << "powershare/adapter-state/1 and what is no state at all, by no means";
  const auto file = AdapterStateFile::open(path);
  REQUIRE_FALSE(file.ok());
  CHECK(is(file.error(), AppError::damaged_data));
}

TEST_CASE("numbers of readings that were refused for good are given again, used ones never") {
  MeterState meter;
  ledger::Reading reading;
  for (int i = 0; i < 4; ++i) {
    reading.sequence = meter.take_sequence();
    meter.pending.emplace(reading.sequence, reading);
  }
  CHECK(meter.next_sequence == 5);
  meter.drop(2);
  meter.drop(2);
  meter.drop(9);  // nobody's
  CHECK(meter.take_sequence() == 2);
  CHECK(meter.take_sequence() == 5);
  meter.renumber(3);
  CHECK_FALSE(meter.pending.contains(3));
  CHECK(meter.pending.at(6).sequence == 6);
  meter.drop(4);
  meter.used_through(10);  // by somebody else
  CHECK(meter.take_sequence() == 11);
  meter.settle(1);
  CHECK(meter.pending.size() == 1);
}
