#include <doctest/doctest.h>

#include "ledger/genesis_state.hpp"
#include "ledger/network.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/state_keys.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

Genesis full_genesis() {
  auto result = genesis();
  RegisterMeter meter;
  meter.meter = MeterId::parse("M01").value();
  meter.owner = h01;
  meter.public_key = key(42).public_key();
  meter.plant_watts = 5000;
  meter.cpe = "PT0002000000000000XX";
  result.registry.push_back(meter);
  meter.meter = MeterId::parse("M01-car").value();
  meter.parent = MeterId::parse("M01").value();
  meter.kind = MeterKind::charger;
  meter.public_key.reset();
  result.registry.push_back(meter);
  result.registry.push_back(SetCriteria{h01, true, price("0.1"), false, std::nullopt});
  result.parameters.credit_limit = coins("50");
  result.parameters.clearing_rule = "mid_market";
  return result;
}

std::string error_of(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  const auto result = Genesis::from_json(text.replace(at, from.size(), to));
  REQUIRE_FALSE(result.ok());
  return result.error().detail();
}

}  // namespace

TEST_CASE("a genesis survives its JSON, and its hash is the same in every build") {
  for (const auto& start : {genesis(), genesis(false), full_genesis()}) {
    const auto again = Genesis::from_json(start.to_json());
    REQUIRE_MESSAGE(again.ok(), again.error().detail());
    CHECK(again->hash() == start.hash());
    CHECK(again->to_json() == start.to_json());
    CHECK(again->members == start.members);
    CHECK(again->parameters == start.parameters);
  }
  // Changing these values breaks every existing chain: a new domain is needed.
  auto first = genesis();
  first.feature_level = 1;
  CHECK(to_hex(first.hash()) == "5a00d89cb6bd29ecbc290d7250fdaa3306188a70bd11628a17b52b35bcb51a06");
}

TEST_CASE("every field of a genesis counts for its hash") {
  const auto start = full_genesis();
  std::vector<Genesis> variants(10, start);
  variants[0].chain = ChainId::parse("other").value();
  variants[1].created.value += 1;
  variants[2].simulated_start.value += 1;
  variants[3].members[2].transport_key[0] ^= 1;
  variants[4].parameters.close_grace_ms += 1;
  variants[5].registry.pop_back();
  std::get<AddParticipant>(variants[6].registry[0]).participant.sell_rate = price("0.1");
  variants[7].feature_level = 1;
  variants[8].feature_level = 2;
  variants[9].consensus = {32, 256};
  for (const auto& variant : variants) CHECK(variant.hash() != start.hash());
}

TEST_CASE("what is wrong with a genesis is said in one sentence") {
  const auto text = full_genesis().to_json();
  CHECK(Genesis::from_json("{").error().detail() == "genesis: not JSON");
  CHECK(Genesis::from_json("[]").error().detail() == "genesis: is not an object");
  CHECK(error_of(text, "\"simulated\"", "\"simulatd\"") == "genesis: unknown field simulatd");
  CHECK(error_of(text, "\"peer\"", "\"pear\"") == "member 1: field peer is missing");
  CHECK(error_of(text, "\"name\": \"EEM\"", "\"nane\": \"EEM\"") ==
        "registry entry 5: unknown field nane");
  CHECK(error_of(text, "\"balance\": \"20\"", "\"balance\": 20") ==
        "registry entry 6: balance is not a text");
  CHECK(error_of(text, "\"balance\": \"20\"", "\"balance\": \"20.0000000001\"") ==
        "registry entry 6: balance is not a decimal number of at most 9 decimals");
  CHECK(error_of(text, "\"slot_ms\": 900000", "\"slot_ms\": 900000.0") ==
        "parameters: slot_ms is not a whole number");
  CHECK(error_of(text, "\"window\": 256", "\"window\": -1") ==
        "consensus: window is not between 0 and 4294967295");
  CHECK(error_of(text, "\"feature_level\": 4", "\"feature_level\": 0") ==
        "genesis: feature levels count from 1");
  CHECK(error_of(text, "\"slot_ms\": 900000", "\"slot_ms\": 420000") ==
        "genesis: slot: 1, 5, 15, 30 or 60 minutes");
  CHECK(error_of(text, "\"owner\": \"Resident:H01\"", "\"owner\": \"Resident:H02\"") ==
        "genesis: registry entry 9: The asset CO_H02 of Resident:H02 already exists");
  auto few = full_genesis();
  few.members.pop_back();
  CHECK(check_genesis(few).error().detail() == "a chain has 4 to 64 members");
  auto ruled = full_genesis();
  ruled.parameters.clearing_rule = "french_dynamic";
  CHECK(check_genesis(ruled).ok());
  ruled.feature_level = 3;
  CHECK(check_genesis(ruled).error().detail() ==
        "clearing_rule french_dynamic needs feature level 4");
  auto twins = full_genesis();
  twins.members[1].gateway_key = twins.members[0].gateway_key;
  CHECK_FALSE(check_genesis(twins).ok());
  auto transfer = full_genesis();
  transfer.registry.push_back(TransferCoinsToEV{coins("1"), h01, vehicle});
  CHECK_FALSE(check_genesis(transfer).ok());
}

