// The gate of a slot: commitments, coins held for them, deviations and what they cost.
#include "ledger/forward.hpp"

#include <random>

#include "ledger/deviations.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/orders.hpp"
#include "ledger/statement.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr UtcMillis start{1'613'347'200'000};  // 2021-02-15T00:00:00Z
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr std::int64_t kwh = nano_per_unit;
constexpr std::int64_t gate_ms = 5 * millis_per_minute;

UtcMillis slot(std::int64_t k) {
  return {start.value + k * slot_ms};
}
Price price(std::int64_t milli_coins) {
  return Price::from_nano(milli_coins * 1'000'000);
}
std::int64_t tenths(std::int64_t count) {
  return count * kwh / 10;
}

PlaceOrder order(const std::string& who, OrderSide side, std::int64_t energy,
                 std::int64_t milli_coins, std::int64_t first = 2, std::uint16_t slots = 1) {
  return {resident(who),      side, slot(first), slots, Energy::from_nano(energy),
          price(milli_coins), {},   false};
}

/// A bids for 1 kWh of slot 2 at 0.15, B offers 1 kWh at 0.10: committed at 0.125. C has no order.
/// Tariff 0.1629, feed-in 0.05.
struct Promise {
  explicit Promise(std::uint32_t level = 4, std::int64_t coins = 1'000 * kwh)
      : chain(start, 50'000'000, level) {
    chain.parameters.plausibility = Plausibility::off;
    for (const auto* id : {"A", "B", "C"}) chain.add_home(id, coins);
    bid = chain.place(order("A", OrderSide::buy, kwh, 150), 1);
    offer = chain.place(order("B", OrderSide::sell, kwh, 100), 2);
  }
  void pass_gate() { chain.settle_all({slot(2).value - gate_ms}); }
  /// Slots 0 to 2 with what A, B and C import, and nothing before.
  void settle(std::int64_t a, std::int64_t b, std::int64_t c) {
    pass_gate();
    std::uint64_t sequence = 0;
    for (std::int64_t k = 0; k < 3; ++k) {
      ++sequence;
      const bool last = k == 2;
      chain.settle_all(slot(k + 1));
      chain.block(slot(k + 1), {reading("A", sequence, slot(k), last ? a : 0),
                                reading("B", sequence, slot(k), last ? b : 0),
                                reading("C", sequence, slot(k), last ? c : 0)});
    }
    chain.settle_all(slot(3));
    chain.check_sound();
  }
  Settled settled(const std::string& who, std::int64_t k = 2) const {
    const auto record = find_slot(chain.state, slot(k));
    REQUIRE(record);
    const auto at = position_of(record->terms, resident(who));
    REQUIRE(at);
    return record->settled[*at];
  }
  std::int64_t held(const std::string& who) const {
    return held_for(chain.state, resident(who), {}).nano();
  }
  std::int64_t margins() const {
    return balance(chain.state, system_account(AccountClass::deviation, asset_coins));
  }
  OrderOutcome outcome(const std::string& who, const Digest& id, std::int64_t k = 2) const {
    const auto key = Encoder().raw(history_key::participant(resident(who))).time(slot(k)).raw(id);
    const auto& rows = chain.history.tables.at(std::string(history_table::order_slots));
    const auto found = rows.find(key.data());
    REQUIRE(found != rows.end());
    const auto row = parse_order_slot_row(found->first, found->second);
    REQUIRE(row.ok());
    return row->outcome;
  }

  TestChain chain;
  Digest bid{};
  Digest offer{};
};

}  // namespace

