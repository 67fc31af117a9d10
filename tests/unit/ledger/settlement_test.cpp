// What slots come to: on the shared community's real data to the last digit, whatever the order in
// which readings arrive, and when coins run out.
#include "ledger/slot_settlement.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "ledger/claims.hpp"
#include "ledger/state_keys.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

__extension__ using Wide = __int128;

constexpr UtcMillis start{1'613'343'600'000};  // 2021-02-15T00:00:00+01:00
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr std::int64_t kwh = nano_per_unit;

UtcMillis slot(std::int64_t k) {
  return {start.value + k * slot_ms};
}

std::string decimal(std::int64_t nano) {
  return format_nano(nano);
}
/// Rounded to six decimals, half to even.
std::string six_decimals(Coins coins) {
  return format_nano(*multiply_divide(coins.nano(), 1, 1000) * 1000);
}

std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields;
    std::stringstream in(line);
    for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
    rows.push_back(fields);
  }
  return rows;
}

/// numerator / denominator, rounded half to even; denominator > 0.
std::int64_t rounded(Wide numerator, Wide denominator) {
  Wide quotient = numerator / denominator;
  Wide rest = numerator % denominator;
  if (rest < 0) {
    --quotient;
    rest += denominator;
  }
  if (rest * 2 > denominator || (rest * 2 == denominator && quotient % 2 != 0)) ++quotient;
  return static_cast<std::int64_t>(quotient);
}

struct Community {
  std::vector<std::string> homes;
  std::vector<std::vector<SignedReading>> slots;  ///< one reading per home
};

