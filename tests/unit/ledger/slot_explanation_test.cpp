#include "ledger/slot_explanation.hpp"

#include <doctest/doctest.h>

#include "tests/unit/ledger/market_harness.hpp"

namespace powershare::ledger {
namespace {

constexpr std::int64_t kwh = nano_per_unit;

BookOrder order(const char* id, OrderSide side, std::int64_t limit, std::int64_t energy,
                std::int64_t matched) {
  BookOrder result;
  result.participant = {ParticipantType::resident, ParticipantId::parse(id).value()};
  result.side = side;
  result.limit = Price::from_nano(limit);
  result.energy = Energy::from_nano(energy);
  result.matched = Energy::from_nano(matched);
  return result;
}
ParticipantRef who(const char* id) {
  return {ParticipantType::resident, ParticipantId::parse(id).value()};
}

/// Buyers A to F at 30 to 25, two of them without energy; one seller Z with 35 at 10.
SlotBookRow book() {
  SlotBookRow row{{900'000}, {}};
  row.orders = {order("A", OrderSide::buy, 30, 10, 10), order("B", OrderSide::buy, 29, 10, 10),
                order("C", OrderSide::buy, 28, 10, 10), order("D", OrderSide::buy, 27, 10, 5),
                order("E", OrderSide::buy, 26, 10, 0),  order("F", OrderSide::buy, 25, 10, 0),
                order("G", OrderSide::buy, 24, 10, 0),  order("Z", OrderSide::sell, 10, 35, 35)};
  return row;
}

}  // namespace

TEST_CASE("a slot's book is kept as it was") {
  auto row = book();
  row.orders[0].ordered = true;
  row.orders[1].restricted = true;
  const auto kept = slot_book_row(row);
  const auto read = parse_slot_book_row(kept.key, *kept.value);
  REQUIRE(read);
  CHECK(*read == row);
  auto cut = *kept.value;
  cut.pop_back();
  CHECK(!parse_slot_book_row(kept.key, cut));
  cut = *kept.value;
  cut.push_back(0);
  CHECK(!parse_slot_book_row(kept.key, cut));
}

TEST_CASE("an explanation has the interval of prices and why an order was matched no further") {
  const auto d = explain(book(), who("D"));
  REQUIRE(d);
  CHECK(d->wanted.nano() == 70);
  CHECK(d->offered.nano() == 35);
  CHECK(d->matched.nano() == 35);
  CHECK(d->buyers == 7);
  REQUIRE(d->interval);
  CHECK(d->interval->first.nano() == 27);   // D wants more at it
  CHECK(d->interval->second.nano() == 27);  // and is served at it
  REQUIRE(d->own.size() == 1);
  CHECK(d->own[0].outcome == MatchOutcome::at_the_margin);
  CHECK(explain(book(), who("A"))->own[0].outcome == MatchOutcome::all);
  CHECK(explain(book(), who("F"))->own[0].outcome == MatchOutcome::limit_not_reached);
  CHECK(explain(book(), who("nobody"))->own.empty());
  auto alone = book();
  alone.orders.pop_back();
  for (auto& each : alone.orders) each.matched = {};
  CHECK(explain(alone, who("A"))->own[0].outcome == MatchOutcome::nobody_opposite);
  CHECK(!explain(alone, who("A"))->interval);
  auto passed_over = book();
  passed_over.orders[0].matched = {};
  CHECK(explain(passed_over, who("A"))->own[0].outcome == MatchOutcome::restricted);
}

TEST_CASE("welfare is what the trades were worth, and what they could have been") {
  auto row = book();
  row.orders[7].energy = Energy::from_nano(35'000'000'000);
  row.orders[7].matched = row.orders[7].energy;
  for (std::size_t i = 0; i < 7; ++i) {
    row.orders[i].energy = Energy::from_nano(row.orders[i].energy.nano() * nano_per_unit);
    row.orders[i].matched = Energy::from_nano(row.orders[i].matched.nano() * nano_per_unit);
  }
  const auto best = welfare(row);
  REQUIRE(best);
  CHECK(best->reached.nano() == 10 * (30 + 29 + 28) + 5 * 27 - 35 * 10);
  CHECK(best->possible == best->reached);
  std::swap(row.orders[0].matched,
            row.orders[6].matched);  // the lowest limit instead of the highest
  const auto worse = welfare(row);
  CHECK(worse->reached.nano() == best->reached.nano() - 10 * 6);
  CHECK(worse->possible == best->possible);
  CHECK(welfare({})->possible.is_zero());
}

TEST_CASE("energies of few others are not told, in no group, since their sum is public") {
  const auto d = explain(book(), who("D"))->own[0];  // three better, three worse
  CHECK(d.better.participants == 3);
  CHECK(d.better.energy == Energy::from_nano(30));
  CHECK(d.better.matched == Energy::from_nano(30));
  CHECK(d.equal.participants == 0);
  CHECK(d.worse.matched == Energy::from_nano(0));
  const auto c = explain(book(), who("C"))->own[0];  // two better
  CHECK(c.better.participants == 2);
  CHECK(!c.better.energy);
  CHECK(!c.worse.energy);
  CHECK(!c.worse.matched);
}

TEST_CASE("a settled slot keeps the book that it was cleared from") {
  test::TestChain chain({1'571'616'000'000});
  for (const char* id : {"A", "B"}) chain.add_home(id);
  const UtcMillis start = chain.now;
  chain.block({start.value + 900'000},
              {test::reading("A", 1, start, 2 * kwh), test::reading("B", 1, start, -kwh)});
  const auto kept = find_slot_book(chain.history, start);
  REQUIRE(kept);
  REQUIRE(*kept);
  CHECK((*kept)->orders.size() == 2);
  std::int64_t matched = 0;
  for (const auto& each : (*kept)->orders) matched += each.matched.nano();
  CHECK(matched == 2 * kwh);
  CHECK(!*find_slot_book(chain.history, {start.value + 900'000}));
}

}  // namespace powershare::ledger
