#include <doctest/doctest.h>

#include "ledger/accounts.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using ledger::AccountClass;
using test::Door;
using test::Json;
using test::resident;

void add_resident(Door& door, std::string_view id) {
  ledger::ParticipantRecord record;
  record.participant.ref = resident(id);
  ledger::put_participant(door.chain->state, record);
}

void fund(Door& door, std::string_view id, std::int64_t nano) {
  const auto account = ledger::participant_account(resident(id), ledger::asset_coins);
  const std::vector<ledger::Posting> postings = {
      {account, nano},
      {ledger::system_account(AccountClass::bank_issue, ledger::asset_coins), -nano}};
  REQUIRE(ledger::post(door.chain->state, postings).ok());
}

/// Follows `next` to the end.
std::vector<std::string> all_pages(Door& door, const std::string& path, const char* name) {
  std::vector<std::string> names;
  std::string target = path;
  for (int page = 0; page < 100; ++page) {
    const auto json = door.get(target)->json();
    for (const auto& item : json["items"]) names.push_back(item[name]);
    if (json["next"].is_null()) return names;
    target = path + "&after=" + json["next"].get<std::string>();
  }
  FAIL("the pages do not end");
  return names;
}

}  // namespace

TEST_CASE("accounts have the agreed shape, of one owner or of all") {
  Door door;
  fund(door, "H01", 1'000'500'000'000);
  fund(door, "H02", 1);
  const auto json = door.get("/v1/accounts?owner=H01")->json();
  REQUIRE(json["items"].size() == 1);
  CHECK(json["items"][0] == Json::parse(R"({"id":"participant/Resident:H01/CO",
    "owner":"Resident:H01","class":"participant","asset":"CO","currency":null,
    "balance":"1000.5"})"));
  CHECK(json["next"].is_null());
  CHECK(door.get("/v1/accounts?owner=Resident:H02")->json()["items"][0]["balance"] ==
        "0.000000001");
  CHECK(door.get("/v1/accounts?owner=nobody")->json()["items"].empty());
  CHECK(door.get("/v1/accounts")->json()["items"].size() == 3);
  CHECK(all_pages(door, "/v1/accounts?limit=1", "id").size() == 3);
  for (const auto* query : {"owner=", "owner=Bank:", "limit=0", "after=x", "owned=H01"}) {
    CAPTURE(query);
    CHECK(door.get("/v1/accounts?" + std::string(query))->response.status == 400);
  }
  CHECK(door.get("/v1/accounts?owner=" + std::string(129, 'a'))->response.status == 400);
}

TEST_CASE("totals are zero per asset and tell the classes") {
  Door door;
  CHECK(door.get("/v1/ledger/totals")->json() == Json::object());
  fund(door, "H01", 250'000'000);
  const auto cash = ledger::asset_cash("EUR");
  const std::vector<ledger::Posting> postings = {
      {ledger::participant_account(resident("H01"), cash), 5'000'000'000},
      {ledger::system_account(AccountClass::fiat, cash), -5'000'000'000}};
  REQUIRE(ledger::post(door.chain->state, postings).ok());
  CHECK(door.get("/v1/ledger/totals")->json() ==
        Json::parse(R"({"CO":{"total":"0","classes":{"participant":"0.25","bank_issue":"-0.25"}},
                        "CA:EUR":{"total":"0","classes":{"participant":"5","fiat":"-5"}}})"));
  const auto account = door.get("/v1/accounts?owner=H01")->json()["items"];
  bool found = false;
  for (const auto& item : account)
    found = found || (item["asset"] == "CA" && item["currency"] == "EUR");
  CHECK(found);
}

TEST_CASE("participants come in pages, by type") {
  Door door;
  for (int i = 10; i < 35; ++i) add_resident(door, "H" + std::to_string(i));
  ledger::ParticipantRecord bank;
  bank.participant.ref = {ledger::ParticipantType::bank, *ParticipantId::parse("B1")};
  bank.participant.name = "Bank \"one\"";
  ledger::put_participant(door.chain->state, bank);
  CHECK(all_pages(door, "/v1/participants?limit=7", "id").size() == 26);
  CHECK(all_pages(door, "/v1/participants?limit=25&type=Resident", "id").size() == 25);
  const auto banks = door.get("/v1/participants?type=Bank")->json()["items"];
  REQUIRE(banks.size() == 1);
  CHECK(banks[0]["name"] == "Bank \"one\"");
  CHECK(banks[0]["type"] == "Bank");
  CHECK(banks[0]["buy_rate"] == "0.1629");
  CHECK(banks[0]["owner"].is_null());
  CHECK(door.get("/v1/participants?type=Robot")->response.status == 400);
  CHECK(door.get("/v1/participants?after=Resident:none")->response.status == 400);
}

TEST_CASE("meters tell their owner, kind and how far the ledger covers them") {
  Door door;
  ledger::MeterRecord meter;
  meter.meter = *MeterId::parse("m1");
  meter.owner = resident("H01");
  meter.plant_watts = 3'700;
  meter.kind = ledger::MeterKind::plant;
  meter.active_from = {1'571'648'400'000};
  ledger::put_meter(door.chain->state, meter);
  meter.meter = *MeterId::parse("m2");
  meter.owner = resident("H02");
  ledger::put_meter(door.chain->state, meter);
  const auto items = door.get("/v1/meters?owner=H01")->json()["items"];
  REQUIRE(items.size() == 1);
  CHECK(items[0] == Json::parse(R"({"meter":"m1","owner":"Resident:H01","public_key":null,
    "parent":null,"kind":"plant","plant_kw":"3.7","cpe":"","active_from":"2019-10-21T09:00:00Z",
    "retired":null,"in_ledger_through":0,"last_end":null,"standing":"trusted","reason":null,
    "standing_since":null,"noticed":[]})"));
  CHECK(all_pages(door, "/v1/meters?limit=1", "meter") == std::vector<std::string>{"m1", "m2"});
}

TEST_CASE("parameters carry their units and the chain's clocks") {
  Door door;
  ledger::Parameters parameters;
  parameters.credit_limit = Coins::from_nano(50'000'000'000);
  ledger::put_parameters(door.chain->state, parameters);
  ledger::put_clock(door.chain->state, {{1'571'648'400'000}, {1'571'648'400'500}});
  const auto json = door.get("/v1/parameters")->json();
  CHECK(json["slot_ms"] == 900'000);
  CHECK(json["credit_limit_coins"] == "50");
  CHECK(json["clearing_rule"] == "pay_as_clear");
  CHECK(json["gate_closure_ms"] == 300'000);
  CHECK(json["deviation_margin"] == "0.1");
  CHECK(json["island_time"] == "2019-10-21T09:00:00.500Z");
  CHECK(door.get("/v1/genesis")->json()["chain"] == "funchal");
  CHECK(door.get("/v1/genesis")->header("X-Genesis-Hash").size() == 64);
}

}  // namespace powershare::gateway
