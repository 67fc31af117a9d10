#include <doctest/doctest.h>

#include "gateway/household/flow.hpp"
#include "tests/unit/gateway/account_door.hpp"

namespace powershare::gateway {
namespace {

using ledger::test::h01;
using ledger::test::h02;
using ledger::test::ref;
using test::AccountDoor;
using test::holds;
using test::Json;

/// 2019-10-21, 00:00 and 00:15 UTC. H01 feeds in 1 of 1.5 kWh, H02 draws 3; then H01 draws 0.5.
void two_slots(AccountDoor& door) {
  door.chain.slot("-1", "3", "1.5");
  door.chain.slot("0.5", "0");
}

}  // namespace

TEST_CASE("without a log-in no route of a household answers") {
  AccountDoor door;
  std::size_t residents = 0;
  for (const auto& route : door.router.routes()) {
    if (route.info.access != Access::resident) continue;
    ++residents;
    auto reply = std::make_shared<test::Reply>();
    Request request;
    request.http = test::request_to(route.info.method, route.info.pattern);
    route.handler(request, Responder(reply, {}));
    CAPTURE(route.info.pattern);
    CHECK(reply->response.status == 401);
    CHECK(!route.info.summary.empty());
  }
  CHECK(residents == 22);
}

TEST_CASE("the live picture says where power comes from and goes to, and how old it is") {
  AccountDoor door;
  CHECK(door.get(h01, "/etms/flow")->json()["source"] == "none");
  CHECK(door.get(h01, "/etms/flow")->json()["age_seconds"].is_null());
  door.chain.slot("-1", "3", "1.5");
  const auto seller = door.get(h01, "/etms/flow")->json();
  CHECK(seller["source"] == "reading");
  CHECK(seller["age_seconds"] == 0);
  CHECK(seller["sun_watts"] == 6000);
  CHECK(seller["home_watts"] == 2000);
  CHECK(seller["neighbours_watts"] == -4000);
  CHECK(seller["grid_watts"] == 0);
  CHECK(seller["flows"] == Json::parse(R"([{"from":"sun","to":"home","watts":2000},
                                           {"from":"sun","to":"neighbours","watts":4000}])"));
  const auto buyer = door.get(h02, "/etms/flow")->json();
  CHECK(buyer["home_watts"] == 12000);
  CHECK(buyer["neighbours_watts"] == 4000);
  CHECK(buyer["grid_watts"] == 8000);

  const auto meter = MeterId::parse("M1").value();
  door.live.time = {1'000'000};
  door.live.kept[meter] = LivePower{meter, {1'000'000 - 2'500}, 0, 700, 3'000, {}};
  const auto live = door.get(h01, "/etms/flow")->json();
  CHECK(live["source"] == "live");
  CHECK(live["age_seconds"] == 2);
  CHECK(live["home_watts"] == 2300);
  CHECK(live["grid_watts"] == -700);
  CHECK(live["neighbours_known"] == false);
  CHECK(door.get(h02, "/etms/flow")->json()["source"] == "reading");
  door.live.time = {1'000'000 + 5 * 60'000};  // the value is too old by now
  CHECK(door.get(h01, "/etms/flow")->json()["source"] == "reading");
}

TEST_CASE("edges carry all that sources give, the nearest first") {
  household::HomePower power;
  power.sun = 500;
  power.battery = -300;
  power.from_neighbours = 100;
  power.from_grid = 50;
  power.home = 600;
  power.car = 350;
  std::int64_t sum = 0;
  std::string text;
  for (const auto& edge : household::edges_of(power)) {
    sum += edge.watts;
    text += std::string(edge.from) + ">" + std::string(edge.to) + " ";
  }
  CHECK(sum == 950);
  CHECK(text == "sun>home battery>home battery>car neighbours>car grid>car ");
}

TEST_CASE("the history of a day has its slots, counterparties and sums, exact to the digit") {
  AccountDoor door;
  two_slots(door);
  const auto reply = door.get(h02, "/etms/history?period=day&date=2019-10-21");
  const auto json = reply->json();
  REQUIRE(json["buckets"].size() == 96);
  CHECK(json["from"] == "2019-10-21T00:00:00Z");
  CHECK(json["to"] == "2019-10-22T00:00:00Z");
  CHECK(holds(reply->response.body,
              R"("consumption_kwh":3,"production_kwh":0,"imported_kwh":3,"exported_kwh":0,)"
              R"("own_used_kwh":0,"bought":[{"counterparty":"Resident:H01","energy_kwh":1,)"
              R"("amount_coins":0.1629}],"sold":[],"from_utility_kwh":2,"to_utility_kwh":0,)"
              R"("deviation_charge_coins":0,"deviation_credit_coins":0,)"
              R"("cost_coins":0.4887,"earnings_coins":0,"renewable_share":0.333333333,"slots":1)"));
  CHECK(json["buckets"][1]["consumption_kwh"] == 0);
  CHECK(json["buckets"][1]["renewable_share"].is_null());
  CHECK(json["total"]["slots"] == 2);
  CHECK(json["settled_until"] == "2019-10-21T00:30:00Z");
  CHECK(json["complete"] == false);  // the day is not over
  CHECK(json["missing"].empty());
  const auto own = door.get(h01, "/etms/history?date=2019-10-21")->json()["total"];
  CHECK(own["consumption_kwh"] == 1);
  CHECK(own["own_used_kwh"] == 0.5);
  CHECK(own["renewable_share"] == 0.5);
  CHECK(own["sold"][0]["counterparty"] == "Resident:H02");
  CHECK(own["earnings_coins"] == 0.1629);
}

TEST_CASE("weeks have hours, months days and years months; none loses a slot") {
  AccountDoor door;
  two_slots(door);
  const std::pair<const char*, std::size_t> periods[] = {
      {"week", 168}, {"month", 31}, {"year", 12}};
  for (const auto& each : periods) {
    const std::string period = each.first;
    CAPTURE(period);
    const auto json = door.get(h02, "/etms/history?date=2019-10-27&period=" + period)->json();
    CHECK(json["buckets"].size() == each.second);
    CHECK(json["total"]["imported_kwh"] == 3);
  }
  CHECK(door.get(h02, "/etms/history?date=2019-10-27&period=day")->json()["total"]["slots"] == 0);
  CHECK(door.get(h02, "/etms/history?period=month&date=2019-10-01&bucket=hour")
            ->json()["buckets"]
            .size() == 744);
  for (const auto* query :
       {"period=decade", "date=2019-02-29", "date=21.10.2019", "date=2019-13-01", "date=1969-12-31",
        "bucket=minute", "format=xls", "period=year&bucket=slot", "date=2019-10-21T00:00:00Z"}) {
    CAPTURE(query);
    CHECK(door.get(h02, "/etms/history?" + std::string(query))->response.status == 400);
  }
}

TEST_CASE("a table for download has units in its header") {
  AccountDoor door;
  two_slots(door);
  const auto reply = door.get(h02, "/etms/history?period=month&date=2019-10-21&format=csv");
  CHECK(reply->response.content_type.starts_with("text/csv"));
  const auto& text = reply->response.body;
  CHECK(text.starts_with("start (UTC),end (UTC),consumption (kWh),"));
  CHECK(holds(text,
              "\r\n2019-10-21T00:00:00Z,2019-10-22T00:00:00Z,3,0,3,0,0,1,0,2,0,0,0,0.4887,0,"
              "0.333333333\r\n"));
}

TEST_CASE("a household without anything sees zeros") {
  AccountDoor door;
  const auto nobody = ref("Resident:N1");
  for (const auto* path :
       {"/etms/history", "/etms/wallet", "/etms/wallet/statement", "/etms/bills", "/etms/ranking",
        "/etms/notifications", "/etms/preferences", "/etms/export", "/etms/wallet/requests",
        "/etms/export/green-button", "/etms/flow"}) {
    CAPTURE(path);
    CHECK(door.get(nobody, path)->response.status == 200);
  }
  CHECK(door.get(nobody, "/etms/wallet")->json()["coins"] == 0);
  CHECK(door.get(nobody, "/etms/ranking")->json()["own"]["place"].is_null());
}

TEST_CASE("the ranking names who wants it, hides who does not, and shows oneself one's place") {
  AccountDoor door;
  two_slots(door);
  const auto first = door.get(h02, "/etms/ranking?week=2019-W43")->json();
  CHECK(first["items"] == Json::parse(R"([{"place":1,"participant":null,"percent":50,"own":false},
                        {"place":2,"participant":"Resident:H02","percent":33,"own":true}])"));
  CHECK(first["own"] == Json::parse(R"({"place":2,"percent":33,"readings_percent":100,
                                        "display":"anonymous"})"));
  const std::string rest = R"(,"low_balance_coins":0})";
  CHECK(
      door.send(h01, "PUT", "/etms/preferences", R"({"ranking":"named")" + rest)->response.status ==
      200);
  CHECK(door.get(h02, "/etms/ranking")->json()["items"][0]["participant"] == "Resident:H01");
  CHECK(door.send(h01, "PUT", "/etms/preferences", R"({"ranking":"hidden")" + rest)
            ->response.status == 200);
  const auto hidden = door.get(h02, "/etms/ranking")->json();
  REQUIRE(hidden["items"].size() == 1);
  CHECK(hidden["own"]["place"] == 1);
  CHECK(door.get(h01, "/etms/ranking")->json()["own"]["place"] == 1);
  CHECK(door.get(h01, "/etms/ranking?week=2019-W42")->json()["items"].empty());
  for (const auto* week : {"2019-43", "2019-W53", "2019-W00", "W43", "2019-W4x"}) {
    CHECK(door.get(h01, "/etms/ranking?week=" + std::string(week))->response.status == 400);
  }
}

TEST_CASE("a home with too few readings is not ranked") {
  AccountDoor door;
  two_slots(door);
  // Only H01 reports from now on; H02 is silent for more than a fifth.
  auto& chain = door.chain;
  for (int i = 0; i < 2; ++i) {
    ledger::ReadingBatch batch;
    batch.readings.push_back(test::Household::reading("M1", ++chain.number, chain.next, "0.5"));
    chain.next.value += ledger::test::slot_ms;
    chain.give(ledger::ClockStep{{chain.next.value + 6 * millis_per_minute}}, ledger::test::feeder,
               "feeder");
    chain.as_administrator(batch);
  }
  const auto json = door.get(h02, "/etms/ranking")->json();
  CHECK(json["items"].size() == 1);
  CHECK(json["own"]["place"].is_null());
  CHECK(json["own"]["readings_percent"] == 50);
  const auto history = door.get(h02, "/etms/history?date=2019-10-21")->json();
  CHECK(history["missing"] == Json::parse(R"([{"meter":"M2","seconds":1800}])"));
}

TEST_CASE("preferences are as they were set; what makes no sense is refused") {
  AccountDoor door;
  CHECK(door.get(h01, "/etms/preferences")->json() ==
        Json::parse(R"({"ranking":"anonymous","low_balance_coins":0,"top_up_below_coins":0,
                        "top_up_amount_coins":0})"));
  CHECK(door.send(h01, "PUT", "/etms/preferences",
                  R"({"ranking":"named","low_balance_coins":2.5,"top_up_below_coins":"1",
                      "top_up_amount_coins":10})")
            ->response.status == 200);
  CHECK(holds(door.get(h01, "/etms/preferences")->response.body, R"("low_balance_coins":2.5)"));
  CHECK(door.get(h01, "/etms/preferences")->json()["top_up_amount_coins"] == 10);
  for (const auto* body :
       {"", "[]", "{}", R"({"ranking":"first"})", R"({"ranking":1})",
        R"({"ranking":"named","low_balance_coins":-1})",
        R"({"ranking":"named","top_up_below_coins":1})", R"({"ranking":"named","colour":"red"})",
        R"({"ranking":"named","ranking":"hidden"})",
        R"({"ranking":"named","low_balance_coins":1e400})"}) {
    CAPTURE(body);
    CHECK(door.send(h01, "PUT", "/etms/preferences", body)->response.status == 400);
  }
}

TEST_CASE("a stream tells a household its own only, and goes on where it stopped") {
  AccountDoor door;
  two_slots(door);
  const auto reply = door.get(h02, "/etms/events?after=0.0");
  REQUIRE(reply->opened != nullptr);
  const auto text = reply->opened->taken();
  CHECK(holds(text, "id: 1.1\nevent: reading\ndata: {\"meter\":\"M2\",\"sequence\":1,"));
  CHECK(!holds(text, "M1"));
  CHECK(holds(text,
              "id: 1.2\nevent: trade\ndata: {\"slot\":\"2019-10-21T00:00:00Z\","
              "\"side\":\"buy\",\"counterparty\":\"Resident:H01\",\"energy_kwh\":1,"
              "\"price\":0.1629,\"amount_coins\":0.1629,\"fees_coins\":0,\"losses_coins\":0}"));
  CHECK(holds(text, "id: 1.3\nevent: slot\n"));
  CHECK(holds(text, "id: 1.4\nevent: balance\ndata: {\"coins\":19.5113,\"due_coins\":0}"));
  CHECK(holds(text, "id: 2.1\nevent: reading\n"));

  const auto later = door.get(h02, "/etms/events?after=1.3")->opened->taken();
  CHECK(later.starts_with("id: 1.4\n"));
  CHECK(text.ends_with(later));

  CHECK(
      door.send(h02, "PUT", "/etms/preferences", R"({"ranking":"named","low_balance_coins":19.5})")
          ->response.status == 200);
  door.chain.slot("0", "2");
  door.services->streams.pump(false);
  const auto news = reply->opened->taken();
  CHECK(holds(news, "event: transaction\n"));
  CHECK(holds(news, "event: notification\n"));
  CHECK(holds(news, R"("kind":"low_balance")"));
  CHECK(door.get(h02, "/etms/events?after=soon")->response.status == 400);
}

}  // namespace powershare::gateway
