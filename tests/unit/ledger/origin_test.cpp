#include "ledger/origin.hpp"

#include <numeric>
#include <random>

#include "ledger/allocation.hpp"
#include "ledger/membership.hpp"
#include "ledger/movements.hpp"
#include "ledger/rewards.hpp"
#include "tests/unit/ledger/market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using test::meter_id;
using test::resident;
using test::TestChain;
using test::utility;

namespace {

constexpr UtcMillis start{1'600'000'200'000};
constexpr std::int64_t kwh = nano_per_unit;
constexpr std::int64_t slot_ms = TestChain::slot_ms;

UtcMillis slot_at(std::int64_t index) {
  return {slot_start(start, slot_ms).value + index * slot_ms};
}
UtcMillis end_of(std::int64_t index) {
  return {slot_at(index).value + slot_ms};
}

/// net > 0 is drawn.
SignedReading reading(const std::string& meter, std::uint64_t sequence, std::int64_t index,
                      std::int64_t net, std::int64_t produced) {
  auto result = test::reading(meter, sequence, slot_at(index), net);
  result.reading.produced = Energy::from_nano(produced);
  return result;
}

struct Chain : TestChain {
  explicit Chain(std::int64_t feed_in_nano = 50'000'000) : TestChain(start, feed_in_nano) {
    parameters.origin = true;
    parameters.final_after_ms = slot_ms;
  }
  void set_source(const std::string& meter, EnergySource source, UtcMillis from) {
    change([&](Overlay& changes) {
      put_source(changes, {meter_id(meter), source}, from, oldest_slot_not_final(state));
    });
  }
  Origin origin_of(const ParticipantRef& who, std::int64_t index) const {
    const auto row = query_origin(history, who, slot_at(index));
    REQUIRE(row.ok());
    return *row ? (*row)->origin : Origin{};
  }
  std::int64_t holds(AccountClass account_class, const std::optional<ParticipantRef>& who,
                     std::size_t source = 0) const {
    auto id = system_account(account_class, certificate_asset(source));
    id.owner = who;
    return balance(state, id);
  }
  void check_sound_with_origin() const {
    check_sound();
    const auto origin = check_origin(state);
    INFO((origin ? std::string() : origin.error().text()));
    CHECK(origin.ok());
  }
};

std::int64_t solar(const BySource& parts) {
  return parts[0];
}

}  // namespace

TEST_CASE("certificates go the way of the energy, and are claimed when the slot is final") {
  Chain chain;
  chain.add_home("A");
  chain.add_home("B");
  chain.add_home("C");
  // A makes 5 kWh, uses 1 and feeds in 4; B draws 3, C draws 2; 1 kWh of it is the supplier's.
  chain.block(end_of(0), {reading("A", 1, 0, -4 * kwh, 5 * kwh), reading("B", 1, 0, 3 * kwh, 0),
                          reading("C", 1, 0, 2 * kwh, 0)});
  const auto a = chain.origin_of(resident("A"), 0);
  CHECK(solar(a.issued) == 5 * kwh);
  CHECK(solar(a.own) == 1 * kwh);
  CHECK(solar(a.sold) == 4 * kwh);
  CHECK(solar(a.fed_in) == 0);
  const auto b = chain.origin_of(resident("B"), 0);
  const auto c = chain.origin_of(resident("C"), 0);
  CHECK(total(b.bought) + total(c.bought) == 4 * kwh);
  CHECK(chain.holds(AccountClass::origin_held, resident("A")) == 1 * kwh);
  CHECK(chain.holds(AccountClass::origin_held, resident("B")) == total(b.bought));
  CHECK(chain.holds(AccountClass::origin_issued, {}) == -5 * kwh);
  CHECK(chain.holds(AccountClass::origin_claimed, resident("B")) == 0);
  chain.check_sound_with_origin();

  chain.settle_all(end_of(3));
  CHECK(chain.holds(AccountClass::origin_held, resident("B")) == 0);
  CHECK(chain.holds(AccountClass::origin_claimed, resident("B")) == total(b.bought));
  CHECK(chain.holds(AccountClass::origin_claimed, resident("A")) == 1 * kwh);
  CHECK(origin_balance(chain.state)[0] == OriginTotals{5 * kwh, 0, 5 * kwh, 0});
  chain.check_sound_with_origin();

  const auto bills = query_bills(chain.history, start, end_of(4), resident("A"));
  REQUIRE(bills.ok());
  REQUIRE(bills->bills.size() == 1);
  CHECK(bills->bills[0].totals.renewable_share().nano() == nano_per_unit);
  CHECK(solar(bills->community.totals.origin.issued) == 5 * kwh);
}

