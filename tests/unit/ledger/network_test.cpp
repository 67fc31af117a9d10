// Fees, losses and limits of the grid in settlement: to the nano-coin, whatever comes late.
#include "ledger/network.hpp"

#include <cstdlib>
#include <random>

#include "ledger/statement.hpp"
#include "market/clearing.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr UtcMillis start{1'613'343'600'000};  // a Sunday, 23:00 UTC
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr std::int64_t kwh = nano_per_unit;

UtcMillis slot(std::int64_t k) {
  return {start.value + k * slot_ms};
}
std::int64_t nano(const char* text) {
  return *parse_nano_exact(text);
}
Price price(const char* text) {
  return Price::from_nano(nano(text));
}

/// island ⊃ feeder ⊃ phases A and B; H01 in A, the other homes in B.
SetNetwork two_phases() {
  SetNetwork network;
  network.zones = {{"island", {}, {{price("0.01"), 0, {}}}, 0, {}, {}},
                   {"feeder", 0, {{price("0.02"), 0, {}}}, 0, {}, {}},
                   {"A", 1, {}, 0, {}, {}},
                   {"B", 1, {}, 0, {}, {}}};
  network.members = {{resident("H01"), 2}, {resident("H02"), 3}, {resident("H03"), 3}};
  network.losses = {{2, 3, nano("0.05")}, {3, 2, 0}};
  return network;
}

SetCriteria sells_from(const std::string& home, const char* sell_price) {
  SetCriteria criteria;
  criteria.participant = resident(home);
  criteria.sell_price = price(sell_price);
  return criteria;
}

/// H01 sells from 0.10, H02 buys at the tariff of 0.1629; both have 1,000 coins.
TestChain two_homes() {
  TestChain chain(start);
  chain.add_home("H01");
  chain.add_home("H02");
  chain.set_criteria(sells_from("H01", "0.1"));
  return chain;
}

/// In slot `k` H01 feeds in what H02 draws.
void flow(TestChain& chain, std::int64_t k, std::int64_t energy_nano) {
  chain.block({slot(k).value + slot_ms},
              {reading("H01", static_cast<std::uint64_t>(k + 1), slot(k), -energy_nano),
               reading("H02", static_cast<std::uint64_t>(k + 1), slot(k), energy_nano)});
}

std::int64_t system_balance(const TestChain& chain, AccountClass account, std::string_view asset) {
  return balance(chain.state, system_account(account, asset));
}

SettledTrade neighbours_trade(const TestChain& chain, std::int64_t k) {
  const auto& rows = chain.history.tables.at(std::string(history_table::trades));
  const auto key = Encoder().time(slot(k)).u32(0).data();
  const auto row = parse_trade_row(key, rows.at(key));
  REQUIRE(row.ok());
  return row->trade;
}

Settled settled(const TestChain& chain, std::int64_t k, const std::string& home) {
  const auto record = find_slot(chain.state, slot(k));
  REQUIRE(record);
  for (std::size_t i = 0; i < record->terms.size(); ++i) {
    if (record->terms[i].participant == resident(home)) return record->settled[i];
  }
  FAIL("no such home in the slot");
  return {};
}

}  // namespace

