#include <doctest/doctest.h>

#include "gateway/household/bill_pdf.hpp"
#include "gateway/household/bill_why.hpp"
#include "tests/unit/gateway/account_door.hpp"

namespace powershare::gateway {
namespace {

using ledger::test::h01;
using ledger::test::h02;
using test::AccountDoor;
using test::holds;
using test::Json;

/// Coins in 1e-9 of one, from a JSON number.
std::int64_t nano_of(const Json& number) {
  return parse_nano(number.dump()).value();
}

/// Four slots: H01 sells to H02 in the first and the third, then both draw.
void four_slots(AccountDoor& door) {
  door.chain.slot("-1", "3", "1.5");
  door.chain.slot("0.5", "0");
  door.chain.slot("-2.123456789", "0.987654321", "2.5");
  door.chain.slot("0.25", "0.75");
}

std::string pdf(AccountDoor& door, const ledger::ParticipantRef& who, const std::string& language) {
  const auto reply =
      door.get(who, "/etms/bills?month=2019-10&format=pdf&language=" + language)->response;
  REQUIRE(reply.status == 200);
  CHECK(reply.content_type == "application/pdf");
  return reply.body;
}

}  // namespace

TEST_CASE("the lines of a bill sum to its cost, to the nano, in JSON and in CSV") {
  AccountDoor door;
  four_slots(door);
  for (const auto& who : {h01, h02}) {
    const auto bill = door.get(who, "/etms/bills?month=2019-10")->json();
    std::int64_t sum = 0;
    for (const auto& line : bill["lines"]) sum += nano_of(line["amount_coins"]);
    CHECK(sum == nano_of(bill["cost_coins"]));
    CHECK(bill["lines"].size() >= 2);
    const auto csv = door.get(who, "/etms/bills?month=2019-10&format=csv")->response;
    CHECK(csv.content_type == "text/csv; charset=utf-8; header=present");
    for (const auto& line : bill["lines"]) {
      const auto row = line["line"].get<std::string>() + "," +
                       line["counterparty_type"].get<std::string>() + ",";
      CHECK_MESSAGE(holds(csv.body, row), row);
      CHECK(holds(csv.body, "," + format_nano(nano_of(line["amount_coins"])) + "\r\n"));
    }
    CHECK(holds(csv.body, "\r\ncost,,,,," + format_nano(nano_of(bill["cost_coins"])) + "\r\n"));
  }
}

TEST_CASE("a bill says how much power, which emissions, and in which block it was last changed") {
  AccountDoor door;
  four_slots(door);
  const auto bill = door.get(h02, "/etms/bills?month=2019-10")->json();
  CHECK(bill["peak_kw"] == 12);
  CHECK(bill["peak_slot"] == "2019-10-21T00:00:00Z");
  // 1.987654321 of 4.737654321 kWh came from H01's plant, the rest from the utility.
  CHECK(bill["co2_kg"] == 1.428);
  CHECK(bill["co2_avoided_kg"] == 0.893);
  CHECK(bill["proof"]["height"] == door.chain.blocks.back().header.height);
  CHECK(bill["proof"]["block"] == crypto::to_hex(door.chain.blocks.back().header.hash()));
  CHECK(door.get(h02, "/etms/bills?month=2019-09")->json()["proof"].is_null());
}

TEST_CASE("equal bills give equal pages, byte for byte, at two peers") {
  AccountDoor first;
  AccountDoor second;
  four_slots(first);
  four_slots(second);
  const auto page = pdf(first, h02, "en");
  CHECK(page.starts_with("%PDF-"));
  CHECK(page == pdf(second, h02, "en"));
  CHECK(page == pdf(first, h02, "en"));
  CHECK(page != pdf(first, h02, "pt"));
  CHECK(page != pdf(first, h01, "en"));
  first.chain.slot("0", "0.001");
  CHECK(page != pdf(first, h02, "en"));
}

TEST_CASE("a bill comes in the formats and languages that there are") {
  AccountDoor door;
  four_slots(door);
  for (const auto* query : {"format=xls", "format=pdf&language=de", "language="}) {
    CHECK(door.get(h02, "/etms/bills?" + std::string(query))->response.status == 400);
  }
  CHECK(!pdf(door, h01, "pt").empty());
  // An empty month has a page, too.
  CHECK(door.get(h02, "/etms/bills?month=2019-09&format=pdf")->response.status == 200);
}

TEST_CASE("lines of many price bands are told as one; fees stand by level") {
  ledger::BillTotals totals;
  for (std::int64_t band = 1; band <= 7; ++band) {
    totals.parts[{ledger::LineKind::bought, ledger::ParticipantType::resident,
                  Price::from_nano(band)}] = {Energy::from_nano(2'000'000'000),
                                              Coins::from_nano(100'000'000)};
  }
  totals.level_fees["feeder"] = Coins::from_nano(30);
  totals.losses = Coins::from_nano(4);
  totals.lost = Energy::from_nano(20);
  const auto many = household::bill_entries(totals);
  REQUIRE(many.size() == 3);
  CHECK(!many[0].band);
  CHECK(many[0].energy->nano() == 14'000'000'000);
  CHECK(many[0].amount.nano() == 700'000'000);
  CHECK(many[0].mean_price->nano() == 50'000'000);
  CHECK(many[1].line == "network_fee");
  CHECK(many[1].level == "feeder");
  CHECK(many[2].line == "losses");
  totals.parts.erase(totals.parts.begin());
  CHECK(household::bill_entries(totals).size() == 8);
}

TEST_CASE("figures are shown with two decimals, rounded half to even, in the language's way") {
  using household::Language;
  using household::shown;
  CHECK(shown(Language::english, 1'005'000'000, 2) == "1.00");
  CHECK(shown(Language::english, 1'015'000'001, 2) == "1.02");
  CHECK(shown(Language::portuguese, -81'450'000, 2) == "-0,08");
  CHECK(shown(Language::english, 0, 2) == "0.00");
  CHECK(shown(Language::english, 5'000'000'000, 0) == "5");
}

TEST_CASE("the slots behind a number of a bill sum to it, whatever the page") {
  AccountDoor door;
  four_slots(door);
  const auto sum = [&](const ledger::ParticipantRef& who, const std::string& query) {
    std::int64_t coins = 0;
    std::int64_t energy = 0;
    std::string after;
    Json page;
    do {
      page = door.get(who, "/etms/bills/2019-10/why?limit=1" + after + "&" + query)->json();
      REQUIRE_MESSAGE(page.contains("items"), query);
      CHECK(page["items"].size() <= 1);
      for (const auto& item : page["items"]) {
        coins += nano_of(item["amount_coins"]);
        energy += nano_of(item["energy_kwh"]);
      }
      if (!page["next"].is_null()) after = "&after=" + page["next"].get<std::string>();
    } while (!page["next"].is_null());
    CHECK(coins == nano_of(page["amount_coins"]));
    CHECK(energy == nano_of(page["energy_kwh"]));
    return std::pair(coins, energy);
  };
  for (const auto& who : {h01, h02}) {
    const auto bill = door.get(who, "/etms/bills?month=2019-10")->json();
    CHECK(sum(who, "line=cost").first == nano_of(bill["cost_coins"]));
    CHECK(sum(who, "line=savings").first == nano_of(bill["savings_coins"]));
    CHECK(sum(who, "line=cost_without_market").first == nano_of(bill["cost_without_market_coins"]));
    CHECK(sum(who, "line=consumption").second == nano_of(bill["consumption_kwh"]));
    CHECK(sum(who, "line=peak").second * 4 == nano_of(bill["peak_kw"]));
    CHECK(sum(who, "line=coins").first ==
          nano_of(bill["closing_coins"]) - nano_of(bill["opening_coins"]));
    for (const auto& line : bill["lines"]) {
      const auto query = "line=" + line["line"].get<std::string>() +
                         "&counterparty=" + line["counterparty_type"].get<std::string>() +
                         "&band=" + format_nano(nano_of(line["band_coins_per_kwh"]));
      const auto parts = sum(who, query);
      CHECK(parts.first == nano_of(line["amount_coins"]));
      CHECK(parts.second == nano_of(line["energy_kwh"]));
    }
  }
  for (const auto* query : {"", "?line=everything", "?line=cost&limit=0", "?line=cost&after=x",
                            "?line=bought&counterparty=Neighbour", "?line=bought&band=cheap"}) {
    CHECK(door.get(h01, "/etms/bills/2019-10/why" + std::string(query))->response.status == 400);
  }
  CHECK(door.get(h01, "/etms/bills/october/why?line=cost")->response.status == 400);
}

TEST_CASE("every line and figure of a bill can be asked about") {
  const ledger::BillTotals totals;
  for (const auto name : household::figure_names()) {
    if (name == "coins" || name == "due") continue;
    CHECK(household::figure_of(totals, {std::string(name), {}, {}, {}}).ok());
  }
  for (const auto* line : {"bought", "correction_to_utility", "network_fee", "losses"}) {
    CHECK(household::figure_of(totals, {line, {}, {}, {}}).ok());
  }
  CHECK(!household::figure_of(totals, {"", {}, {}, {}}).ok());
}

TEST_CASE("a slot says why this price, whom one traded with, and what it were without the market") {
  AccountDoor door;
  four_slots(door);
  const auto why = door.get(h02, "/etms/slots/2019-10-21T00:00:00Z/why")->json();
  CHECK(why["rule"] == "pay_as_clear");
  CHECK(why["bought_kwh"] == 1);
  CHECK(why["imported_kwh"] == 3);
  CHECK(why["savings_coins"] == 0);
  const auto& book = why["book"];
  CHECK(book["wanted_kwh"] == 3);
  CHECK(book["offered_kwh"] == 1);
  CHECK(book["matched_kwh"] == 1);
  REQUIRE(book["own_orders"].size() == 1);
  CHECK(book["own_orders"][0]["outcome"] == "at_the_margin");
  CHECK(book["own_orders"][0]["better"]["orders"] == 0);
  CHECK(book["lowest_price_coins_per_kwh"] == 0.1629);
  REQUIRE(why["trades"].size() == 2);
  CHECK(why["trades"][0]["counterparty"] == "Resident:H01");
  CHECK(why["trades"][0]["reason"] == "one_price_for_all");
  CHECK(why["trades"][1]["reason"] == "rest_from_utility");
  // The third household of the other side sees its own only.
  const auto seller = door.get(h01, "/etms/slots/2019-10-21T00:00:00Z/why")->json();
  CHECK(seller["trades"].size() == 1);
  CHECK(seller["book"]["own_orders"][0]["outcome"] == "all");
  CHECK(door.get(h01, "/etms/slots/2019-10-21T07:00:00Z/why")->response.status == 404);
  CHECK(door.get(h01, "/etms/slots/then/why")->response.status == 400);
}

}  // namespace powershare::gateway