TEST_CASE("what nobody bought is the supplier's, which hands it on; the rest expires") {
  Chain chain;
  chain.add_home("A");
  chain.add_home("B");
  SetCriteria off;
  off.participant = resident("B");
  off.buy_enabled = false;
  chain.set_criteria(off);
  chain.block(end_of(1), {});
  chain.block(end_of(2), {reading("A", 1, 2, -4 * kwh, 4 * kwh), reading("B", 1, 2, kwh, 0)});
  CHECK(solar(chain.origin_of(resident("A"), 2).fed_in) == 4 * kwh);
  CHECK(solar(chain.origin_of(resident("B"), 2).supplied) == 1 * kwh);
  CHECK(chain.holds(AccountClass::origin_held, utility()) == 3 * kwh);
  chain.settle_all(end_of(6));
  CHECK(chain.holds(AccountClass::origin_held, utility()) == 0);
  CHECK(origin_balance(chain.state)[0] == OriginTotals{4 * kwh, 0, 1 * kwh, 3 * kwh});
  chain.check_sound_with_origin();
}

TEST_CASE("a plant's source decides which certificate it gets, and whether any") {
  Chain chain;
  chain.add_home("H");
  chain.add_home("A", 0);
  chain.add_meter("W1", resident("A"), MeterKind::plant);
  chain.add_meter("T1", resident("A"), MeterKind::plant);
  chain.set_source("W1", EnergySource::wind, slot_at(0));
  chain.set_source("T1", EnergySource::thermal, slot_at(0));
  chain.set_source("W1", EnergySource::hydro, slot_at(1));
  for (const std::int64_t index : {0, 1}) {
    const auto sequence = static_cast<std::uint64_t>(index + 1);
    chain.block(
        end_of(index),
        {reading("A", sequence, index, 0, 0), reading("W1", sequence, index, -kwh, 0),
         reading("T1", sequence, index, -2 * kwh, 0), reading("H", sequence, index, 3 * kwh, 0)});
  }
  // One of three sold kWh has a certificate: of wind, and then of water.
  CHECK(chain.origin_of(resident("A"), 0).issued == BySource{0, kwh, 0});
  CHECK(chain.origin_of(resident("H"), 0).bought == BySource{0, kwh, 0});
  CHECK(chain.origin_of(resident("H"), 1).bought == BySource{0, 0, kwh});
  chain.check_sound_with_origin();
}

TEST_CASE("quarantined meters prove nothing, and batteries make no certificates") {
  Chain chain;
  chain.add_home("A");
  chain.add_home("B");
  // 1 kWh from the sun and 3 fed in: 2 are from a battery.
  chain.block(end_of(0), {reading("A", 1, 0, -3 * kwh, kwh), reading("B", 1, 0, 3 * kwh, 0)});
  CHECK(total(chain.origin_of(resident("A"), 0).sold) == kwh);
  CHECK(total(chain.origin_of(resident("B"), 0).bought) == kwh);
  std::vector<Terms> terms(2);
  terms[0].participant = resident("A");
  terms[1].participant = resident("B");
  const auto production = slot_production(chain.state, slot_at(0), terms, {meter_id("A")});
  REQUIRE(production.ok());
  CHECK(total((*production)[0]) == 0);
}

TEST_CASE("a chain that switches certificates on keeps older slots as they were") {
  Chain chain;
  chain.parameters.origin = false;
  chain.parameters.final_after_ms = 10 * slot_ms;
  chain.add_home("A");
  chain.add_home("B");
  chain.block({end_of(0).value + chain.parameters.close_grace_ms}, {reading("A", 1, 0, -kwh, kwh)});
  chain.parameters.origin = true;
  chain.block(chain.now, {reading("B", 1, 0, kwh, 0)});  // late: cleared again
  CHECK_FALSE(find_origins(chain.state, slot_at(0)));
  CHECK(origin_balance(chain.state) == OriginBalance{});
  chain.block(end_of(1), {reading("A", 2, 1, -kwh, kwh), reading("B", 2, 1, kwh, 0)});
  CHECK(origin_balance(chain.state)[0].issued == kwh);
  chain.check_sound_with_origin();
}

