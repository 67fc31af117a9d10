// A chain of two metered homes at the level of households' payloads, with its history and blocks.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ledger/household_news.hpp"
#include "ledger/movements.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"
#include "tests/unit/ledger/memory_history.hpp"

namespace powershare::ledger::test {

inline constexpr std::int64_t slot_ms = 15 * millis_per_minute;

/// At the level that knows these payloads, with a meter per home; H01 has a plant.
inline Genesis level_three() {
  auto result = genesis();
  result.feature_level = 3;
  for (const auto& [name, owner] : {std::pair("M1", h01), std::pair("M2", h02)}) {
    RegisterMeter meter;
    meter.meter = MeterId::parse(name).value();
    meter.owner = owner;
    meter.cpe = std::string("PT000200000000000") + name;
    if (owner == h01) meter.plant_watts = 3'000;
    result.registry.push_back(meter);
  }
  return result;
}

/// A chain that keeps its history.
class Household : public Chain {
 public:
  explicit Household(Genesis start = level_three()) : Chain(std::move(start)) {}

  Receipt give(Payload payload, std::uint8_t signer, const std::string& principal) {
    const auto block = keep(apply({transaction(std::move(payload), signer, principal)}));
    return block.receipts.at(0);
  }
  Receipt as_administrator(Payload payload) {
    return give(std::move(payload), administrator, "administrator");
  }
  Receipt as_owner(const ParticipantRef& who, Payload payload) {
    return give(std::move(payload), who == h01 ? 11 : 12, to_text(who));
  }

  /// The next slot with net import (> 0) or export of both homes, and what H01's plant has
  /// produced; closes in the same block.
  void slot(const char* first, const char* second, const char* produced = "0") {
    ReadingBatch batch;
    ++number;
    for (const auto& [meter, net] : {std::pair("M1", first), std::pair("M2", second)}) {
      batch.readings.push_back(reading(meter, number, next, net));
    }
    batch.readings.front().reading.produced = kwh(produced);
    next.value += slot_ms;
    const auto block =
        keep(apply({transaction(ClockStep{next}, feeder, "feeder"), transaction(batch)}));
    for (const auto& receipt : block.receipts) REQUIRE(receipt.outcome == Outcome::applied);
    for (const auto& each : block.receipts.at(1).readings) {
      REQUIRE_MESSAGE(each.kind == ReadingResult::Kind::accepted, each.reason);
    }
  }
  static SignedReading reading(const char* meter, std::uint64_t sequence, UtcMillis start,
                               const char* net) {
    SignedReading result;
    result.reading.meter = MeterId::parse(meter).value();
    result.reading.sequence = sequence;
    result.reading.start = start;
    result.reading.seconds = 900;
    const auto energy = nano(net);
    (energy < 0 ? result.reading.exported : result.reading.imported) =
        Energy::from_nano(energy < 0 ? -energy : energy);
    return result;
  }

  std::vector<NewsRow> news(const ParticipantRef& who) const {
    std::vector<NewsRow> rows;
    CHECK(for_each_news_before(history, who, {UINT64_MAX, UINT64_MAX}, [&](const NewsRow& row) {
      rows.push_back(row);
      return true;
    }));
    return rows;
  }
  AccountStatement statement(const ParticipantRef& who, std::string_view asset, UtcMillis from = {},
                             UtcMillis to = {4'000'000'000'000}) const {
    const auto all = query_movement_totals(machine.state(), history, who, from, to, 1'000'000);
    REQUIRE(all);
    for (const auto& each : *all) {
      if (each.asset == asset && each.name.empty()) return each;
    }
    return {};
  }
  void sound() const {
    const auto checked = machine.check_invariants();
    REQUIRE_MESSAGE(checked.ok(), checked.error().detail());
  }
  std::int64_t escrow(const ParticipantRef& who) const {
    return ledger::balance(machine.state(), {AccountClass::escrow, who, {}, "CA:EUR"});
  }

  const ExecutedBlock& keep(ExecutedBlock block) {
    history.keep(block.history);
    sound();
    blocks.push_back(std::move(block));
    return blocks.back();
  }

  MapHistory history;
  std::vector<ExecutedBlock> blocks;
  UtcMillis next = created;
  std::uint64_t number = 0;
};

}  // namespace powershare::ledger::test
