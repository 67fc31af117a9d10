#include <doctest/doctest.h>

#include "crypto/merkle_list.hpp"
#include "tests/unit/gateway/account_door.hpp"

namespace powershare::gateway {
namespace {

using ledger::test::h01;
using ledger::test::h02;
using test::AccountDoor;
using test::Json;

ledger::Genesis certified() {
  auto start = ledger::test::level_three();
  start.feature_level = 4;
  start.parameters.origin = start.parameters.solarcoin = start.parameters.nrgcoin = true;
  start.parameters.clearing_rule = "optimal";
  start.parameters.final_after_ms = 0;
  return start;
}

crypto::Digest digest(const Json& hex) {
  const auto bytes = from_hex(hex.get<std::string>());
  REQUIRE(bytes.has_value());
  crypto::Digest result{};
  REQUIRE(bytes->size() == result.size());
  std::copy(bytes->begin(), bytes->end(), result.begin());
  return result;
}

/// H01 makes 3 kWh, uses 1 and feeds in 2; H02 draws 1.5.
std::string a_slot(AccountDoor& door) {
  const auto start = to_iso8601(door.chain.next);
  door.chain.slot("-2", "1.5", "3");
  return start;
}

}  // namespace

TEST_CASE("a household sees what its energy was made of") {
  AccountDoor door(certified());
  a_slot(door);
  door.chain.slot("1", "1");
  const auto reply = door.get(h01, "/etms/origin?period=day&date=2019-10-21");
  REQUIRE(reply->response.status == 200);
  const auto json = reply->json();
  CHECK(json["on"] == true);
  CHECK(json["sources"][0]["source"] == "solar");
  CHECK(json["sources"][0]["issued_kwh"] == 3);
  CHECK(json["sources"][0]["own_kwh"] == 1);
  CHECK(json["sources"][0]["sold_kwh"] == 1.5);
  CHECK(json["sources"][0]["fed_in_kwh"] == 0.5);
  CHECK(json["consumption_kwh"] == 2);
  CHECK(json["renewable_share"] == 0.5);
  CHECK(json["rewards"] == "solarcoin,nrgcoin");
  CHECK(json["nrgcoin"] == 1.5);
  CHECK(json["solarcoin"] == 0);
  CHECK(json["solarcoin_carry_kwh"] == 3);
  const auto other = door.get(h02, "/etms/origin?period=day&date=2019-10-21")->json();
  CHECK(other["sources"][0]["bought_kwh"] == 1.5);
  CHECK(other["renewable_share"] == 0.6);
  // The history's share is the certificates', not a guess by who has a plant.
  CHECK(door.get(h02, "/etms/history?date=2019-10-21")->json()["total"]["renewable_share"] == 0.6);
  CHECK(door.get(h02, "/etms/bills?month=2019-10")->json()["renewable_share"] == 0.6);
}

TEST_CASE("the chain's certificates are told by source, and that they are conserved") {
  AccountDoor door(certified());
  a_slot(door);
  const auto json = door.get({}, "/v1/origin")->json();
  CHECK(json["on"] == true);
  CHECK(json["conserved"] == true);
  CHECK(json["sources"][0]["issued_kwh"] == "3");
  CHECK(json["sources"][0]["held_kwh"] == "0");  // final at once
  CHECK(json["sources"][0]["claimed_kwh"] == "2.5");
  CHECK(json["sources"][0]["expired_kwh"] == "0.5");
  CHECK(json["sources"][1]["issued_kwh"] == "0");
  CHECK(json["nrgcoin"]["minted"] == "1.5");
  CHECK(json["nrgcoin"]["held"] == "1.5");
  AccountDoor without;
  without.chain.slot("-2", "1.5", "3");
  CHECK(without.get({}, "/v1/origin")->json()["on"] == false);
  CHECK(without.get(h01, "/etms/origin?date=2019-10-21")->json()["renewable_share"].is_null());
}

TEST_CASE("the allocation of a slot leads to the state root, and a household's own entry to it") {
  AccountDoor door(certified());
  const auto start = a_slot(door);
  const auto path = "/v1/slots/" + start + "/allocation";
  const auto all = door.get({}, path)->json();
  REQUIRE(all["entries"].size() == 2);
  CHECK(all["entries"][1]["bought_kwh"] == "1.5");
  const auto& head = door.chain.machine.head();
  CHECK(all["header_bytes"] == to_hex(head.encode()));
  CHECK(all["value"] == all["root"]);
  const auto key = *from_hex(all["key"].get<std::string>());
  crypto::SparseProof proof;
  for (const auto& sibling : all["siblings"]) proof.siblings.push_back(digest(sibling));
  const auto root = digest(all["root"]);
  proof.leaf = crypto::SparseLeaf{crypto::sha256(key), crypto::sha256(root)};
  CHECK(crypto::verify_sparse_proof(head.state_root, crypto::sha256(key), crypto::sha256(root),
                                    proof));
  const auto own = door.get(h02, path)->json();
  REQUIRE(own["entries"].size() == 1);
  CHECK(own["entries"][0]["participant"] == "Resident:H02");
  CHECK(own["entries"][0]["path"].size() == 1);
  CHECK(own["size"] == 2);
  CHECK(door.get({}, "/v1/slots/2018-01-01T00:00:00Z/allocation")->response.status == 404);
  CHECK(door.get({}, "/v1/slots/soon/allocation")->response.status == 400);
  door.prover.busy = true;
  CHECK(door.get(h02, path)->response.status == 503);
}

TEST_CASE("below level 4 nothing of a slot's allocation is kept") {
  AccountDoor door;
  const auto start = to_iso8601(door.chain.next);
  door.chain.slot("-2", "1.5", "3");
  CHECK(door.get({}, "/v1/slots/" + start + "/allocation")->response.status == 404);
  CHECK(door.get({}, "/v1/slots/" + start + "/certificate")->response.status == 404);
}

TEST_CASE("the certificate of an optimal slot has its book, its trades and its prices") {
  AccountDoor door(certified());
  const auto start = a_slot(door);
  const auto json = door.get({}, "/v1/slots/" + start + "/certificate")->json();
  CHECK(json["participants"].size() == 2);
  REQUIRE(json["orders"].size() == 2);
  CHECK(json["clearing"]["rule"] == "optimal");
  REQUIRE(json["clearing"]["trades"].size() == 1);
  CHECK(json["clearing"]["trades"][0]["energy"] == "1.5");
  CHECK(json["clearing"]["gap"] == "0");
  CHECK(json["clearing"]["surplus"] == json["clearing"]["bound"]);
  CHECK_FALSE(json["clearing"]["prices"].empty());
}

TEST_CASE("shares and tariffs are shown with what is in force") {
  auto start = certified();
  AccountDoor door(start);
  door.chain.slot("1", "1");
  ledger::SetShares shares;
  shares.from = {door.chain.next.value + ledger::test::slot_ms};
  shares.shares = {{h01, 250'000'000}, {h02, 750'000'000}};
  shares.pairs = {{h01, h02, 500'000'000}};
  const auto accepted = door.chain.as_administrator(shares);
  REQUIRE_MESSAGE(accepted.outcome == ledger::Outcome::applied, accepted.message);
  const auto json = door.get(h01, "/v1/shares")->json();
  REQUIRE(json["items"].size() == 1);
  CHECK(json["items"][0]["shares"][1]["share"] == "0.75");
  CHECK(json["items"][0]["pairs"][0]["consumer"] == "Resident:H02");
  CHECK(json["items"][0]["price"].is_null());

  ledger::SetTariff tariff;
  tariff.utility = ledger::test::utility.id;
  tariff.from = {door.chain.next.value + ledger::test::slot_ms};
  tariff.bands = {{"always", Price::from_nano(200'000'000), Price::from_nano(30'000'000), {}}};
  tariff.mix = {{ledger::EnergySource::hydro, 400'000}, {ledger::EnergySource::thermal, 600'000}};
  CHECK(door.chain.as_administrator(tariff).outcome == ledger::Outcome::applied);
  const auto before = door.get({}, "/v1/tariffs")->json()["items"][0];
  CHECK(before["price"] == "0.1629");
  CHECK(before["band"].is_null());
  door.chain.slot("1", "1");
  door.chain.slot("1", "1");
  const auto after = door.get({}, "/v1/tariffs")->json()["items"][0];
  CHECK(after["price"] == "0.2");
  CHECK(after["feed_in"] == "0.03");
  CHECK(after["band"] == "always");
  CHECK(after["supplies"] == true);
  CHECK(after["mix"][0]["source"] == "hydro");
  CHECK(after["mix"][0]["share"] == "0.4");
  // A slot that has begun is not priced anew.
  CHECK(door.chain.as_administrator(tariff).code == "bad_slot");
  shares.from = {door.chain.next.value + 1};
  CHECK(door.chain.as_administrator(shares).code == "bad_slot");
  CHECK(door.chain.as_administrator(ledger::SetSource{MeterId::parse("M7").value(), {}}).code ==
        "malformed");
}

}  // namespace powershare::gateway