TEST_CASE("over random slots and late readings certificates are conserved to the nano-unit") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  const auto upto = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
  };
  for (int round = 0; round < 40; ++round) {
    Chain chain(upto(1) * 100'000'000);
    chain.parameters.final_after_ms = 6 * slot_ms;
    constexpr std::string_view rules[] = {"pay_as_clear", "thesis", "french_dynamic", "optimal",
                                          "nrgcoin"};
    chain.parameters.clearing_rule = rules[static_cast<std::size_t>(upto(4))];
    const int homes = 2 + static_cast<int>(upto(4));
    for (int home = 0; home < homes; ++home) {
      const std::string id = "H" + std::to_string(home);
      chain.add_home(id, upto(3) * kwh);
      chain.set_source(id, static_cast<EnergySource>(1 + upto(4)), slot_at(0));
    }
    std::vector<SignedReading> late;
    for (std::int64_t index = 0; index < 8; ++index) {
      std::vector<SignedReading> readings;
      for (int home = 0; home < homes; ++home) {
        const bool sells = upto(1) == 0;
        const auto net = sells ? -upto(3 * kwh) : upto(2 * kwh);
        auto one = reading("H" + std::to_string(home), static_cast<std::uint64_t>(index + 1), index,
                           net, upto(4) == 0 ? 0 : upto(4 * kwh));
        (upto(3) == 0 ? late : readings).push_back(std::move(one));
      }
      chain.block({end_of(index).value + chain.parameters.close_grace_ms}, readings);
      chain.check_sound_with_origin();
      if (upto(1) == 0) {
        chain.block(chain.now, std::exchange(late, {}));
        chain.settle_all(chain.now);
        chain.check_sound_with_origin();
      }
    }
    // No home has certificates for more than it used, and nobody gave more than it made.
    for (std::int64_t index = 0; index < 8; ++index) {
      std::int64_t bought = 0;
      std::int64_t sold = 0;
      for (int home = 0; home < homes; ++home) {
        const auto who = resident("H" + std::to_string(home));
        const Origin origin = chain.origin_of(who, index);
        const auto bills = query_bills(chain.history, slot_at(index), slot_at(index + 1), who);
        REQUIRE(bills.ok());
        if (bills->bills.empty()) continue;
        const BillTotals& totals = bills->bills[0].totals;
        CHECK(total(origin.bought) <= totals.bought.energy.nano());
        CHECK(total(origin.supplied) <= totals.from_utility.energy.nano());
        CHECK(total(origin.own) + total(origin.sold) + total(origin.fed_in) ==
              total(origin.issued));
        for (const auto field : {&Origin::issued, &Origin::own, &Origin::sold, &Origin::fed_in,
                                 &Origin::bought, &Origin::supplied}) {
          for (const auto nano : origin.*field) CHECK(nano >= 0);
        }
        bought += total(origin.bought);
        sold += total(origin.sold);
      }
      CHECK(bought == sold);
    }
    chain.settle_all(end_of(30));
    chain.check_sound_with_origin();
    for (const OriginTotals& totals : origin_balance(chain.state)) CHECK(totals.held == 0);
  }
}

TEST_CASE("late readings leave the certificates that readings in time would have given") {
  Chain late;
  Chain in_time;
  for (Chain* chain : {&late, &in_time}) {
    chain->parameters.final_after_ms = 10 * slot_ms;
    for (const char* id : {"A", "B", "C"}) chain->add_home(id);
  }
  const auto a = reading("A", 1, 0, -4 * kwh, 5 * kwh);
  const auto b = reading("B", 1, 0, 3 * kwh, 0);
  const auto c = reading("C", 1, 0, -2 * kwh, 2 * kwh);
  const UtcMillis closed{end_of(0).value + late.parameters.close_grace_ms};
  late.block(closed, {b});
  late.block(closed, {c});
  late.block(closed, {a});
  in_time.block(closed, {a, b, c});
  for (const char* id : {"A", "B", "C"}) {
    CHECK(late.origin_of(resident(id), 0) == in_time.origin_of(resident(id), 0));
  }
  CHECK(origin_balance(late.state) == origin_balance(in_time.state));
  late.check_sound_with_origin();
}

TEST_CASE("a SolarCoin for each MWh, the rest carried: 400 + 350 + 300 kWh bring 0, 0, 1 and 50") {
  TestChain chain(start);
  Parameters parameters;
  parameters.origin = parameters.solarcoin = true;
  const auto who = resident("A");
  const std::int64_t coins[] = {0, 0, 1};
  const std::int64_t carry[] = {400, 750, 50};
  const std::int64_t claims[] = {400, 350, 300};
  for (std::size_t i = 0; i < 3; ++i) {
    chain.change([&](Overlay& changes) {
      SlotOrigins origins;
      origins.of[who].issued = {claims[i] * kwh, 700 * kwh, 0};  // wind earns none
      REQUIRE(pay_rewards(changes, parameters, origins).ok());
    });
    CHECK(balance(chain.state, participant_account(who, asset_solarcoin)) == coins[i] * kwh);
    CHECK(solar_carry(chain.state, who).nano() == carry[i] * kwh);
  }
  CHECK(reward_supply(chain.state, asset_solarcoin).minted_nano == nano_per_unit);
  chain.check_sound();
}

