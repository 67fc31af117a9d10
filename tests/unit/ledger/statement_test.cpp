// Statements and queries against a small chain worked out by hand, and rows of history byte for
// byte.
#include "ledger/statement.hpp"

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

/// Tariff 0.1629, feed-in 0.06. Slot 0: A draws 3, B feeds 2 (of 5 made), C feeds 2: 3 traded, 1 to
/// the utility. Slot 1: A draws 1 and B draws 1, nobody feeds. Sellers ask 0.10: the price of slot
/// 0, where they are the longer side.
struct SmallChain : TestChain {
  SmallChain() : TestChain(start, 60'000'000) {
    now = {start.value - slot_ms};
    for (const char* id : {"A", "B", "C"}) add_home(id);
    for (const char* id : {"B", "C"}) {
      SetCriteria criteria;
      criteria.participant = resident(id);
      criteria.sell_price = Price::from_nano(100'000'000);
      set_criteria(criteria);
    }
    auto b = reading("B", 1, start, -2 * kwh);
    b.reading.produced = Energy::from_nano(5 * kwh);
    auto c = reading("C", 1, start, -2 * kwh);
    c.reading.produced = Energy::from_nano(2 * kwh);
    block(slot(1), {reading("A", 1, start, 3 * kwh), b, c});
    block(slot(2), {reading("A", 2, slot(1), kwh), reading("B", 2, slot(1), kwh),
                    reading("C", 2, slot(1), 0)});
  }
};

}  // namespace

