#include <doctest/doctest.h>

#include <random>

#include "tests/unit/gateway/account_door.hpp"

namespace powershare::gateway {
namespace {

using ledger::test::h01;
using ledger::test::h02;
using ledger::test::nano;
using test::AccountDoor;
using test::holds;
using test::Json;

/// A number of a JSON text as it stands there, in nano-units.
std::int64_t number_after(const std::string& text, std::string_view name, std::size_t from = 0) {
  const auto key = "\"" + std::string(name) + "\":";
  const auto at = text.find(key, from);
  REQUIRE(at != std::string::npos);
  const auto begin = at + key.size();
  return parse_nano_exact(text.substr(begin, text.find_first_of(",}]", begin) - begin)).value();
}

}  // namespace

TEST_CASE("a wallet shows coins, cash, dues and what is held") {
  AccountDoor door;
  door.chain.slot("-1", "3", "1.5");
  CHECK(
      door.send(h01, "POST", "/etms/wallet/withdraw", R"({"cash":2.000000001})")->response.status ==
      200);
  const auto reply = door.get(h01, "/etms/wallet");
  CHECK(holds(reply->response.body,
              R"("coins":20.1629,"energy_kwh":3,"due_coins":0,"cash":[{"currency":"EUR",)"
              R"("amount":12.999999999}],"held":{"coins":0,"cash":[{"currency":"EUR",)"
              R"("amount":2.000000001}]},"vehicles":[{"id":"V1","coins":100}],"open_requests":1)"));
}

TEST_CASE("coins are bought and sold at the bank's rate of one") {
  AccountDoor door;
  CHECK(door.send(h01, "POST", "/etms/wallet/buy", R"({"coins":5})")->response.status == 200);
  CHECK(door.chain.balance(h01, "CO") == "25");
  CHECK(door.chain.balance(h01, "CA:EUR") == "10");
  CHECK(door.send(h01, "POST", "/etms/wallet/sell", R"({"coins":"0.5","currency":"EUR"})")
            ->response.status == 200);
  CHECK(door.chain.balance(h01, "CO") == "24.5");
  CHECK(door.chain.balance(h01, "CA:EUR") == "10.5");
  const auto refused = door.send(h01, "POST", "/etms/wallet/buy", R"({"coins":11})");
  CHECK(refused->response.status == 422);
  CHECK(refused->json()["error"]["message"] == "Insufficient cash in resident account");
  CHECK(door.send(h01, "POST", "/etms/wallet/buy", R"({"coins":1,"currency":"USD"})")
            ->json()["error"]["code"] == "no_bank");
  for (const auto* body : {R"({"coins":0})", R"({"coins":-1})", R"({})", R"({"coins":"much"})",
                           R"({"coins":1,"bank":"B1"})", R"({"coins":1,"currency":"euro"})"}) {
    CAPTURE(body);
    CHECK(door.send(h01, "POST", "/etms/wallet/buy", body)->response.status == 400);
  }
}

TEST_CASE("coins go to a vehicle and come back from an own one") {
  AccountDoor door;
  CHECK(door.send(h02, "POST", "/etms/ev/V1/transfer", R"({"coins":3,"direction":"to_vehicle"})")
            ->response.status == 200);
  CHECK(door.send(h01, "POST", "/etms/ev/V1/transfer", R"({"coins":40,"direction":"from_vehicle"})")
            ->response.status == 200);
  CHECK(door.chain.balance(ledger::test::vehicle, "CO") == "63");
  CHECK(door.chain.balance(h01, "CO") == "60");
  CHECK(door.send(h02, "POST", "/etms/ev/V1/transfer", R"({"coins":1,"direction":"from_vehicle"})")
            ->response.status == 422);
  CHECK(door.send(h01, "POST", "/etms/ev/V1/transfer", R"({"coins":1,"direction":"up"})")
            ->response.status == 400);
}

TEST_CASE("cash requests go from the household to the administrator's desk and back") {
  AccountDoor door;
  const auto asked = door.send(h01, "POST", "/etms/wallet/fund", R"({"cash":7.5})")->json();
  const auto id = asked["transaction"].get<std::string>();
  CHECK(door.send(h02, "POST", "/etms/wallet/withdraw", R"({"cash":4})")->response.status == 200);
  const auto own = door.get(h01, "/etms/wallet/requests")->json()["items"];
  REQUIRE(own.size() == 1);
  CHECK(own[0]["id"] == id);
  CHECK(own[0]["kind"] == "fund");
  CHECK(own[0]["cash"] == 7.5);

  const auto desk = [&](std::string_view target) {
    return door.ask(test::request_to("GET", target), std::nullopt, Role::administrator);
  };
  const auto first = desk("/v1/cash-requests?limit=1")->json();
  REQUIRE(first["items"].size() == 1);
  const auto second = desk("/v1/cash-requests?after=" + first["next"].get<std::string>())->json();
  REQUIRE(second["items"].size() == 1);
  CHECK(second["next"].is_null());
  CHECK(first["items"][0]["participant"] != second["items"][0]["participant"]);
  CHECK(first["items"][0]["cash"].is_string());

  auto resolve = test::request_to("POST", "/v1/cash-requests/" + id);
  resolve.body = R"({"approved":true})";
  CHECK(door.ask(resolve, std::nullopt, Role::administrator)->response.status == 200);
  CHECK(door.chain.balance(h01, "CA:EUR") == "22.5");
  CHECK(door.ask(resolve, std::nullopt, Role::administrator)->response.status == 404);
  resolve.body = R"({"approved":1})";
  CHECK(door.ask(resolve, std::nullopt, Role::administrator)->response.status == 400);

  const auto other =
      door.get(h02, "/etms/wallet/requests")->json()["items"][0]["id"].get<std::string>();
  CHECK(door.send(h01, "DELETE", "/etms/wallet/requests/" + other, "")->response.status == 404);
  CHECK(door.send(h02, "DELETE", "/etms/wallet/requests/" + other, "")->response.status == 200);
  CHECK(door.chain.balance(h02, "CA:EUR") == "15");
  CHECK(door.send(h02, "DELETE", "/etms/wallet/requests/xyz", "")->response.status == 400);

  const auto news = door.get(h01, "/etms/notifications")->json()["items"];
  REQUIRE(news.size() == 1);
  CHECK(news[0]["kind"] == "cash_request_approved");
  CHECK(news[0]["request"] == id);
  CHECK(news[0]["cash"] == 7.5);
}

TEST_CASE("the month's bill has savings and what the household has earned so far") {
  AccountDoor door;
  door.chain.slot("-1", "3", "1.5");
  door.chain.slot("0.5", "0");
  const auto reply = door.get(h01, "/etms/bills?month=2019-10");
  const auto& body = reply->response.body;
  CHECK(number_after(body, "opening_coins") == nano("20"));
  CHECK(number_after(body, "closing_coins") == nano("20.08145"));
  CHECK(number_after(body, "cost_coins") == nano("-0.08145"));
  CHECK(number_after(body, "savings_coins") == nano("0.1629"));
  CHECK(number_after(body, "self_sufficiency") == nano("0.5"));
  CHECK(number_after(body, "earned_coins") == nano("0.1629"));
  CHECK(reply->json()["final"] == false);
  CHECK(reply->json()["final_on"] == "2019-11-08T00:00:00Z");
  const auto buyer = door.get(h02, "/etms/bills")->json();
  CHECK(buyer["month"] == "2019-10");
  CHECK(buyer["lifetime"]["bought_renewable_kwh"] == 1);
  CHECK(buyer["bought"]["mean_price"] == 0.1629);
  CHECK(buyer["is_tax_invoice"] == false);
  CHECK(door.get(h02, "/etms/bills?month=2019-11")->json()["slots"] == 0);
  for (const auto* month : {"2019-13", "2019", "2019-1", "october"}) {
    CHECK(door.get(h02, "/etms/bills?month=" + std::string(month))->response.status == 400);
  }
}

TEST_CASE("notifications come newest first, in pages that cover each once, with bills among them") {
  AccountDoor door;
  CHECK(
      door.send(h02, "PUT", "/etms/preferences", R"({"ranking":"named","low_balance_coins":19.9})")
          ->response.status == 200);
  door.chain.slot("0", "1");  // 19.8371
  for (int i = 0; i < 3; ++i) {
    const auto id = door.send(h02, "POST", "/etms/wallet/fund", R"({"cash":1})")
                        ->json()["transaction"]
                        .get<std::string>();
    auto resolve = test::request_to("POST", "/v1/cash-requests/" + id);
    resolve.body = R"({"approved":false})";
    REQUIRE(door.ask(resolve, std::nullopt, Role::administrator)->response.status == 200);
  }
  // October becomes final; the clock goes to 2019-11-20.
  auto& chain = door.chain;
  for (const auto days : {15, 30}) {
    chain.give(ledger::ClockStep{{ledger::test::created.value + days * millis_per_day}},
               ledger::test::feeder, "feeder");
  }
  // At most 4 slots are closed and 16 made final by a block.
  for (int i = 0; i < 60; ++i) chain.keep(chain.apply({}));
  const auto all = door.get(h02, "/etms/notifications")->json();
  std::vector<std::string> kinds;
  for (const auto& item : all["items"]) kinds.push_back(item["kind"]);
  CHECK(kinds == std::vector<std::string>{"bill_final", "cash_request_refused",
                                          "cash_request_refused", "cash_request_refused",
                                          "low_balance"});
  CHECK(all["items"][0]["month"] == "2019-10");
  CHECK(all["next"].is_null());
  std::vector<std::string> ids;
  std::string target = "/etms/notifications?limit=2";
  for (int page = 0; page < 3; ++page) {
    const auto json = door.get(h02, target)->json();
    for (const auto& item : json["items"]) ids.push_back(item["id"]);
    if (json["next"].is_null()) break;
    target = "/etms/notifications?limit=2&after=" + json["next"].get<std::string>();
  }
  REQUIRE(ids.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(ids[i] == all["items"][i]["id"]);
  CHECK(door.get(h02, "/etms/notifications?since=" + ids[3])->json()["unread"] == 2);
  CHECK(door.get(h02, "/etms/notifications?since=0.0")->json()["unread"] == 4);
  CHECK(door.get(h01, "/etms/notifications")->json()["items"].size() == 1);  // its bill
  for (const auto* query : {"after=1", "after=x.y.z", "since=7", "limit=0", "limit=201"}) {
    CHECK(door.get(h02, "/etms/notifications?" + std::string(query))->response.status == 400);
  }
}

TEST_CASE("what a household takes away is all there, and valid") {
  AccountDoor door;
  door.chain.slot("-1", "3", "1.5");
  const auto json = door.get(h02, "/etms/export")->json();
  CHECK(json["participant"] == "Resident:H02");
  CHECK(json["slots"].size() == 1);
  CHECK(json["readings"].size() == 1);
  CHECK(json["movements"].size() == 1);
  CHECK(json["meters"][0]["meter"] == "M2");
  CHECK(json["continues_from"].is_null());
  CHECK(!holds(json.dump(), "M1"));
  CHECK(door.get(h02, "/etms/export?from=2019-10-22T00:00:00Z")->json()["slots"].empty());

  const auto feed = door.get(h02, "/etms/export/green-button?date=2019-10-21");
  CHECK(feed->response.content_type.starts_with("application/atom+xml"));
  CHECK(holds(feed->response.body,
              "<espi:duration>900</espi:duration><espi:start>1571616000</espi:start>"
              "</espi:timePeriod><espi:value>3000000000</espi:value>"));
  CHECK(feed->response.body.ends_with("</feed>\n"));

  const auto desk = [&](std::string_view target, std::optional<Role> role) {
    return door.ask(test::request_to("GET", target), std::nullopt, role);
  };
  const auto egac = desk("/v1/exports/egac?month=2019-10", Role::operator_);
  CHECK(egac->response.body ==
        "CPE,meter,start (UTC),length (s),drawn (kWh),fed in (kWh),shared from the community "
        "(kWh),sharing coefficient (1)\r\n"
        "PT000200000000000M1,M1,2019-10-21T00:00:00Z,900,0,1,0,0\r\n"
        "PT000200000000000M2,M2,2019-10-21T00:00:00Z,900,3,0,1,1\r\n");
  CHECK(desk("/v1/exports/egac?month=2019-10&after=M1", Role::administrator)
            ->response.body.find("M1,") == std::string::npos);
  CHECK(desk("/v1/exports/egac", Role::operator_)->response.status == 400);
}

TEST_CASE("statements of days add up to the month's and to the ledger's balances, to the nano") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  AccountDoor door;
  REQUIRE(door.send(h02, "PUT", "/etms/preferences",
                    R"({"ranking":"named","top_up_below_coins":5,"top_up_amount_coins":3})")
              ->response.status == 200);
  for (int i = 0; i < 200; ++i) {  // two days and some
    const auto energy = [&] {
      const auto size = static_cast<std::int64_t>(random() % 900'000'000);
      return format_nano(random() % 2 == 0 ? size : -size);
    };
    door.chain.slot(energy().c_str(), energy().c_str());
    const auto amount = format_nano(1 + static_cast<std::int64_t>(random() % 200'000'000));
    switch (random() % 8) {
      case 0:
        door.send(h01, "POST", "/etms/wallet/buy", R"({"coins":)" + amount + "}");
        break;
      case 1:
        door.send(h02, "POST", "/etms/wallet/sell", R"({"coins":)" + amount + "}");
        break;
      case 2:
        door.send(h01, "POST", "/etms/wallet/withdraw", R"({"cash":)" + amount + "}");
        break;
      case 3:
        door.send(h02, "POST", "/etms/ev/V1/transfer",
                  R"({"direction":"to_vehicle","coins":)" + amount + "}");
        break;
      default:
        break;
    }
  }
  for (const auto& who : {h01, h02}) {
    CAPTURE(ledger::to_text(who));
    const auto text = [&](const std::string& query) {
      return door.get(who, "/etms/wallet/statement?" + query)->response.body;
    };
    const auto month = text("period=month&date=2019-10-21");
    for (const auto* asset : {"CO", "CA"}) {
      CAPTURE(asset);
      const auto of = [&](const std::string& body, std::string_view name) {
        const auto at = body.find("{\"asset\":\"" + std::string(asset) + "\"");
        REQUIRE(at != std::string::npos);
        return number_after(body, name, at);
      };
      auto running = of(month, "opening");
      std::int64_t income = 0;
      for (const auto* day : {"2019-10-21", "2019-10-22", "2019-10-23"}) {
        const auto body = text("period=day&date=" + std::string(day));
        CHECK(of(body, "opening") == running);
        running += of(body, "income_total") - of(body, "outgoings_total");
        CHECK(of(body, "closing") == running);
        income += of(body, "income_total");
      }
      CHECK(income == of(month, "income_total"));
      CHECK(running == of(month, "closing"));
      const auto name = std::string_view(asset) == "CO" ? "CO" : "CA:EUR";
      CHECK(format_nano(running) == door.chain.balance(who, name));
    }
  }
}

}  // namespace powershare::gateway