/// reading = load W/4000 - PV per unit × kWp/4 in kWh, rounded half to even to 9 decimals.
std::optional<Community> read_community(std::size_t max_slots) {
  const char* named = std::getenv("POWERSHARE_SHARED");
  const auto folder =
      std::filesystem::path(named != nullptr ? named : "../shared") / "data" / "community";
  if (!std::filesystem::exists(folder / "load_w_15min.csv")) {
    MESSAGE("skipped, not there: data/community (set POWERSHARE_SHARED)");
    return std::nullopt;
  }
  const auto scenario = read_csv(folder / "community_scenario.csv");
  const auto loads = read_csv(folder / "load_w_15min.csv");
  const auto plants = read_csv(folder / "pv_pu_15min.csv");
  REQUIRE(loads.size() == plants.size());
  Community community;
  for (std::size_t h = 1; h < scenario.size(); ++h) community.homes.push_back(scenario[h][0]);
  for (std::size_t row = 1; row < loads.size() && row <= max_slots; ++row) {
    REQUIRE(loads[row][0] == plants[row][0]);
    const UtcMillis at{std::stoll(loads[row][0]) * 1000};
    auto& readings = community.slots.emplace_back();
    for (std::size_t h = 0; h < community.homes.size(); ++h) {
      const auto& home = scenario[h + 1];
      const Wide load = *parse_nano_exact(loads[row][h + 1]);
      Wide per_unit = 0;
      for (std::size_t p = 1; p < plants[0].size(); ++p) {
        if (plants[0][p] == home[3]) per_unit = *parse_nano_exact(plants[row][p]);
      }
      const Wide made = per_unit * *parse_nano_exact(home[4]);  // 1e-18
      const Wide scale = Wide{4'000} * nano_per_unit;
      auto one = reading(home[0], row, at, rounded(load * nano_per_unit - made * 1000, scale));
      one.reading.produced = Energy::from_nano(rounded(made, Wide{4} * nano_per_unit));
      readings.push_back(one);
    }
  }
  return community;
}

void check_min_rule(const TestChain& chain, UtcMillis at) {
  const auto record = find_slot(chain.state, at);
  REQUIRE(record);
  std::int64_t imported = 0;
  std::int64_t exported = 0;
  std::int64_t bought = 0;
  for (const Settled& one : record->settled) {
    imported += one.imported.nano();
    exported += one.exported.nano();
    bought += one.bought.nano();
  }
  REQUIRE(bought == std::min(imported, exported));
}

void replay(TestChain& chain, const Community& community) {
  for (const auto& home : community.homes) chain.add_home(home);
  for (const auto& readings : community.slots) {
    const UtcMillis at = readings[0].reading.start;
    const auto results = chain.block({at.value + slot_ms}, readings);
    for (const auto& result : results) REQUIRE(result == ReadingResult{});
    REQUIRE(slot_progress(chain.state)->next_close.value == at.value + slot_ms);
    check_min_rule(chain, at);
  }
  chain.check_sound();
}

/// Everything that the ledger says after a run, but for what may depend on when blocks came.
struct Outcome {
  std::map<std::string, Rows> history;
  std::map<AccountId, std::int64_t> balances;
};
Outcome outcome(const TestChain& chain) {
  Outcome result{chain.history.tables, {}};
  for_each_account(chain.state, [&](const AccountId& account, std::int64_t nano) {
    if (nano != 0) result.balances[account] = nano;  // an account may have been opened in passing
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("one week of the community: each slot trades min(surplus, deficit), to the last digit") {
  const auto community = read_community(672);
  if (!community) return;
  TestChain chain(start);
  replay(chain, *community);
  CHECK(chain.count(Event::Kind::alarm) == 0);
  const auto bills = query_bills(chain.history, start, *parse_iso8601("2021-02-22T00:00:00+01:00"));
  REQUIRE(bills);
  CHECK(bills->bills.size() == 16);
  CHECK(bills->community.slots == 672);
  CHECK(decimal(bills->community.traded.nano()) == "147.126227375");
  CHECK(decimal(bills->community.totals.bought.energy.nano()) == "147.126227375");
  CHECK(decimal(bills->community.totals.imported.nano()) == "1017.227107371");
  CHECK(decimal(bills->community.totals.exported.nano()) == "349.075464375");
  // The bills are what the ledger moved.
  for (const Bill& bill : bills->bills) {
    CHECK(chain.coins(bill.participant) == 1'000 * kwh - bill.totals.cost.nano());
  }
  CHECK(chain.coins(utility()) == bills->community.totals.cost.nano());
}

TEST_CASE("all 45 days of the community: traded, cost and self-sufficiency as computed outside") {
  const auto community = read_community(10'000);
  if (!community) return;
  TestChain chain(start);
  replay(chain, *community);
  const auto bills = query_bills(chain.history, start, {start.value + 60 * millis_per_day});
  REQUIRE(bills);
  const BillTotals& totals = bills->community.totals;
  CHECK(bills->community.slots == 4316);
  CHECK(decimal(totals.imported.nano()) == "6013.453976082");
  CHECK(decimal(totals.exported.nano()) == "3306.266979875");
  CHECK(decimal(bills->community.traded.nano()) == "1084.398577525");
  CHECK(six_decimals(totals.cost) == "802.943124");
  CHECK(six_decimals(totals.cost_without_market) == "979.591653");
  CHECK(*totals.self_sufficiency().nano() / 1000 == 303'708);  // 30.3708 %
  CHECK(*totals.self_consumption().nano() / 1000 == 491'775);
  // Final slots have left the state: seven days of 96 slots are not final.
  std::size_t records = 0;
  for_each_slot(chain.state, [&](const SlotRecord&) { return ++records, true; });
  CHECK(records <= 7 * 96 + 1);
  CHECK(chain.count(Event::Kind::slot_final) == 4316 - records);
}

namespace {

constexpr int permuted_slots = 40;
constexpr int permuted_homes = 6;

/// Readings of all homes: of a slot, of thirds of it, or of four slots together, as it comes. Some
/// are corrected, and some of those corrected once more.
std::vector<SignedReading> random_readings(std::mt19937_64& random) {
  std::vector<SignedReading> readings;
  for (int h = 0; h < permuted_homes; ++h) {
    const std::string meter = "H" + std::to_string(h);
    std::uint64_t sequence = 0;
    const std::uint32_t lengths[] = {300, 900, 900, 3600};
    const UtcMillis end = slot(permuted_slots);
    for (UtcMillis at = slot(0); at < end;) {
      auto seconds = lengths[random() % 4];
      if (seconds == 3600 && at.value + 3'600'000 > end.value) seconds = 900;
      for (std::uint32_t part = 0; part < (seconds == 300 ? 3U : 1U); ++part) {
        const auto net = static_cast<std::int64_t>(random() % (2 * kwh)) - kwh;
        readings.push_back(reading(meter, ++sequence, at, net, seconds));
        for (auto corrected = sequence; random() % 7 == 0; corrected = sequence) {
          auto fix =
              reading(meter, ++sequence, at, static_cast<std::int64_t>(random() % kwh), seconds);
          fix.reading.corrects = corrected;
          readings.push_back(fix);
        }
        at.value += static_cast<std::int64_t>(seconds) * 1000;
      }
    }
  }
  return readings;
}

/// Two feeders with fees and losses, so that what is lost and charged is permuted, too.
SetNetwork two_feeders() {
  SetNetwork network;
  NetworkZone root;
  root.id = "street";
  root.fees = {{Price::from_nano(7'000'000), 0, {}}};
  root.loss_nano = 9'876'543;
  NetworkZone east{"east", 0U, {{Price::from_nano(1'234'567), 12'345, {}}}, 5'000'000, {}, {}};
  NetworkZone west = east;
  west.id = "west";
  network.zones = {root, east, west};
  for (int h = 0; h < permuted_homes; ++h) {
    network.members.push_back({resident("H" + std::to_string(h)), h % 2 == 0 ? 1U : 2U});
  }
  return network;
}

/// What each home's bill of all slots comes to.
std::map<ParticipantRef, std::pair<std::int64_t, std::int64_t>> bills_of(const TestChain& chain) {
  std::map<ParticipantRef, std::pair<std::int64_t, std::int64_t>> result;
  const auto bills = query_bills(chain.history, slot(0), slot(permuted_slots));
  REQUIRE(bills);
  for (const Bill& bill : bills->bills) {
    result[bill.participant] = {bill.totals.cost.nano(), bill.totals.fees.nano()};
  }
  return result;
}

void check_any_order(std::uint64_t seed, bool with_network) {
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const int slots = permuted_slots;
  const int homes = permuted_homes;
  const std::vector<SignedReading> readings = random_readings(random);
  const auto run = [&](std::vector<SignedReading> order, std::size_t batch, std::int64_t step_ms) {
    TestChain chain(start, 50'000'000);
    for (int h = 0; h < homes; ++h) chain.add_home("H" + std::to_string(h));
    if (with_network) chain.set_network(two_feeders());
    SetCriteria criteria;
    criteria.participant = resident("H1");
    criteria.sell_price = Price::from_nano(90'000'000);
    chain.set_criteria(criteria);
    UtcMillis at = slot(slots);
    std::vector<SignedReading> again;
    while (!order.empty()) {
      const std::size_t count = std::min(batch, order.size());
      const std::vector<SignedReading> part(order.end() - static_cast<std::ptrdiff_t>(count),
                                            order.end());
      order.resize(order.size() - count);
      const auto results = chain.block(at, part);
      for (std::size_t i = 0; i < part.size(); ++i) {
        // A correction that is there before what it corrects is sent again later.
        if (results[i].reason == "bad_correction") {
          again.push_back(part[i]);
        } else {
          REQUIRE(results[i] == ReadingResult{});
        }
      }
      if (order.empty()) order.swap(again);
      at.value += step_ms;
    }
    chain.settle_all(slot(slots + 96));
    chain.check_sound();
    return std::pair(outcome(chain), bills_of(chain));
  };
  const auto [reference, bills] = run({readings.rbegin(), readings.rend()}, readings.size(), 0);
  CHECK(!reference.history.at("trades").empty());
  for (int round = 0; round < 12; ++round) {
    auto shuffled = readings;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const auto other =
        run(shuffled, 1 + random() % 20, static_cast<std::int64_t>(random() % 2'000));
    CAPTURE(round);
    CHECK(other.first.balances == reference.balances);
    CHECK(other.second == bills);
    for (const char* table : {"slots", "slot_books", "trades", "participant_slots", "readings"}) {
      CAPTURE(std::string(table));
      CHECK(other.first.history.at(table) == reference.history.at(table));
    }
  }
}

}  // namespace

TEST_CASE("the final bill does not depend on the order in which readings arrive") {
  for (const std::uint64_t seed : {5U, 6U, 7U}) check_any_order(seed, seed != 5);
}

TEST_CASE("what cannot be paid becomes a claim, and coins that arrive pay it first") {
  TestChain chain(start);
  chain.add_home("poor", 16'290'000);  // enough for 0.1 kWh
  chain.add_home("sunny", 0);
  chain.block(slot(1), {reading("poor", 1, start, kwh), reading("sunny", 1, start, -kwh)});
  auto record = find_slot(chain.state, start);
  REQUIRE(record);
  CHECK(record->settled[0].bought.nano() == kwh / 10);
  CHECK(record->settled[0].from_utility.nano() == kwh - kwh / 10);
  CHECK(chain.coins(resident("poor")) == 0);
  CHECK(chain.coins(resident("sunny")) == 16'290'000);
  CHECK(claims_on(chain.state, resident("poor")).nano() == 146'610'000);
  CHECK(chain.coins(utility()) == 0);
  chain.check_sound();

  // It owes: now it may buy nothing from neighbours; what it sells pays its claim.
  chain.block(slot(2), {reading("poor", 2, slot(1), kwh), reading("sunny", 2, slot(1), -kwh)});
  record = find_slot(chain.state, slot(1));
  CHECK(record->settled[0].bought.is_zero());
  CHECK(claims_on(chain.state, resident("poor")).nano() == 146'610'000 + 162'900'000);
  chain.block(slot(3), {reading("poor", 3, slot(2), -kwh), reading("sunny", 3, slot(2), kwh / 20)});
  CHECK(chain.coins(resident("poor")) == 0);
  CHECK(claims_on(chain.state, resident("poor")).nano() == 146'610'000 + 162'900'000 - 8'145'000);
  CHECK(chain.coins(utility()) == 8'145'000);
  chain.check_sound();
}

TEST_CASE("credit lets a home buy from neighbours: the supplier advances it and claims it") {
  TestChain chain(start);
  chain.parameters.credit_limit = Coins::from_nano(81'450'000);  // 0.5 kWh
  chain.add_home("poor", 0);
  chain.add_home("sunny", 0);
  chain.block(slot(1), {reading("poor", 1, start, kwh), reading("sunny", 1, start, -kwh)});
  const auto record = find_slot(chain.state, start);
  CHECK(record->settled[0].bought.nano() == kwh / 2);
  CHECK(chain.coins(resident("sunny")) == 81'450'000);
  CHECK(claims_on(chain.state, resident("poor")).nano() == 162'900'000);
  auto credit = system_account(AccountClass::utility_credit, asset_coins);
  credit.owner = utility();
  CHECK(balance(chain.state, credit) == -81'450'000);
  chain.check_sound();
  // The supplier's next income pays its credit back first.
  chain.block(slot(2), {reading("poor", 2, slot(1), 0), reading("sunny", 2, slot(1), kwh / 4)});
  CHECK(balance(chain.state, credit) == -81'450'000 + 40'725'000);
  CHECK(chain.coins(utility()) == 0);
  chain.check_sound();
}

TEST_CASE("criteria: switched off, dearer than the tariff, cheaper than feed-in") {
  TestChain chain(start, 60'000'000);
  for (const char* id : {"A", "B"}) chain.add_home(id);
  const auto trade = [&](std::int64_t k) {
    const auto sequence = static_cast<std::uint64_t>(k) + 1;
    chain.block(slot(k + 1),
                {reading("A", sequence, slot(k), kwh), reading("B", sequence, slot(k), -kwh)});
    return find_slot(chain.state, slot(k))->settled[0];
  };
  CHECK(trade(0).paid.nano() == 162'900'000);
  SetCriteria buyer;
  buyer.participant = resident("A");
  buyer.buy_price = Price::from_nano(500'000'000);  // above the tariff: capped at it
  chain.set_criteria(buyer);
  SetCriteria seller;
  seller.participant = resident("B");
  seller.sell_price = Price::from_nano(10'000'000);  // below feed-in: lifted to it
  chain.set_criteria(seller);
  CHECK(trade(1).paid.nano() == 162'900'000);  // set during slot 1: counts from slot 2 on
  CHECK(trade(2).paid.nano() == (162'900'000 + 60'000'000) / 2);
  seller.sell_enabled = false;
  chain.set_criteria(seller);
  trade(3);
  CHECK(trade(4).bought.is_zero());
  seller.sell_enabled = true;
  buyer.buy_enabled = false;
  chain.set_criteria(seller);
  chain.set_criteria(buyer);
  trade(5);
  CHECK(trade(6).bought.is_zero());
  chain.check_sound();
}

TEST_CASE("a charger's energy is moved from the house to the charger's owner") {
  TestChain chain(start);
  chain.add_home("house");
  chain.add_home("guest");
  chain.add_meter("charger", resident("guest"), MeterKind::charger, meter_id("house"));
  chain.add_meter("substation", utility(), MeterKind::transformer);
  chain.block(slot(1),
              {reading("house", 1, start, 3 * kwh), reading("guest", 1, start, 0),
               reading("charger", 1, start, 2 * kwh), reading("substation", 1, start, 4 * kwh)});
  const auto record = find_slot(chain.state, start);
  REQUIRE(record);
  REQUIRE(record->terms.size() == 2);
  CHECK(record->terms[0].participant == resident("guest"));
  CHECK(record->settled[0].imported.nano() == 2 * kwh);
  CHECK(record->settled[1].imported.nano() == kwh);
  chain.check_sound();
}

TEST_CASE(
    "a late reading clears a provisional slot again; of a final slot it goes to the utility") {
  TestChain chain(start);
  for (const char* id : {"A", "B"}) chain.add_home(id);
  chain.block(slot(1), {reading("A", 1, start, kwh)});
  chain.settle_all({slot(1).value + chain.parameters.close_grace_ms});
  CHECK(chain.coins(resident("A")) == 1'000 * kwh - 162'900'000);
  CHECK(find_slot(chain.state, start)->settled[0].bought.is_zero());
  CHECK(chain.submit(reading("B", 1, start, -kwh / 2)) == "accepted");
  CHECK(find_slot(chain.state, start)->settled[0].bought.nano() == kwh / 2);
  CHECK(chain.coins(resident("B")) == 1'000 * kwh + 81'450'000);
  CHECK(chain.coins(utility()) == 81'450'000);
  auto fix = reading("B", 2, start, -kwh);
  fix.reading.corrects = 1;
  CHECK(chain.submit(fix) == "accepted");
  CHECK(chain.coins(resident("B")) == 1'000 * kwh + 162'900'000);
  CHECK(chain.coins(utility()) == 0);
  chain.check_sound();

  // A further reading of a slot that is final by then, never heard of before.
  chain.settle_all({slot(2).value + chain.parameters.final_after_ms});
  CHECK(slot_state(chain.state, slot(1), chain.now, slot_ms) == SlotState::final);
  CHECK(chain.submit(fix) == "duplicate");
  fix.reading.sequence = 3;
  CHECK(chain.submit(fix) == "slot_final");
  CHECK(chain.submit(reading("A", 2, slot(1), kwh)) == "accepted");
  CHECK(chain.submit(reading("A", 2, slot(1), kwh)) == "duplicate");
  CHECK(chain.submit(reading("A", 3, slot(1), kwh)) == "overlap");
  CHECK(chain.coins(utility()) == 162'900'000);
  chain.check_sound();
  const auto bills = query_bills(chain.history, chain.now, {chain.now.value + 1});
  REQUIRE(bills);
  REQUIRE(bills->bills.size() == 1);
  CHECK(bills->bills[0].totals.late_from_utility.amount.nano() == 162'900'000);
}

TEST_CASE("a settled slot whose numbers do not add up is found") {
  TestChain chain(start);
  for (const char* id : {"A", "B"}) chain.add_home(id);
  chain.block(slot(1), {reading("A", 1, start, kwh), reading("B", 1, start, -kwh / 2)});
  chain.check_sound();
  const auto good = *find_slot(chain.state, start);
  for (const auto field : {&Settled::imported, &Settled::bought, &Settled::sold,
                           &Settled::from_utility, &Settled::exported}) {
    auto bad = good;
    auto& value = bad.settled[0].*field;
    value = Energy::from_nano(value.nano() + 1);
    Overlay changes(chain.state);
    put_slot(changes, bad);
    const auto found = check_slots(changes);
    REQUIRE(!found);
    CHECK(found.error().code() == LedgerError::invariant);
  }
}

TEST_CASE("without a supplier the rest costs nothing, and nobody has credit") {
  TestChain chain(start);
  chain.state.rows.erase(state_key::participant(utility()));
  chain.add_home("A", 0);
  chain.add_home("B", 0);
  chain.block(slot(1), {reading("A", 1, start, kwh), reading("B", 1, start, -kwh)});
  const auto record = find_slot(chain.state, start);
  REQUIRE(record);
  CHECK(!record->supply.supplier);
  CHECK(record->settled[0].bought.is_zero());
  CHECK(record->settled[0].from_utility.nano() == kwh);
  CHECK(chain.coins(resident("A")) == 0);
  chain.check_sound();
}
