#include <doctest/doctest.h>

#include "ledger/history.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slot_explanation.hpp"
#include "ledger/slots.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;
using test::resident;

constexpr std::int64_t first_slot_ms = 1'571'648'400'000;  // 2019-10-21T09:00:00Z
constexpr std::int64_t slot_ms = 900'000;

void keep(Door& door, const ledger::HistoryRow& row) {
  door.chain->history.tables[row.table][row.key] = *row.value;
}

/// A market of `slots` settled slots with two trades each.
void settle(Door& door, int slots) {
  auto& state = door.chain->state;
  ledger::put_parameters(state, ledger::Parameters{});
  ledger::start_market(state, {first_slot_ms}, slot_ms);
  ledger::put_clock(state, {{first_slot_ms}, {first_slot_ms + slots * slot_ms}});
  for (int i = 0; i < slots; ++i) {
    ledger::SlotRow row;
    row.start = {first_slot_ms + i * slot_ms};
    row.rule = "pay_as_clear";
    row.clearing_price = Price::from_nano(140'000'000);
    row.imported = Energy::from_nano(2'000'000'000);
    row.exported = Energy::from_nano(1'500'000'000);
    row.traded = Energy::from_nano(1'500'000'000);
    row.from_utility = Energy::from_nano(500'000'000);
    row.trades = 2;
    keep(door, ledger::slot_row(row));
    for (std::uint32_t index = 0; index < 2; ++index) {
      ledger::TradeRow trade;
      trade.slot = row.start;
      trade.index = index;
      trade.trade.buyer = resident("H01");
      trade.trade.seller = resident(index == 0 ? "H02" : "H03");
      trade.trade.energy = Energy::from_nano(750'000'000);
      trade.trade.price = Price::from_nano(140'000'000);
      trade.trade.amount = Coins::from_nano(105'000'000);
      keep(door, ledger::trade_row(trade));
    }
  }
}

}  // namespace

TEST_CASE("a slot has the agreed shape and can be named by time or milliseconds") {
  Door door;
  settle(door, 2);
  const auto json = door.get("/v1/slots/2019-10-21T09:00:00Z")->json();
  for (const auto* field : {"start", "state", "rule", "clearing_price", "imported_kwh",
                            "exported_kwh", "traded_kwh", "from_island_kwh", "to_island_kwh",
                            "from_utility_kwh", "to_utility_kwh", "missing_meters"}) {
    CAPTURE(field);
    CHECK(json.contains(field));
  }
  CHECK(json["clearing_price"] == "0.14");
  CHECK(json["imported_kwh"] == "2");
  CHECK(json["from_utility_kwh"] == "0.5");
  CHECK(json["missing_meters"] == 0);
  CHECK(door.get("/v1/slots/" + std::to_string(first_slot_ms))->json() == json);
  CHECK(door.get("/v1/slots/2019-10-21T09:00:01Z")->response.status == 404);
  CHECK(door.get("/v1/slots/2019-10-20T09:00:00Z")->response.status == 404);
  CHECK(door.get("/v1/slots/now")->response.status == 400);
  CHECK(door.get("/v1/slots/-1")->response.status == 400);
  CHECK(door.get("/v1/slots/99999999999999999999")->response.status == 400);
}

TEST_CASE("slots come newest first in pages that cover each once") {
  Door door;
  settle(door, 25);
  std::vector<std::string> starts;
  std::string target = "/v1/slots?limit=10";
  for (int page = 0; page < 3; ++page) {
    const auto json = door.get(target)->json();
    for (const auto& slot : json["items"]) starts.push_back(slot["start"]);
    if (page < 2) {
      target = "/v1/slots?limit=10&to=" + json["next"].get<std::string>();
    } else {
      CHECK(json["next"].is_null());
    }
  }
  REQUIRE(starts.size() == 25);
  CHECK(starts.front() == "2019-10-21T15:00:00Z");
  CHECK(starts.back() == "2019-10-21T09:00:00Z");
  CHECK(std::adjacent_find(starts.begin(), starts.end(), std::less_equal<>()) == starts.end());
  CHECK(door.get("/v1/slots?from=2019-10-21T14:00:00Z&to=2019-10-21T15:00:00Z")
            ->json()["items"]
            .size() == 4);
  CHECK(door.get("/v1/slots?from=2020-01-01T00:00:00Z&to=2019-01-01T00:00:00Z")->response.status ==
        400);
  CHECK(door.get("/v1/slots?from=soon")->response.status == 400);
}

TEST_CASE("trades have the agreed shape and come in pages that cover each once") {
  Door door;
  settle(door, 3);
  const auto json = door.get("/v1/trades")->json();
  REQUIRE(json["items"].size() == 6);
  auto first = json["items"][0];
  first.erase("state");
  CHECK(first == Json::parse(R"({"id":"1571648400000-0","slot":"2019-10-21T09:00:00Z",
    "buyer":"Resident:H01","seller":"Resident:H02","energy_kwh":"0.75","price":"0.14",
    "amount":"0.105","fees":"0","loss":"0","loss_kwh":"0","venue":"local",
    "forward":false,"buyer_margin":"0","seller_margin":"0"})"));
  std::vector<std::string> seen;
  std::string target = "/v1/trades?limit=4";
  for (int page = 0; page < 2; ++page) {
    const auto part = door.get(target)->json();
    for (const auto& trade : part["items"]) seen.push_back(trade["id"]);
    if (page == 0) {
      target = "/v1/trades?limit=4&after=" + part["next"].get<std::string>();
    } else {
      CHECK(part["next"].is_null());
    }
  }
  CHECK(seen.size() == 6);
  CHECK(std::adjacent_find(seen.begin(), seen.end(), std::greater_equal<>()) == seen.end());
  CHECK(door.get("/v1/trades?venue=utility")->json()["items"].empty());
  CHECK(door.get("/v1/trades?from=2019-10-21T09:30:00Z")->json()["items"].size() == 2);
  for (const auto* query : {"venue=moon", "after=x", "after=1-x", "after=1",
                            "participant=", "limit=100000", "from=1e400"}) {
    CAPTURE(query);
    CHECK(door.get("/v1/trades?" + std::string(query))->response.status == 400);
  }
}

TEST_CASE("the neighbourhood's figures are those of its bills, its peak and its books") {
  Door door;
  settle(door, 2);
  for (int i = 0; i < 2; ++i) {
    ledger::ParticipantSlotRow row;
    row.participant = resident("H01");
    row.slot = {first_slot_ms + i * slot_ms};
    row.supply.supplier = *ParticipantId::parse("EEM");
    row.supply.tariff = Price::from_nano(200'000'000);
    row.settled.imported = Energy::from_nano(2'000'000'000 + i);
    row.settled.bought = Energy::from_nano(1'500'000'000);
    row.settled.from_utility = Energy::from_nano(500'000'000 + i);
    row.settled.paid = Coins::from_nano(150'000'000);
    row.settled.utility_charge = Coins::from_nano(100'000'000);
    keep(door, ledger::participant_slot_row(row));
  }
  ledger::SlotBookRow book{{first_slot_ms}, {}};
  const auto energy = Energy::from_nano(nano_per_unit);
  book.orders = {{resident("H01"), ledger::OrderSide::buy, false, false,
                  Price::from_nano(200'000'000), energy, energy},
                 {resident("H02"), ledger::OrderSide::sell, false, false,
                  Price::from_nano(50'000'000), energy, energy}};
  keep(door, ledger::slot_book_row(book));
  const auto json = door.get("/v1/kpis?from=2019-10-21T00:00:00Z&to=2019-10-22T00:00:00Z")->json();
  CHECK(json["settled_slots"] == 2);
  CHECK(json["traded_kwh"] == "3");
  CHECK(json["self_sufficiency"] == "0.75");
  CHECK(json["self_consumption"].is_null());
  CHECK(json["peak_kw"] == "2");  // from the utility, of the slots' rows
  CHECK(json["welfare_coins"] == "0.15");
  CHECK(json["welfare_possible_coins"] == "0.15");
  CHECK(json["welfare_slots"] == 1);
  CHECK(json["co2_kg"] == "0.613");  // 1 kWh at 490 g and 3 at 41, in whole grams
  REQUIRE(json["homes"].size() == 1);
  CHECK(json["homes"][0]["participant"] == "Resident:H01");
  CHECK(json["homes"][0]["peak_kw"] == "8.000000004");
  CHECK(json["homes"][0]["peak_slot"] == "2019-10-21T09:15:00Z");
  for (const auto* query : {"from=2017-01-01T00:00:00Z&to=2019-01-01T00:00:00Z",
                            "from=2019-01-02T00:00:00Z&to=2019-01-01T00:00:00Z", "from=x"}) {
    CHECK(door.get("/v1/kpis?" + std::string(query))->response.status == 400);
  }
}

TEST_CASE("bills sum what each participant bought and sold") {
  Door door;
  settle(door, 2);
  for (int i = 0; i < 2; ++i) {
    ledger::ParticipantSlotRow row;
    row.participant = resident("H01");
    row.slot = {first_slot_ms + i * slot_ms};
    row.supply.tariff = Price::from_nano(162'900'000);
    row.settled.imported = Energy::from_nano(1'000'000'000);
    row.settled.bought = Energy::from_nano(600'000'000);
    row.settled.from_utility = Energy::from_nano(400'000'000);
    row.settled.paid = Coins::from_nano(84'000'000);
    row.settled.utility_charge = Coins::from_nano(65'160'000);
    keep(door, ledger::participant_slot_row(row));
  }
  const auto json = door.get("/v1/bills?from=2019-10-21T00:00:00Z&to=2019-10-22T00:00:00Z")->json();
  REQUIRE(json["items"].size() == 1);
  const auto& bill = json["items"][0];
  CHECK(bill["participant"] == "Resident:H01");
  CHECK(bill["imported_kwh"] == "2");
  CHECK(bill["bought"] ==
        Json::parse(R"({"energy_kwh":"1.2","amount_coins":"0.168","mean_price":"0.14"})"));
  CHECK(bill["from_utility"]["energy_kwh"] == "0.8");
  CHECK(bill["cost_coins"] == "0.29832");
  CHECK(bill["cost_without_market_coins"] == "0.3258");
  CHECK(bill["savings_coins"] == "0.02748");
  CHECK(bill["self_consumption"].is_null());
  CHECK(json["next"].is_null());
  CHECK(json["community"]["settled_slots"] == 2);
  CHECK(json["community"]["traded_kwh"] == "3");
  CHECK(door.get("/v1/bills?to=2019-10-21T09:15:00Z")->json()["items"][0]["imported_kwh"] == "1");
  CHECK(door.get("/v1/bills")->json()["items"][0]["slots"] == 2);
  CHECK(door.get("/v1/bills?participant=H02")->json()["items"].empty());
  CHECK(door.get("/v1/bills?from=2017-01-01T00:00:00Z&to=2019-01-01T00:00:00Z")->response.status ==
        400);
}

}  // namespace powershare::gateway