TEST_CASE("a trade pays its levels' fees once and the energy lost on its way, to the nano-coin") {
  TestChain chain = two_homes();
  chain.set_network(two_phases());
  flow(chain, 1, kwh);
  // The path is A, feeder, B: 0.02. What is lost costs 5 % of the tariff: 0.008145. Prices from 0.1
  // to 0.1629 - 0.028145 = 0.134755 support the trade; the middle is 0.1173775.
  const SettledTrade trade = neighbours_trade(chain, 1);
  CHECK(trade.venue == Venue::local);
  CHECK(trade.price == price("0.1173775"));
  CHECK(trade.amount.nano() == nano("0.1173775"));
  CHECK(trade.fees == std::vector<LevelFee>{{"feeder", Coins::from_nano(nano("0.02"))}});
  CHECK(trade.losses.nano() == nano("0.008145"));
  CHECK(trade.lost.nano() == nano("0.05"));
  CHECK(chain.coins(resident("H01")) == 1'000 * kwh + nano("0.1173775"));
  CHECK(chain.coins(resident("H02")) == 1'000 * kwh - nano("0.1455225"));
  CHECK(chain.coins(utility()) == nano("0.008145"));
  CHECK(system_balance(chain, AccountClass::network_fees, asset_coins) == nano("0.02"));
  // Sold = bought: the lost energy is the utility's, and nobody's import.
  CHECK(settled(chain, 1, "H02").bought.nano() == kwh);
  CHECK(settled(chain, 1, "H02").from_utility.is_zero());
  CHECK(system_balance(chain, AccountClass::losses, asset_energy) == nano("0.05"));
  CHECK(system_balance(chain, AccountClass::grid_injection, asset_energy) == -nano("1.05"));
  CHECK(system_balance(chain, AccountClass::grid_consumption, asset_energy) == kwh);
  chain.check_sound();
}

TEST_CASE("the way back may lose nothing, and without a network there is neither fee nor loss") {
  TestChain chain = two_homes();
  flow(chain, 1, kwh);
  CHECK(neighbours_trade(chain, 1).price == price("0.13145"));
  CHECK_FALSE(settled(chain, 1, "H02").over_network());
  chain.set_network(two_phases());
  chain.set_criteria(sells_from("H02", "0.1"));
  chain.block({slot(3).value}, {});
  chain.block({slot(3).value + slot_ms},
              {reading("H01", 9, slot(3), kwh), reading("H02", 9, slot(3), -kwh)});
  CHECK(neighbours_trade(chain, 3).losses.is_zero());
  CHECK(neighbours_trade(chain, 3).lost.is_zero());
  CHECK(neighbours_trade(chain, 3).total_fees().nano() == nano("0.02"));
  chain.check_sound();
}

TEST_CASE("where fees leave no room between the limits nobody trades") {
  TestChain chain = two_homes();
  SetNetwork dear = two_phases();
  dear.zones[1].fees = {{price("0.07"), 0, {}}};
  chain.set_network(dear);
  flow(chain, 1, kwh);
  CHECK(settled(chain, 1, "H02").bought.is_zero());
  CHECK(settled(chain, 1, "H02").utility_charge.nano() == nano("0.1629"));
  CHECK(system_balance(chain, AccountClass::network_fees, asset_coins) == 0);
}

TEST_CASE("fees are constant, a share of the tariff, and by time of use") {
  SetNetwork network = two_phases();
  // Sundays from 23:30 on, over midnight to 00:15; on top 5 % of the tariff, always.
  network.zones[1].fees = {{price("0.004"), 0, {{1 << 6, 23 * 60 + 30, 15}}},
                           {Price{}, 50'000, {}}};
  const Supply supply{utility().id, price("0.1629"), Price{}};
  const std::vector<Terms> terms(1, Terms{resident("H02"), true, true, {}, {}, {}});
  const auto fee = [&](int weekday, int minute) {
    const auto at = static_cast<std::uint16_t>(weekday * minutes_per_day + minute);
    return market_network(network, at, supply, terms).zones[1].fee.nano();
  };
  constexpr std::int64_t share = 8'145'000;
  CHECK(fee(6, 23 * 60 + 15) == share);
  CHECK(fee(6, 23 * 60 + 30) == share + 4'000'000);
  CHECK(fee(0, 0) == share + 4'000'000);
  CHECK(fee(0, 15) == share);
  CHECK(fee(5, 23 * 60 + 30) == share);
  // Without a supplier there is no tariff that a fee could be a share of, and losses cost nothing.
  const auto alone = market_network(network, 0, {}, terms);
  CHECK(alone.zones[1].fee.nano() == 4'000'000);
  CHECK(alone.loss_price.is_zero());
  CHECK(alone.zone_of == std::vector<market::ZoneIndex>{3});

  TestChain chain = two_homes();
  chain.set_network(network);
  for (const std::int64_t k : {1, 2, 3, 4, 5}) flow(chain, k, kwh);  // 23:15 … 00:15
  const std::int64_t expected[] = {0, 0, 4'000'000, 4'000'000, 4'000'000, 0};
  for (const std::int64_t k : {1, 2, 3, 4, 5}) {
    CHECK(neighbours_trade(chain, k).total_fees().nano() == share + expected[k]);
  }
}

TEST_CASE(
    "late readings are settled by the fees of the first time, whatever governance did since") {
  TestChain chain = two_homes();
  chain.add_home("H03");
  chain.set_network(two_phases());
  flow(chain, 1, kwh);
  chain.settle_all({slot(2).value + chain.parameters.close_grace_ms});
  SetNetwork other = two_phases();
  other.zones[1].fees = {{price("0.03"), 0, {}}};
  other.losses.clear();
  chain.set_network(other);
  REQUIRE(chain.submit(reading("H03", 1, slot(1), kwh)) == "accepted");
  chain.settle_all(chain.now);
  CHECK(settled(chain, 1, "H02").fees.nano() + settled(chain, 1, "H03").fees.nano() ==
        nano("0.02"));
  CHECK(settled(chain, 1, "H02").lost.nano() + settled(chain, 1, "H03").lost.nano() ==
        nano("0.05"));
  CHECK(system_balance(chain, AccountClass::network_fees, asset_coins) == nano("0.02"));
  CHECK(system_balance(chain, AccountClass::losses, asset_energy) == nano("0.05"));
  flow(chain, 3, kwh);
  chain.settle_all({slot(4).value + chain.parameters.close_grace_ms});
  CHECK(neighbours_trade(chain, 3).total_fees().nano() == nano("0.03"));
  CHECK(neighbours_trade(chain, 3).lost.is_zero());
  chain.check_sound();
  // Versions that a slot refers to stay; when all are final only the newest does.
  CHECK(find_network(chain.state, 1));
  chain.settle_all({slot(4).value + chain.parameters.final_after_ms + 2 * millis_per_day});
  for (int i = 0; i < 20; ++i) chain.block(chain.now, {});
  REQUIRE_FALSE(next_slot_record(chain.state, start));
  chain.set_network(other);
  CHECK_FALSE(find_network(chain.state, 1));
  CHECK_FALSE(find_network(chain.state, 2));
  CHECK(find_network(chain.state, 3));
}

TEST_CASE("an empty network takes fees and losses away again") {
  TestChain chain = two_homes();
  chain.set_network(two_phases());
  chain.set_network({});
  flow(chain, 1, kwh);
  CHECK(neighbours_trade(chain, 1).total_fees().is_zero());
  CHECK(find_slot(chain.state, slot(1))->network == NetworkStand{});
}

TEST_CASE("nothing goes over a border beyond its limit") {
  TestChain chain = two_homes();
  SetNetwork network = two_phases();
  network.zones[2].max_export = Energy::from_nano(nano("0.25"));
  chain.set_network(network);
  flow(chain, 1, kwh);
  CHECK(settled(chain, 1, "H02").bought.nano() == nano("0.25"));
  CHECK(settled(chain, 1, "H01").to_utility.nano() == nano("0.75"));
  chain.check_sound();
}

TEST_CASE("statements show fees by level and losses, and their sum is what the ledger moved") {
  TestChain chain = two_homes();
  chain.set_network(two_phases());
  for (const std::int64_t k : {1, 2}) flow(chain, k, kwh);
  StatementBuilder builder(slot(0), slot(9));
  for (const auto& [key, value] :
       chain.history.tables.at(std::string(history_table::participant_slots))) {
    const auto row = parse_participant_slot_row(key, value);
    REQUIRE(row.ok());
    CHECK(participant_slot_row(*row).value == value);
    REQUIRE(builder.add(*row).ok());
  }
  const auto statement = builder.finish();
  REQUIRE(statement.ok());
  REQUIRE(statement->bills.size() == 2);
  const BillTotals& buyer = statement->bills[1].totals;
  CHECK(buyer.fees.nano() == nano("0.04"));
  CHECK(buyer.level_fees ==
        std::map<std::string, Coins>{{"feeder", Coins::from_nano(nano("0.04"))}});
  CHECK(buyer.losses.nano() == nano("0.01629"));
  CHECK(buyer.lost.nano() == nano("0.1"));
  CHECK(buyer.cost.nano() == 1'000 * kwh - chain.coins(resident("H02")));
  CHECK(buyer.savings().nano() == 2 * nano("0.1629") - buyer.cost.nano());
  CHECK(statement->bills[0].totals.fees.is_zero());
  CHECK(statement->community.totals.fees == buyer.fees);
}

TEST_CASE("a network that contradicts itself is malformed") {
  const auto fault = [](const std::function<void(SetNetwork&)>& spoil) {
    SetNetwork network = two_phases();
    spoil(network);
    const auto valid = check_network(network);
    return valid ? std::string() : valid.error().detail();
  };
  CHECK(fault([](SetNetwork&) {}).empty());
  CHECK(check_network({}).ok());
  CHECK(fault([](SetNetwork& n) { n.zones[2].parent = 2; }) ==
        "a zone's parent stands before it, and only the first has none");
  CHECK(fault([](SetNetwork& n) { n.zones[2].parent.reset(); }) ==
        "a zone's parent stands before it, and only the first has none");
  CHECK(fault([](SetNetwork& n) { n.zones[0].parent = 0; }) ==
        "a zone's parent stands before it, and only the first has none");
  CHECK(fault([](SetNetwork& n) { n.zones[2].id = "B"; }) == "a zone is named twice");
  CHECK(fault([](SetNetwork& n) { n.zones[2].id.clear(); }) == "a zone has an id of 1 to 64 bytes");
  CHECK(fault([](SetNetwork& n) { n.zones[2].loss_nano = -1; }) ==
        "a loss must be between 0 and 1");
  CHECK(fault([](SetNetwork& n) { n.losses[0].loss_nano = kwh + 1; }) ==
        "a loss must be between 0 and 1");
  CHECK(fault([](SetNetwork& n) { n.losses[0].to = 4; }) ==
        "a loss is between zones that are not there");
  CHECK(fault([](SetNetwork& n) { std::swap(n.losses[0], n.losses[1]); }) ==
        "losses stand by zones, each pair once");
  CHECK(fault([](SetNetwork& n) { n.members[0].zone = 4; }) ==
        "a member is in a zone that is not there");
  CHECK(fault([](SetNetwork& n) { n.members[0] = n.members[1]; }) == "a member is named twice");
  CHECK(fault([](SetNetwork& n) { n.zones[1].fees[0].per_kwh = Price::from_nano(-1); }) ==
        "a network fee must be between 0 and 1000 coins per kWh");
  CHECK(fault([](SetNetwork& n) { n.zones[1].fees[0].tariff_ppm = 1'000'001; }) ==
        "a network fee is at most the whole tariff");
  CHECK(fault([](SetNetwork& n) {
          n.zones[1].fees[0].windows = {{0, 0, 60}};
        }) == "a window has weekdays, and minutes of the day");
  CHECK(fault([](SetNetwork& n) { n.zones[1].fees.resize(9); }) == "a zone has at most 8 fees");
  CHECK(fault([](SetNetwork& n) { n.zones[1].max_export = Energy::from_nano(-1); }) ==
        "the limit of a border is negative");
}

namespace {

/// Homes, criteria, readings and a grid drawn from a seed.
class RandomSlots {
 public:
  static constexpr std::size_t homes = 7;

  explicit RandomSlots(std::uint64_t seed) : random_(seed), chain(start, nano("0.05")) {}

  std::int64_t draw(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
  }
  static std::string name(std::size_t home) { return "H0" + std::to_string(home); }

  SetNetwork network() {
    SetNetwork result;
    const auto zones = static_cast<std::uint32_t>(2 + draw(5));
    for (std::uint32_t i = 0; i < zones; ++i) {
      NetworkZone zone{"Z" + std::to_string(i), {}, {}, draw(20'000'000), {}, {}};
      if (i > 0) zone.parent = static_cast<std::uint32_t>(draw(i));
      if (draw(2) == 0)
        zone.fees.push_back(
            {Price::from_nano(draw(20'000'000)), static_cast<std::uint32_t>(draw(50'000)), {}});
      if (draw(6) == 0) zone.max_export = Energy::from_nano(draw(kwh));
      result.zones.push_back(zone);
    }
    for (std::size_t home = 0; home < homes; ++home) {
      if (draw(8) > 0)
        result.members.push_back({resident(name(home)), static_cast<std::uint32_t>(draw(zones))});
    }
    for (std::uint32_t from = 0; from < zones; ++from) {
      for (std::uint32_t to = 0; to < zones; ++to) {
        if (draw(3) == 0) result.losses.push_back({from, to, draw(100'000'000)});
      }
    }
    return result;
  }

  void add_homes() {
    for (std::size_t home = 0; home < homes; ++home) {
      chain.add_home(name(home), draw(4) == 0 ? draw(kwh) : 1'000 * kwh);
      SetCriteria criteria;
      criteria.participant = resident(name(home));
      criteria.sell_price = Price::from_nano(nano("0.05") + draw(80'000'000));
      criteria.buy_price = Price::from_nano(nano("0.1") + draw(80'000'000));
      chain.set_criteria(criteria);
    }
  }

  SignedReading reading_of(std::size_t home, std::int64_t k) {
    return reading(name(home), static_cast<std::uint64_t>(k + 1), slot(k), draw(2 * kwh) - kwh);
  }

 private:
  std::mt19937_64 random_;

 public:
  TestChain chain;
};

/// Nobody pays more than its limit, all-in, or gets less: rounding up to a nano-coin per trade.
void check_limits(const TestChain& chain, UtcMillis at) {
  const auto record = find_slot(chain.state, at);
  REQUIRE(record);
  for (std::size_t i = 0; i < record->terms.size(); ++i) {
    const Settled& one = record->settled[i];
    const auto trades = static_cast<std::int64_t>(record->trades);
    const std::int64_t paid = one.paid.nano() + one.fees.nano() + one.losses.nano();
    CHECK(paid <= *multiply_divide_floor(record->terms[i].buy_limit.nano(), one.bought.nano(),
                                         nano_per_unit) +
                      trades);
    CHECK(one.earned.nano() >= *multiply_divide_floor(record->terms[i].sell_limit.nano(),
                                                      one.sold.nano(), nano_per_unit) -
                                   trades);
    if (one.bought.is_zero()) CHECK_FALSE(one.over_network());
  }
}

void run_random(std::uint64_t seed, const std::string& rule) {
  CAPTURE(seed);
  CAPTURE(rule);
  RandomSlots slots(seed);
  TestChain& chain = slots.chain;
  chain.parameters.clearing_rule = rule;
  slots.add_homes();
  for (std::int64_t k = 1; k < 6; ++k) {
    if (k < 4) chain.set_network(slots.network());
    std::vector<SignedReading> late;
    std::vector<SignedReading> in_time;
    for (std::size_t home = 0; home < RandomSlots::homes; ++home) {
      (slots.draw(4) == 0 ? late : in_time).push_back(slots.reading_of(home, k));
    }
    chain.block({slot(k).value + slot_ms}, in_time);
    chain.settle_all({slot(k).value + slot_ms + chain.parameters.close_grace_ms});
    check_limits(chain, slot(k));
    chain.set_network(slots.network());
    chain.block(chain.now, late);
    chain.settle_all(chain.now);
    check_limits(chain, slot(k));
    chain.check_sound();
  }
  std::int64_t fees = 0;
  std::int64_t lost = 0;
  for_each_slot(chain.state, [&](const SlotRecord& record) {
    for (const Settled& one : record.settled) {
      fees += one.fees.nano();
      lost += one.lost.nano();
    }
    CHECK(record.encode() == find_slot(chain.state, record.start)->encode());
    return true;
  });
  CHECK(system_balance(chain, AccountClass::network_fees, asset_coins) == fees);
  CHECK(system_balance(chain, AccountClass::losses, asset_energy) == lost);
  // Each trade's parts add up to what its buyer's slot says.
  std::int64_t traded_fees = 0;
  std::int64_t traded_lost = 0;
  for (const auto& [key, value] : chain.history.tables.at(std::string(history_table::trades))) {
    const auto row = parse_trade_row(key, value);
    REQUIRE(row.ok());
    CHECK(trade_row(*row).value == value);
    traded_fees += row->trade.total_fees().nano();
    traded_lost += row->trade.lost.nano();
  }
  CHECK(traded_fees == fees);
  CHECK(traded_lost == lost);
}

}  // namespace

TEST_CASE(
    "money and energy balance on random grids under every kind of rule, late readings included") {
  const char* given = std::getenv("POWERSHARE_TEST_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  MESSAGE("seed " << first);
  for (std::uint64_t seed = first; seed < first + (given != nullptr ? 1 : 40); ++seed) {
    for (const char* rule :
         {"pay_as_clear", "pay_as_bid", "mid_market", "thesis", "optimal", "nrgcoin"}) {
      run_random(seed, rule);
    }
  }
}