TEST_CASE("a bill has each line, its mean price, cost, savings and shares") {
  const SmallChain chain;
  const auto statement = query_bills(chain.history, start, slot(2));
  REQUIRE(statement);
  REQUIRE(statement->bills.size() == 3);
  const BillTotals& a = statement->bills[0].totals;
  CHECK(statement->bills[0].participant == resident("A"));
  CHECK(a.imported.nano() == 4 * kwh);
  CHECK(a.bought.energy.nano() == 3 * kwh);
  CHECK(a.bought.amount.nano() == 300'000'000);
  CHECK(a.bought.mean_price() == Price::from_nano(100'000'000));
  CHECK(!a.sold.mean_price());
  CHECK(a.from_utility.amount.nano() == 162'900'000);
  CHECK(a.cost.nano() == 462'900'000);
  CHECK(a.cost_without_market.nano() == 4 * 162'900'000);
  CHECK(a.savings().nano() == 188'700'000);
  CHECK(a.self_sufficiency().nano() == 750'000'000);
  CHECK(!a.self_consumption().nano());
  CHECK(a.slots == 2);

  const BillTotals& b = statement->bills[1].totals;
  CHECK(b.sold.energy.nano() == 1'500'000'000);  // 3 of 4 pro rata
  CHECK(b.to_utility.energy.nano() == 500'000'000);
  CHECK(b.to_utility.amount.nano() == 30'000'000);
  CHECK(b.cost.nano() == 162'900'000 - 150'000'000 - 30'000'000);
  CHECK(b.cost_without_market.nano() == 162'900'000 - 120'000'000);
  CHECK(b.consumption().nano() == 4 * kwh);           // 5 made - 2 fed in + 1 drawn
  CHECK(b.self_consumption().nano() == 900'000'000);  // (3 at home + 1.5 sold) / 5
  CHECK(b.self_sufficiency().nano() == 750'000'000);

  const Community& community = statement->community;
  CHECK(community.slots == 2);
  CHECK(community.trades == 2);
  CHECK(community.traded.nano() == 3 * kwh);
  CHECK(community.totals.bought.amount == community.totals.sold.amount);
  CHECK(community.totals.cost.nano() == 2 * 162'900'000 - 60'000'000);
  CHECK(community.totals.slots == 6);
  // Totals equal what the ledger moved.
  for (const Bill& bill : statement->bills) {
    CHECK(chain.coins(bill.participant) == 1'000 * kwh - bill.totals.cost.nano());
  }
  CHECK(chain.coins(utility()) == community.totals.cost.nano());

  const auto first = query_bills(chain.history, start, slot(1), resident("B"));
  REQUIRE(first);
  REQUIRE(first->bills.size() == 1);
  CHECK(first->bills[0].totals.from_utility.energy.is_zero());
  CHECK(query_bills(chain.history, slot(2), slot(9))->bills.empty());
}

TEST_CASE("trades by slot, by participant, by venue, and page by page") {
  const SmallChain chain;
  TradeFilter filter;
  filter.from = {0};
  filter.to = slot(99);
  const auto all = query_trades(chain.state, chain.history, filter);
  REQUIRE(all);
  // Slot 0: A buys from B and C, B and C sell the rest; slot 1: A and B buy.
  REQUIRE(all->size() == 6);
  CHECK(all->front().id == std::to_string(start.value) + "-0");
  CHECK(all->front().state == SlotState::provisional);
  filter.venue = Venue::local;
  CHECK(query_trades(chain.state, chain.history, filter)->size() == 2);
  filter.venue = {};
  filter.participant = resident("B");
  const auto own = query_trades(chain.state, chain.history, filter);
  REQUIRE(own->size() == 3);
  CHECK((*own)[0].row.trade.seller == resident("B"));
  CHECK((*own)[1].row.trade.buyer == utility());
  CHECK((*own)[2].row.trade.seller == utility());
  for (const bool filtered : {false, true}) {
    filter.participant = filtered ? std::optional(resident("B")) : std::nullopt;
    filter.limit = 1;
    std::optional<std::string> after;
    std::size_t count = 0;
    while (true) {
      const auto page = query_trades(chain.state, chain.history, filter, after);
      REQUIRE(page);
      if (page->empty()) break;
      REQUIRE(page->size() == 1);
      CHECK(page->front().id != after);
      after = page->front().id;
      ++count;
    }
    CHECK(count == (filtered ? 3 : 6));
  }
  filter.limit = 100;
  filter.participant = {};
  filter.from = slot(1);
  CHECK(query_trades(chain.state, chain.history, filter)->size() == 2);
  filter.to = slot(1);
  CHECK(query_trades(chain.state, chain.history, filter)->empty());
  for (const char* bad : {"", "x", "1", "1-", "-1-2", "1-2x", "99999999999999999999-1"}) {
    CHECK(!query_trades(chain.state, chain.history, filter, bad));
  }
}

TEST_CASE("slots, readings, meters and accounts as they are asked for") {
  SmallChain chain;
  chain.block(slot(3), {reading("A", 3, slot(2), kwh)});
  auto view = query_slot(chain.state, chain.history, start);
  REQUIRE(view);
  CHECK(view->state == SlotState::provisional);
  CHECK(view->row.clearing_price == Price::from_nano(100'000'000));
  CHECK(view->row.traded.nano() == 3 * kwh);
  CHECK(view->row.to_utility.nano() == kwh);
  CHECK(view->row.pairs == 2);
  view = query_slot(chain.state, chain.history, slot(2));
  REQUIRE(view);
  CHECK(view->state == SlotState::metering);
  CHECK(view->row.imported.nano() == kwh);
  CHECK(view->row.missing_meters == 2);
  CHECK(query_slot(chain.state, chain.history, slot(3))->state == SlotState::open);
  CHECK(!query_slot(chain.state, chain.history, {start.value + 1}));
  CHECK(!query_slot(chain.state, chain.history, slot(-1)));

  const auto newest = query_slots(chain.state, chain.history, start, slot(99), 1);
  REQUIRE(newest);
  REQUIRE(newest->size() == 1);
  CHECK(newest->front().row.start == slot(1));
  CHECK(query_slots(chain.state, chain.history, start, slot(1), 9)->size() == 1);

  CHECK(query_readings(chain.history, meter_id("A"), slot(1), slot(3), 10)->size() == 2);
  CHECK(query_readings(chain.history, meter_id("A"), start, slot(3), 1)->size() == 1);
  const auto meters = query_meters(chain.state, 0, 10);
  REQUIRE(meters.size() == 3);
  CHECK(meters[0].in_ledger_through == 3);
  CHECK(query_meters(chain.state, 2, 10).size() == 1);
  CHECK(query_participants(chain.state, 0, 2).size() == 2);
  const auto accounts = query_accounts(chain.state, resident("A"), 0, 10);
  REQUIRE(!accounts.empty());
  CHECK(accounts[0].balance_nano == chain.coins(resident("A")));
}

TEST_CASE("rows of history are read back as written, and broken ones are refused") {
  SmallChain chain;
  const auto check = [&](std::string_view table, auto parse, auto write) {
    REQUIRE(!chain.history.of(table).empty());
    for (const auto& [key, value] : chain.history.of(table)) {
      const auto row = parse(key, value);
      REQUIRE(row);
      const HistoryRow again = write(*row);
      CHECK(again.table == table);
      CHECK(again.key == key);
      CHECK(again.value == value);
      for (std::size_t length = 0; length < value.size(); ++length) {
        CHECK(!parse(key, ByteView(value).first(length)));
      }
      CHECK(!parse(ByteView(key).first(key.size() - 1), value));
    }
  };
  check(history_table::slots, parse_slot_row, slot_row);
  check(history_table::trades, parse_trade_row, trade_row);
  check(history_table::participant_slots, parse_participant_slot_row, participant_slot_row);
  check(history_table::readings, parse_reading_row, reading_row);
  const LateRow late{resident("A"),        start,    meter_id("M"),       start,  slot(3),
                     Energy::from_nano(1), Energy(), Coins::from_nano(2), Coins()};
  const HistoryRow row = late_row(late);
  CHECK(*parse_late_row(row.key, *row.value) == late);
}

TEST_CASE("sums of a statement that leave their range are an error") {
  StatementBuilder builder(start, slot(1));
  ParticipantSlotRow row;
  row.participant = resident("A");
  row.settled.imported = Energy::from_nano(INT64_MAX);
  CHECK(builder.add(row).ok());
  const auto again = builder.add(row);
  REQUIRE(!again);
  CHECK(again.error().code() == LedgerError::overflow);
}