TEST_CASE("at the gate orders are committed, and the buyer's coins held at its limit") {
  Promise promise;
  auto& chain = promise.chain;
  const UtcMillis gate{slot(2).value - gate_ms};
  chain.settle_all({gate.value - 1});
  CHECK_FALSE(find_forward(chain.state, slot(2)));
  CHECK(slot_due(chain.state, chain.parameters, gate));
  chain.settle_all(gate);
  const auto record = find_forward(chain.state, slot(2));
  REQUIRE(record);
  REQUIRE(record->commitments.size() == 1);
  const auto& trade = record->commitments[0].trade;
  CHECK(trade.buyer == resident("A"));
  CHECK(trade.energy.nano() == kwh);
  CHECK(trade.price == price(125));
  CHECK(record->commitments[0].bid == promise.bid);
  CHECK(record->commitments[0].offer == promise.offer);
  CHECK(record->margin_nano == nano_per_unit / 10);
  CHECK(promise.held("A") == 150'000'000);
  CHECK(chain.coins(resident("A")) == 1'000 * kwh - 150'000'000);
  CHECK(promise.held("B") == 0);
  CHECK(chain.coins(resident("B")) == 1'000 * kwh);
  chain.check_sound();
  const auto outcome = promise.outcome("A", promise.bid);
  CHECK(outcome.committed.nano() == kwh);
  CHECK(outcome.amount.nano() == 125'000'000);
  CHECK_FALSE(outcome.settled);
}

TEST_CASE("who keeps its promise pays what was agreed, and gets the rest of its coins back") {
  Promise promise;
  promise.settle(kwh, -kwh, 0);
  CHECK(promise.held("A") == 0);
  CHECK(promise.chain.coins(resident("A")) == 1'000 * kwh - 125'000'000);
  CHECK(promise.chain.coins(resident("B")) == 1'000 * kwh + 125'000'000);
  CHECK(promise.margins() == 0);
  const auto a = promise.settled("A");
  CHECK(a.forward.bought.nano() == kwh);
  CHECK(a.bought.nano() == kwh);
  CHECK(a.from_utility.is_zero());
  CHECK(promise.outcome("B", promise.offer).settled);
  CHECK(promise.outcome("B", promise.offer).deviation.is_zero());
}

TEST_CASE("a shortfall is bought from the utility, or in the spot market with the margin") {
  Promise alone;
  alone.settle(kwh, -tenths(4), 0);
  const auto b = alone.settled("B");
  CHECK(b.forward.short_utility.nano() == tenths(6));
  CHECK(b.forward.utility_charge.nano() == 97'740'000);  // 0.6 × 0.1629
  CHECK(b.forward.margin.is_zero());                     // no spot price to be better than
  CHECK(b.sold.nano() == kwh);
  CHECK(b.earned.nano() == 125'000'000);
  CHECK(alone.settled("A").from_utility.is_zero());
  CHECK(alone.outcome("B", alone.offer).deviation.nano() == tenths(6));
  CHECK(alone.outcome("B", alone.offer).deviation_cost.nano() == 97'740'000);

  Promise spot;
  SetCriteria cheap;
  cheap.participant = resident("C");
  cheap.sell_price = price(80);
  spot.chain.set_criteria(cheap);
  spot.settle(kwh, -tenths(4), -kwh);
  const auto short_of = spot.settled("B").forward;
  CHECK(short_of.short_local.nano() == tenths(6));
  // C's offer is marginal: the price is its limit, and B pays a tenth more.
  CHECK(short_of.paid.nano() == 48'000'000);
  CHECK(short_of.margin.nano() == 4'800'000);
  CHECK(spot.margins() == 4'800'000);
  CHECK(spot.settled("C").earned.nano() == 48'000'000);
  CHECK(spot.settled("C").to_utility.nano() == tenths(4));
}

TEST_CASE("an unused purchase is sold at feed-in, or in the spot market less the margin") {
  Promise alone;
  alone.settle(tenths(3), -kwh, 0);
  const auto a = alone.settled("A");
  CHECK(a.forward.unused_utility.nano() == tenths(7));
  CHECK(a.forward.utility_credit.nano() == 35'000'000);  // 0.7 × 0.05
  CHECK(a.paid.nano() == 125'000'000);
  CHECK(alone.outcome("A", alone.bid).deviation_cost.nano() == -35'000'000);

  Promise spot;
  spot.settle(tenths(3), -kwh, kwh);
  const auto unused = spot.settled("A").forward;
  CHECK(unused.unused_local.nano() == tenths(7));
  // C's bid is marginal: the price is the tariff, and A gets a tenth less.
  CHECK(unused.earned.nano() == 114'030'000);
  CHECK(unused.margin.nano() == 11'403'000);
  CHECK(spot.margins() == 11'403'000);
}

TEST_CASE("what is metered beyond a promise trades as ever, and so does the rest of an order") {
  Promise promise;
  promise.chain.place(order("C", OrderSide::buy, 2 * kwh, 120), 3);  // less than A bids
  SetCriteria cheap;
  cheap.participant = resident("B");
  cheap.sell_price = price(80);
  promise.chain.set_criteria(cheap);
  promise.settle(tenths(12), -tenths(25), kwh);
  const auto b = promise.settled("B");
  CHECK(b.forward.sold.nano() == kwh);
  CHECK(b.sold.nano() == tenths(22));  // 1 at the gate, 0.2 to A and 1 to C at close
  CHECK(b.to_utility.nano() == tenths(3));
  CHECK(promise.settled("C").bought.nano() == kwh);
  CHECK(promise.margins() == 0);
}

TEST_CASE("below feature level 4 an order promises nothing") {
  Promise promise(3);
  promise.settle(kwh, -tenths(4), 0);
  CHECK(promise.settled("A").forward.empty());
  CHECK(promise.settled("A").bought.nano() == tenths(4));
  promise.chain.state.scan({}, {}, [](ByteView key, ByteView) {
    CHECK(key[0] != static_cast<std::uint8_t>(StateTable::forward));
    CHECK(key[0] != static_cast<std::uint8_t>(StateTable::next_gate));
    return true;
  });
}

TEST_CASE("promises are backed: bids by coins, offers by what their shortfall would cost") {
  Promise poor(4, 75'000'000);  // 0.075 coins: half a kWh at A's limit, 0.4185… of B's shortfall
  poor.pass_gate();
  const auto record = find_forward(poor.chain.state, slot(2));
  REQUIRE(record);
  CHECK(record->commitments[0].trade.energy.nano() == 75'000'000 * kwh / 179'190'000);
  poor.chain.check_sound();
  Promise penniless(4, 0);
  penniless.pass_gate();
  CHECK_FALSE(find_forward(penniless.chain.state, slot(2)));
}

TEST_CASE("only meters that are trusted promise, and a quarantine in between is a deviation") {
  Promise before;
  const auto quarantine = [](Promise& promise, const std::string& meter) {
    Overlay changes(promise.chain.state);
    StandingRecord record;
    record.standing = MeterStanding::quarantined;
    put_standing(changes, meter_id(meter), record);
    for (auto& write : changes.take()) promise.chain.state.rows[write.key] = *write.value;
  };
  quarantine(before, "B");
  before.pass_gate();
  CHECK_FALSE(find_forward(before.chain.state, slot(2)));

  Promise after;
  after.pass_gate();
  quarantine(after, "B");
  after.settle(kwh, -kwh, 0);
  CHECK(after.settled("B").forward.short_utility.nano() == kwh);
  CHECK(after.settled("B").to_utility.nano() == kwh);  // what the meter says is the utility's
}

TEST_CASE("a slot with commitments is settled though nobody reports, and forgotten when final") {
  Promise promise;
  promise.pass_gate();
  auto& chain = promise.chain;
  chain.settle_all(slot(3));
  chain.settle_all({slot(3).value + 5 * millis_per_minute});
  CHECK(promise.settled("B").forward.short_utility.nano() == kwh);
  CHECK(promise.held("A") == 0);
  CHECK(find_forward(chain.state, slot(2)));
  chain.check_sound();
  chain.settle_all({slot(3).value + chain.parameters.final_after_ms});
  chain.settle_all({slot(4).value + chain.parameters.final_after_ms});
  CHECK_FALSE(find_forward(chain.state, slot(2)));
  CHECK_FALSE(find_slot(chain.state, slot(2)));
}

TEST_CASE("after an outage gates are cleared before their slots close, four in a block") {
  TestChain chain(start, 50'000'000, 4);
  for (const auto* id : {"A", "B"}) chain.add_home(id);
  chain.place(order("A", OrderSide::buy, kwh, 150, 1, 6), 1);
  chain.place(order("B", OrderSide::sell, kwh, 100, 1, 6), 2);
  const UtcMillis late = slot(12);
  chain.block(late, {});
  std::size_t gates = 0;
  for (std::int64_t k = 1; k < 7; ++k) gates += find_forward(chain.state, slot(k)).has_value();
  CHECK(gates == 4);
  chain.settle_all(late);
  for (std::int64_t k = 1; k < 7; ++k) CHECK(find_forward(chain.state, slot(k)));
  chain.check_sound();
}

TEST_CASE("the border that commitments use is not used twice") {
  Promise promise;
  SetNetwork network;
  network.zones.resize(2);
  network.zones[0].id = "island";
  network.zones[1].id = "street";
  network.zones[1].parent = 0;
  network.zones[1].max_export = Energy::from_nano(tenths(12));
  network.members = {{resident("A"), 0}, {resident("B"), 1}, {resident("C"), 0}};
  promise.chain.set_network(network);
  promise.settle(kwh, -tenths(20), kwh);
  CHECK(promise.settled("B").sold.nano() == tenths(12));  // 1 at the gate, 0.2 to C
  CHECK(promise.settled("C").bought.nano() == tenths(2));
}

namespace {

/// Six homes with orders and readings drawn from a seed.
struct Draw {
  explicit Draw(std::uint64_t seed) : random(seed) {
    static const char* const rules[] = {"pay_as_clear", "pay_as_bid", "mid_market",
                                        "thesis",       "optimal",    "french_dynamic"};
    rule = rules[seed % std::size(rules)];
    for (int h = 0; h < homes; ++h) {
      const auto name = "H" + std::to_string(h);
      for (int o = 0; o < 3; ++o) {
        const auto side = random() % 2 == 0 ? OrderSide::buy : OrderSide::sell;
        auto drawn = order(name, side, static_cast<std::int64_t>(1 + random() % (2 * kwh)),
                           static_cast<std::int64_t>(60 + random() % 100),
                           static_cast<std::int64_t>(1 + random() % 4),
                           static_cast<std::uint16_t>(1 + random() % slots));
        const auto partner = "H" + std::to_string(random() % homes);
        if (random() % 4 == 0 && partner != name) drawn.partners = {resident(partner)};
        orders.push_back(drawn);
      }
      for (int k = 0; k < slots; ++k) {
        const auto net = static_cast<std::int64_t>(random() % (2 * kwh)) - kwh;
        readings.push_back(reading(name, static_cast<std::uint64_t>(k) + 1, slot(k), net));
      }
    }
  }
  static constexpr int homes = 6;
  static constexpr int slots = 8;
  std::mt19937_64 random;
  std::string rule;
  std::vector<PlaceOrder> orders;
  std::vector<SignedReading> readings;
};

/// Deviating is never better than trading in the spot market of the slot.
void check_margins(const TestChain& chain, std::int64_t k) {
  const auto record = find_slot(chain.state, slot(k));
  if (!record) return;
  TradeFilter filter;
  filter.from = slot(k);
  filter.to = slot(k + 1);
  filter.limit = 10'000;
  const auto trades = query_trades(chain.state, chain.history, filter);
  REQUIRE(trades.ok());
  const auto& tables = chain.history.tables;
  const auto key = Encoder().time(slot(k)).data();
  const auto row = parse_slot_row(key, tables.at("slots").at(key));
  REQUIRE(row.ok());
  SlotResult result;
  result.clearing_price = row->clearing_price;
  for (const auto& view : *trades) result.trades.push_back(view.row.trade);
  const auto spot = spot_price(result);
  std::int64_t margins = 0;
  for (const auto& trade : result.trades) {
    margins += trade.buyer_margin.nano() + trade.seller_margin.nano();
    if (!spot) continue;
    __extension__ using Wide = __int128;
    const Wide unit = Wide{nano_per_unit} * nano_per_unit;
    const Wide at_spot = Wide{spot->nano()} * trade.energy.nano();
    if (trade.covers_short) {
      const Wide paid = Wide{trade.amount.nano()} + trade.buyer_margin.nano();
      CHECK(paid * unit >= at_spot * (nano_per_unit + nano_per_unit / 10));
    }
    if (trade.sells_unused) {
      const Wide got = Wide{trade.amount.nano()} - trade.seller_margin.nano();
      CHECK(got * unit <= at_spot * (nano_per_unit - nano_per_unit / 10));
    }
  }
  std::int64_t settled = 0;
  for (const auto& each : record->settled) settled += each.forward.margin.nano();
  CHECK(margins == settled);
}

using Tables = std::map<std::string, Rows>;

/// The readings in batches, out of order; what is left in wallets and in history.
std::pair<std::map<std::string, std::int64_t>, Tables> run(Draw draw, bool shuffled,
                                                           std::uint64_t seed) {
  std::mt19937_64 random(seed);
  TestChain chain(start, 50'000'000, 4);
  chain.parameters.clearing_rule = draw.rule;
  chain.parameters.plausibility = Plausibility::off;
  for (int h = 0; h < Draw::homes; ++h) chain.add_home("H" + std::to_string(h), 100 * kwh);
  std::uint8_t number = 0;
  for (const auto& each : draw.orders) chain.place(each, ++number);
  for (int k = 1; k < 12; ++k) chain.settle_all({slot(k).value - gate_ms});
  chain.check_sound();
  if (shuffled) std::shuffle(draw.readings.begin(), draw.readings.end(), random);
  UtcMillis at = slot(12);
  for (std::size_t i = 0; i < draw.readings.size();) {
    const std::size_t count = shuffled ? 1 + random() % 12 : draw.readings.size();
    std::vector<SignedReading> part;
    for (; i < draw.readings.size() && part.size() < count; ++i) part.push_back(draw.readings[i]);
    for (const auto& result : chain.block(at, part)) REQUIRE(result == ReadingResult{});
    at.value += shuffled ? static_cast<std::int64_t>(random() % 400'000) : 0;
  }
  chain.settle_all(slot(200));
  chain.check_sound();
  for (int k = 0; k < 12; ++k) check_margins(chain, k);
  std::map<std::string, std::int64_t> balances;
  for_each_account(chain.state, [&](const AccountId& account, std::int64_t nano) {
    if (nano != 0) balances[to_text(account)] = nano;
    return true;
  });
  return {balances, chain.history.tables};
}

}  // namespace

TEST_CASE("commitments, deviations and bills are the same in whatever order readings come") {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    const Draw draw(seed);
    CAPTURE(draw.rule);
    const auto reference = run(draw, false, seed);
    const auto other = run(draw, true, seed + 100);
    CHECK(other.first == reference.first);
    for (const char* table : {"slots", "trades", "participant_slots", "order_slots"}) {
      CAPTURE(table);
      REQUIRE(reference.second.count(table) == 1);
      CHECK(other.second.at(table) == reference.second.at(table));
    }
  }
}

TEST_CASE("the margin is what governance says, as it was at the gate") {
  Promise promise;
  promise.chain.parameters.deviation_margin_nano = nano_per_unit / 4;
  promise.pass_gate();
  promise.chain.parameters.deviation_margin_nano = 0;
  promise.settle(tenths(3), -kwh, kwh);
  CHECK(promise.settled("A").forward.margin.nano() == 28'507'500);  // a quarter of 0.11403
}

TEST_CASE("rows of commitments and deviations are read back as written") {
  SettledTrade trade{resident("A"), resident("B"), Energy::from_nano(1), price(1), {}};
  trade.forward = trade.covers_short = trade.sells_unused = true;
  trade.buyer_margin = Coins::from_nano(5);
  trade.seller_margin = Coins::from_nano(6);
  const TradeRow row{slot(0), 3, trade};
  const auto written = trade_row(row);
  const auto read = parse_trade_row(written.key, *written.value);
  REQUIRE(read.ok());
  CHECK(*read == row);
  ParticipantSlotRow own{resident("A"), slot(0), {}, {}, {row}};
  own.settled.forward = {Energy::from_nano(1), Energy::from_nano(2), Energy::from_nano(3),
                         Energy::from_nano(4), Energy::from_nano(5), Energy::from_nano(6),
                         Coins::from_nano(7),  Coins::from_nano(8),  Coins::from_nano(9),
                         Coins::from_nano(10), Coins::from_nano(11)};
  const auto own_row = participant_slot_row(own);
  const auto own_read = parse_participant_slot_row(own_row.key, *own_row.value);
  REQUIRE(own_read.ok());
  CHECK(*own_read == own);
}
