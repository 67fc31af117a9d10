// The life of slots: when they close, when they are final, and what it costs.
#include "ledger/slots.hpp"

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

UtcMillis next_close(const TestChain& chain) {
  return slot_progress(chain.state)->next_close;
}

}  // namespace

TEST_CASE("a slot closes when all meters have reported, and not before its end") {
  TestChain chain(start);
  chain.add_home("A");
  chain.add_home("B");
  const UtcMillis early{slot(1).value - millis_per_minute};
  chain.block(early, {reading("A", 1, start, kwh), reading("B", 1, start, -kwh)});
  CHECK(next_close(chain) == start);
  CHECK(!slot_due(chain.state, chain.parameters, early));
  CHECK(slot_state(chain.state, start, chain.now, slot_ms) == SlotState::open);
  CHECK(slot_due(chain.state, chain.parameters, slot(1)));
  chain.block(slot(1), {});
  CHECK(next_close(chain) == slot(1));
  CHECK(slot_state(chain.state, start, chain.now, slot_ms) == SlotState::provisional);
  CHECK(slot_state(chain.state, slot(1), chain.now, slot_ms) == SlotState::open);

  chain.block(slot(2), {reading("A", 2, slot(1), kwh)});
  CHECK(next_close(chain) == slot(1));
  CHECK(slot_state(chain.state, slot(1), chain.now, slot_ms) == SlotState::metering);
  // Half a slot is not a report.
  chain.block(slot(2), {reading("B", 2, slot(1), -kwh, 450)});
  CHECK(next_close(chain) == slot(1));
  chain.block(slot(2), {reading("B", 3, {slot(1).value + 450'000}, -kwh, 450)});
  CHECK(next_close(chain) == slot(2));
  CHECK(find_slot(chain.state, slot(1))->settled[1].exported.nano() == 2 * kwh);
  CHECK(chain.count(Event::Kind::slot_closed) == 2);
}

TEST_CASE("a slot closes without the missing meter when the grace is over") {
  TestChain chain(start);
  chain.add_home("A");
  chain.add_home("B");
  chain.block(slot(1), {reading("A", 1, start, kwh)});
  const UtcMillis over{slot(1).value + chain.parameters.close_grace_ms};
  CHECK(!slot_due(chain.state, chain.parameters, {over.value - 1}));
  chain.block({over.value - 1}, {});
  CHECK(next_close(chain) == start);
  CHECK(slot_due(chain.state, chain.parameters, over));
  chain.block(over, {});
  CHECK(next_close(chain) == slot(1));
  const auto view = query_slot(chain.state, chain.history, start);
  REQUIRE(view);
  CHECK(view->row.missing_meters == 1);
  CHECK(view->row.imported.nano() == kwh);
}

TEST_CASE("meters that were silent for a day are not waited for") {
  TestChain chain(start);
  chain.add_home("A");
  chain.add_home("B");
  chain.block(slot(1), {reading("A", 1, start, kwh), reading("B", 1, start, kwh)});
  // B was heard last at the end of slot 0, that is 24 h before slot 97.
  for (int k = 1; k <= 98; ++k) {
    const auto sequence = static_cast<std::uint64_t>(k) + 1;
    chain.block(slot(k + 1), {reading("A", sequence, slot(k), kwh)});
    if (k <= 97) chain.settle_all({slot(k + 1).value + chain.parameters.close_grace_ms});
  }
  CHECK(next_close(chain) == slot(99));
  // B is back: its day of readings clears the slots again, and it is waited for.
  std::vector<SignedReading> backlog;
  for (int k = 1; k <= 98; ++k) {
    backlog.push_back(reading("B", static_cast<std::uint64_t>(k) + 1, slot(k), -kwh));
  }
  chain.block(chain.now, backlog);
  CHECK(slot_due(chain.state, chain.parameters, chain.now));
  chain.settle_all(chain.now);
  for (int k = 1; k <= 98; ++k)
    CHECK(find_slot(chain.state, slot(k))->settled[0].bought.nano() == kwh);
  chain.block(slot(100), {reading("A", 100, slot(99), kwh)});
  CHECK(next_close(chain) == slot(99));
  chain.check_sound();
}

TEST_CASE("slots close in order, at most four in a block, and the rest stays due") {
  TestChain chain(start);
  chain.add_home("A");
  std::vector<SignedReading> all;
  for (int k = 0; k < 10; ++k) {
    all.push_back(reading("A", static_cast<std::uint64_t>(k) + 1, slot(k), kwh));
  }
  chain.block(slot(10), all);
  CHECK(next_close(chain) == slot(4));
  CHECK(slot_due(chain.state, chain.parameters, slot(10)));
  chain.block(slot(10), {});
  CHECK(next_close(chain) == slot(8));
  chain.block(slot(10), {});
  CHECK(next_close(chain) == slot(10));
  CHECK(!slot_due(chain.state, chain.parameters, slot(10)));
  std::int64_t last = 0;
  for (const Event& event : chain.events) {
    if (event.kind != Event::Kind::slot_closed) continue;
    CHECK(event.slot.value > last);
    last = event.slot.value;
  }
}

TEST_CASE("slots without meters and readings pass without records, however many") {
  TestChain chain(start);
  const UtcMillis year{start.value + 365 * millis_per_day};
  CHECK(!slot_due(chain.state, chain.parameters, year));
  chain.block(year, {});
  CHECK(chain.events.empty());
  CHECK(!next_slot_record(chain.state, {}));
  CHECK(next_close(chain).value >= year.value - slot_ms - chain.parameters.close_grace_ms);
  chain.add_home("A");
  const UtcMillis at = slot_start(year, slot_ms);
  chain.block({at.value + slot_ms}, {reading("A", 1, at, kwh)});
  CHECK(find_slot(chain.state, at).has_value());
  CHECK(next_close(chain).value == at.value + slot_ms);
  // A meter that falls silent for a month costs a day of empty slots, no more.
  chain.settle_all({at.value + 30 * millis_per_day});
  CHECK(chain.count(Event::Kind::slot_closed) <= 98);
  // An old reading after all that: the empty slot is settled then.
  const UtcMillis old{at.value + 29 * millis_per_day};
  CHECK(chain.submit(reading("A", 2, old, kwh)) == "accepted");
  chain.settle_all(chain.now);
  CHECK(find_slot(chain.state, old)->settled[0].imported.nano() == kwh);
  chain.check_sound();
}

TEST_CASE("a final slot leaves the state, and its history stays") {
  TestChain chain(start);
  chain.parameters.final_after_ms = millis_per_hour;
  chain.add_home("A");
  chain.add_home("B");
  std::size_t most = 0;
  for (int k = 0; k < 200; ++k) {
    const auto sequence = static_cast<std::uint64_t>(k) + 1;
    chain.block(slot(k + 1),
                {reading("A", sequence, slot(k), kwh), reading("B", sequence, slot(k), -kwh)});
    most = std::max(most, chain.state.rows.size());
  }
  CHECK(most < 40);
  CHECK(chain.count(Event::Kind::slot_final) == 196);
  CHECK(slot_progress(chain.state)->next_final == slot(196));
  CHECK(oldest_slot_not_final(chain.state) == slot(196));
  CHECK(!find_slot(chain.state, slot(195)));
  CHECK(next_slot_with_readings(chain.state, {}) == slot(196));
  CHECK(chain.history.of(history_table::slots).size() == 200);
  CHECK(chain.history.of(history_table::readings).size() == 400);
}

TEST_CASE("thousands of provisional slots do not make a block dear") {
  TestChain chain(start);
  chain.parameters.final_after_ms = 300 * millis_per_day;
  for (const char* id : {"A", "B", "C", "D"}) chain.add_home(id);
  std::size_t at_first = 0;
  for (int k = 0; k < 3000; ++k) {
    const auto sequence = static_cast<std::uint64_t>(k) + 1;
    chain.state.visited = 0;
    chain.block(slot(k + 1),
                {reading("A", sequence, slot(k), kwh), reading("B", sequence, slot(k), -kwh),
                 reading("C", sequence, slot(k), 0), reading("D", sequence, slot(k), 0)});
    if (k == 10) at_first = chain.state.visited;
  }
  CHECK(chain.state.visited <= at_first + 10);
  chain.state.visited = 0;
  chain.block(chain.now, {});
  CHECK(chain.state.visited < 20);
  chain.check_sound();
}