TEST_CASE("a genesis from level 4 on may hold a network, with which the chain starts") {
  auto with_network = full_genesis();
  SetNetwork network;
  NetworkZone root;
  root.id = "street";
  root.fees = {{price("0.007"), 50'000, {{0x21, 480, 1'200}}}, {price("0.001"), 0, {}}};
  root.loss_nano = 1'000'000;
  NetworkZone east{"east", 0U, {}, 12'500'000, Energy::from_nano(5), Energy::from_nano(6)};
  network.zones = {root, east};
  network.members = {{h01, 1}};
  network.losses = {{0, 1, 3'000'000}};
  with_network.registry.push_back(network);
  with_network.feature_level = 3;
  REQUIRE_FALSE(check_genesis(with_network).ok());
  CHECK(check_genesis(with_network).error().detail().find("needs feature level 4") !=
        std::string::npos);
  with_network.feature_level = 4;
  const auto read = Genesis::from_json(with_network.to_json());
  REQUIRE_MESSAGE(read.ok(), read.error().detail());
  CHECK(read->hash() == with_network.hash());
  CHECK(std::get<SetNetwork>(read->registry.back()) == network);
  const auto records = genesis_records(with_network);
  REQUIRE(records);
  const auto kept = [&](std::uint64_t version) {
    return std::any_of(records->begin(), records->end(), [&](const StateWrite& write) {
      return write.key == state_key::Builder(StateTable::network).u64(version).take();
    });
  };
  CHECK(kept(1));
  const auto text = with_network.to_json();
  CHECK(error_of(text, "\"tariff_ppm\": 50000", "\"tariff_ppm\": -1")
            .find("tariff_ppm is out of range") != std::string::npos);
  CHECK(error_of(text, "\"zones\"", "\"levels\"").find("zones is missing") != std::string::npos);
}

TEST_CASE("the genesis state holds the registry, the clock, the members and their keys") {
  const Chain chain(full_genesis());
  const auto& state = chain.machine.state();
  CHECK(find_participant(state, h01)->buy_rate == default_rate);
  CHECK(find_supplier(state)->ref == utility);
  const auto meter = find_meter(state, MeterId::parse("M01").value());
  REQUIRE(meter.has_value());
  CHECK(meter->active_from == created);
  CHECK(meters_of(state, h01).size() == 2);
  CHECK(members(state, 0) == chain.machine.genesis().members);
  CHECK(parameters(state).credit_limit == coins("50"));
  CHECK(island_time(state) == created);
  CHECK(find_criteria(state, h01, created)->sell_price == price("0.1"));
  CHECK(find_binding(state, key(gateway_0).public_key(), "gateway:peer-0")->has(Scope::gateway));
  CHECK(chain.machine.head().height == 0);
  CHECK(chain.machine.head_hash() == chain.hash);
  CHECK(chain.machine.head().state_root == chain.machine.state_root());
  CHECK(chain.machine.check_invariants().ok());
}