TEST_CASE("NRGcoins are minted for what neighbours bought and burned by who buys: supply is held") {
  Chain chain;
  chain.parameters.nrgcoin = true;
  chain.add_home("A");
  chain.add_home("B");
  chain.block(end_of(0), {reading("A", 1, 0, -3 * kwh, 3 * kwh), reading("B", 1, 0, 2 * kwh, 0)});
  chain.settle_all(end_of(2));
  const auto coins = [&](const char* id) {
    return balance(chain.state, participant_account(resident(id), asset_nrgcoin));
  };
  CHECK(coins("A") == 2 * kwh);  // of 3 fed in a neighbour bought 2
  CHECK(coins("B") == 0);        // had none to spend
  chain.block(end_of(3), {reading("A", 2, 3, kwh, 0), reading("B", 2, 3, -kwh, kwh)});
  chain.settle_all(end_of(6));
  CHECK(coins("A") == 1 * kwh);
  CHECK(coins("B") == 1 * kwh);
  const auto supply = reward_supply(chain.state, asset_nrgcoin);
  CHECK(supply.minted_nano == 3 * kwh);
  CHECK(supply.burned_nano == 1 * kwh);
  CHECK(supply.held_nano == supply.minted_nano - supply.burned_nano);
  // What came and went stands in A's statement.
  const auto statement =
      query_movement_totals(chain.state, chain.history, resident("A"), start, end_of(9), 1'000);
  REQUIRE(statement.ok());
  const auto found = std::find_if(statement->begin(), statement->end(),
                                  [](const auto& each) { return each.asset == asset_nrgcoin; });
  REQUIRE(found != statement->end());
  CHECK(found->closing_nano == 1 * kwh);
  REQUIRE(found->totals.size() == 1);
  CHECK(found->totals[0].kind == MovementKind::reward);
  CHECK(found->totals[0].in_nano == 2 * kwh);
  CHECK(found->totals[0].out_nano == 1 * kwh);
  chain.check_sound_with_origin();
}

TEST_CASE(
    "a certificate's row and a slot's record decode to what was encoded, and to nothing else") {
  OriginRow row{resident("A"), slot_at(3), {}};
  row.origin.issued = {1, 0, 3};
  row.origin.supplied = {0, 0, INT64_MAX};
  const auto encoded = origin_row(row);
  REQUIRE(parse_origin_row(encoded.key, *encoded.value).ok());
  CHECK(*parse_origin_row(encoded.key, *encoded.value) == row);
  for (std::size_t cut = 0; cut < encoded.value->size(); ++cut) {
    CHECK_FALSE(parse_origin_row(encoded.key, ByteView(*encoded.value).first(cut)).ok());
  }
  for (std::size_t cut = 0; cut < encoded.key.size(); ++cut) {
    CHECK_FALSE(parse_origin_row(ByteView(encoded.key).first(cut), *encoded.value).ok());
  }
}

TEST_CASE("the allocation of a slot is one hash in the state, and each can prove its own part") {
  Chain chain;
  chain.change([&](Overlay& changes) { put_first_epoch(changes, chain.genesis); });
  for (const char* id : {"A", "B", "C"}) chain.add_home(id);
  const UtcMillis closed{end_of(0).value + chain.parameters.close_grace_ms};
  chain.block(closed, {reading("A", 1, 0, -4 * kwh, 5 * kwh), reading("B", 1, 0, 3 * kwh, 0)});
  const auto vector = [&] {
    const auto key = history_key::time(slot_at(0));
    const auto value = chain.history.get(history_table::allocations, key);
    REQUIRE(value);
    auto parsed = parse_allocation_row(key, *value);
    REQUIRE(parsed.ok());
    return *parsed;
  };
  const auto first = vector();
  REQUIRE(first.entries.size() == 3);
  CHECK(first.entries[1].bought == Energy::from_nano(3 * kwh));
  CHECK(find_allocation(chain.state, slot_at(0)) == first.root());
  const auto leaves = first.leaves();
  const auto proof = crypto::merkle_proof(leaves, 1);
  CHECK(crypto::verify_merkle_proof(leaves[1], proof, first.root()));
  // Cleared again, it is another vector, and the hash follows.
  chain.block(closed, {reading("C", 1, 0, kwh, 0)});
  CHECK(find_allocation(chain.state, slot_at(0)) == vector().root());
  CHECK(find_allocation(chain.state, slot_at(0)) != first.root());
  auto forged = vector();
  forged.entries[0].sold = Energy::from_nano(forged.entries[0].sold.nano() + 1);
  CHECK(forged.root() != vector().root());
  // It outlives the slot's own record, for a bounded time.
  chain.settle_all(end_of(3));
  CHECK(find_allocation(chain.state, slot_at(0)).has_value());
  chain.change([&](Overlay& changes) {
    forget_allocations(changes, {slot_at(0).value + AllocationVector::kept_ms - 1});
  });
  CHECK(find_allocation(chain.state, slot_at(0)).has_value());
  chain.change([&](Overlay& changes) {
    forget_allocations(changes, {slot_at(0).value + AllocationVector::kept_ms});
  });
  CHECK_FALSE(find_allocation(chain.state, slot_at(0)).has_value());
}
