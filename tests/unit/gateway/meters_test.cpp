// Meters at the door: changes, standing, readings with flags, disputes, live power.
#include <doctest/doctest.h>

#include "gateway/services.hpp"
#include "ledger/history.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/registry.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::administrator_key;
using test::Door;
using test::Json;
using test::meter_key;
using test::resident;

constexpr UtcMillis now{1'571'648'400'000};  // of the test chain: 2019-10-21T09:00:00Z

MeterId meter(std::string_view name) {
  return MeterId::parse(name).value();
}

void add_meter(test::Chain& chain, std::string_view name, std::string_view owner) {
  ledger::MeterRecord record;
  record.meter = meter(name);
  record.owner = resident(owner);
  record.plant_watts = 3'000;
  ledger::put_meter(chain.state, record);
}

void add_reading(test::Chain& chain, std::string_view name, std::int64_t minutes_ago,
                 const ledger::SlotReading& like) {
  auto reading = like;
  reading.meter = meter(name);
  reading.start = {now.value - minutes_ago * millis_per_minute};
  reading.seconds = 900;
  const auto row = ledger::reading_row(reading);
  chain.history.tables[row.table][row.key] = *row.value;
}

net::HttpRequest with_body(std::string_view method, std::string_view target, std::string body,
                           std::string_view key) {
  auto request = test::request_to(method, target);
  request.body = std::move(body);
  if (!key.empty()) request.headers.emplace("x-api-key", key);
  return request;
}

/// The owner's routes behind a log-in that is known to be H01's.
class HouseholdDoor {
 public:
  HouseholdDoor() {
    Ports ports;
    ports.view = [this]() -> Result<std::unique_ptr<ChainView>> {
      return std::unique_ptr<ChainView>(std::make_unique<View>(chain));
    };
    ports.submitter = &submitter;
    ports.live = &live;
    services_ = std::make_shared<Services>(GatewayOptions{}, std::move(ports));
    add_household_metering_routes(router_, services_);
    add_live_routes(router_, services_);
  }
  std::shared_ptr<test::Reply> ask(std::string_view method, std::string_view target,
                                   std::string body = {}, bool logged_in = true) {
    Request request;
    request.http = with_body(method, target, std::move(body), {});
    auto match = router_.match(method, request.http.path);
    REQUIRE(match.route != nullptr);
    if (logged_in) {
      request.caller =
          Caller{resident("H01"), std::make_shared<crypto::KeyPair>(crypto::KeyPair::generate())};
    }
    auto reply = std::make_shared<test::Reply>();
    match.route->handler(request, Responder(reply, {}));
    return reply;
  }

  test::Chain chain;
  test::FakeSubmitter submitter;
  test::FakeLive live;

 private:
  class View final : public ChainView {
   public:
    explicit View(test::Chain& chain) : chain_(chain) {}
    const ledger::StateReader& state() const override { return chain_.state; }
    const ledger::HistoryReader& history() const override { return chain_.history; }
    ledger::Header head() const override { return {}; }
    Digest head_hash() const override { return {}; }
    Result<std::optional<BlockRecord>> block(std::uint64_t) const override {
      return std::optional<BlockRecord>();
    }
    Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t) const override {
      return std::optional<ledger::HeaderProof>();
    }
    Result<std::optional<TransactionPlace>> place(const Digest&) const override {
      return std::optional<TransactionPlace>();
    }

   private:
    test::Chain& chain_;
  };

  Router router_;
  ServicesPtr services_;
};

}  // namespace

TEST_CASE("an operator changes a meter, quarantines it and resolves a dispute") {
  Door door;
  const auto ask = [&](std::string_view method, std::string_view target, std::string body,
                       std::string_view key = administrator_key) {
    return door.ask(with_body(method, target, std::move(body), key))->response.status;
  };
  CHECK(ask("PATCH", "/v1/meters/M1", R"({"owner":"Resident:H02","plant_kw":"4.5"})") == 200);
  const auto& update = std::get<ledger::UpdateMeter>(*door.submitter.calls.at(0).payload);
  CHECK(update.meter == meter("M1"));
  CHECK(update.owner == resident("H02"));
  CHECK(update.plant_watts == 4'500);
  CHECK(!update.cpe);
  CHECK(!update.public_key);
  CHECK(ask("POST", "/v1/meters/M1/standing", R"({"standing":"quarantined"})") == 200);
  CHECK(std::get<ledger::SetMeterStanding>(*door.submitter.calls.at(1).payload).standing ==
        ledger::MeterStanding::quarantined);
  CHECK(ask("POST", "/v1/meters/M1/disputes/7", R"({"upheld":true})") == 200);
  const auto& resolved = std::get<ledger::ResolveDispute>(*door.submitter.calls.at(2).payload);
  CHECK(resolved.sequence == 7);
  CHECK(resolved.upheld);
  CHECK(ask("PATCH", "/v1/meters/M1", R"({"colour":"red"})") == 400);
  CHECK(ask("PATCH", "/v1/meters/M%201", R"({"cpe":"x"})") == 400);
  CHECK(ask("POST", "/v1/meters/M1/standing", R"({"standing":"bad"})") == 400);
  CHECK(ask("POST", "/v1/meters/M1/disputes/x", R"({"upheld":true})") == 400);
  CHECK(ask("POST", "/v1/meters/M1/standing", R"({"standing":"trusted"})", meter_key) == 403);
  CHECK(ask("PATCH", "/v1/meters/M1", R"({"cpe":"x"})", {}) == 401);
  CHECK(door.submitter.calls.size() == 3);
}

TEST_CASE("meters show their standing, their alarms and their readings' flags") {
  Door door;
  add_meter(*door.chain, "M1", "H01");
  ledger::StandingRecord record;
  record.standing = ledger::MeterStanding::quarantined;
  record.reason = ledger::Doubt::swapped;
  record.since = now;
  ledger::put_standing(door.chain->state, meter("M1"), record);
  auto item = door.get("/v1/meters")->json()["items"][0];
  CHECK(item["standing"] == "quarantined");
  CHECK(item["reason"] == "swapped");
  CHECK(item["standing_since"] == "2019-10-21T09:00:00Z");
  record = {};
  record.evidence = {{now, ledger::Doubt::night_production}};
  ledger::put_standing(door.chain->state, meter("M1"), record);
  item = door.get("/v1/meters")->json()["items"][0];
  CHECK(item["standing"] == "trusted");
  CHECK(item["reason"].is_null());
  CHECK(item["noticed"][0]["what"] == "night_production");

  ledger::SlotReading reading;
  reading.sequence = 1;
  reading.was_signed = true;
  add_reading(*door.chain, "M1", 30, reading);
  reading.sequence = 2;
  reading.was_signed = false;
  reading.split = reading.corrected = reading.quarantined = true;
  add_reading(*door.chain, "M1", 15, reading);
  const auto readings = door.get("/v1/meters/M1/readings")->json()["items"];
  REQUIRE(readings.size() == 2);
  CHECK(readings[0]["flags"].empty());
  CHECK(readings[1]["flags"] == Json::parse(R"(["unsigned","split","corrected","quarantined"])"));
  CHECK(door.get("/v1/meters/M1/readings?from=2019-10-21T08:40:00Z")->json()["items"].size() == 1);
  CHECK(door.get("/v1/meters/M9/readings")->response.status == 404);
  CHECK(door.get("/v1/meters/M1/readings?from=x")->response.status == 400);

  const auto row = ledger::meter_alarm_row(
      {meter("M1"), now, ledger::Doubt::stuck, ledger::MeterAlarmRow::Kind::suspected, now});
  door.chain->history.tables[row.table][row.key] = *row.value;
  const auto alarms = door.get("/v1/meters/M1/alarms")->json()["items"];
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0]["what"] == "suspected");
  CHECK(alarms[0]["reason"] == "stuck");
  CHECK(door.get("/v1/parameters")->json()["plausibility"] == "quarantine");
}

TEST_CASE("open disputes are listed, of one meter or of all") {
  Door door;
  ledger::put_dispute(door.chain->state,
                      {meter("M1"), 3, ledger::DisputeReason::too_high, now, resident("H01")});
  ledger::put_dispute(door.chain->state,
                      {meter("M2"), 4, ledger::DisputeReason::not_mine, now, resident("H02")});
  CHECK(door.get("/v1/disputes")->json()["items"].size() == 2);
  const auto one = door.get("/v1/disputes?meter=M2")->json()["items"];
  REQUIRE(one.size() == 1);
  CHECK(one[0] == Json::parse(R"({"meter":"M2","seq":4,"reason":"not_mine",
    "since":"2019-10-21T09:00:00Z","owner":"Resident:H02"})"));
}

TEST_CASE("live power is taken from keys, rounded to watts, and shown with its age") {
  Door door;
  add_meter(*door.chain, "M1", "H01");
  auto reply = door.post("/etms/live",
                         R"({"meter":"M1","watts_import":230.5,"watts_export":0,"watts_pv":null,
                             "soc":0.8255})",
                         meter_key);
  CHECK(reply->json() == Json::parse(R"({"accepted":1,"rejected":[]})"));
  door.live.minutes = {{{now.value - 120'000}, 100, 0, 50, std::nullopt},
                       {{now.value - 60'000}, 200, 0, std::nullopt, std::nullopt}};
  door.live.time = {now.value + 4'900};
  const auto shown = door.get("/etms/live?meter=M1")->json();
  CHECK(shown["last"] == Json::parse(R"({"time":"2019-10-21T09:00:00Z","age_seconds":4,
    "watts_import":231,"watts_export":0,"watts_pv":null,"soc":0.826})"));
  CHECK(shown["minutes"].size() == 2);
  CHECK(shown["minutes"][0]["watts_pv"] == 50);
  CHECK(door.get("/etms/live?meter=M1&from=2019-10-21T08:59:00Z")->json()["minutes"].size() == 1);

  reply = door.post("/etms/live",
                    R"([{"meter":"unknown","watts_import":1},{"meter":"M1","watts_import":-1},
                        {"watts_import":1},5,{"meter":"M1","watts_export":1000000001},
                        {"meter":"M1","soc":1.1},{"meter":"M1","watts_export":7}])",
                    meter_key);
  CHECK(reply->json()["accepted"] == 1);
  CHECK(reply->json()["rejected"].size() == 6);
  CHECK(reply->json()["rejected"][0]["reason"] == "unknown_meter");
  CHECK(door.post("/etms/live", R"({"meter":"M1"})")->response.status == 401);
  for (const auto* body : {"{", "7", "null"}) {
    CHECK(door.post("/etms/live", body, meter_key)->response.status == 400);
  }
  CHECK(door.get("/etms/live?meter=M9")->response.status == 404);
  CHECK(door.get("/etms/live")->response.status == 400);
  // The key of a meter shows nothing of other households.
  auto request = test::request_to("GET", "/etms/live?meter=M1");
  request.headers.emplace("x-api-key", meter_key);
  CHECK(door.ask(request)->response.status == 403);
}

TEST_CASE("an owner sees and disputes what is its own") {
  HouseholdDoor door;
  add_meter(door.chain, "M1", "H01");
  add_meter(door.chain, "M2", "H02");
  CHECK(door.ask("GET", "/etms/meters", {}, false)->response.status == 401);
  const auto meters = door.ask("GET", "/etms/meters")->json()["items"];
  REQUIRE(meters.size() == 1);
  CHECK(meters[0]["meter"] == "M1");
  CHECK(meters[0]["standing"] == "trusted");

  CHECK(door.ask("POST", "/etms/disputes", R"({"meter":"M1","seq":3,"reason":"too_high"})")
            ->response.status == 200);
  const auto& call = door.submitter.calls.at(0);
  CHECK(std::get<ledger::DisputeReading>(*call.payload).sequence == 3);
  CHECK(call.principal == "Resident:H01");
  CHECK(call.signer.has_value());
  CHECK(door.ask("POST", "/etms/disputes", R"({"meter":"M1","seq":3,"reason":"cold"})")
            ->response.status == 400);
  ledger::put_dispute(door.chain.state,
                      {meter("M1"), 3, ledger::DisputeReason::too_high, now, resident("H01")});
  ledger::put_dispute(door.chain.state,
                      {meter("M2"), 4, ledger::DisputeReason::other, now, resident("H02")});
  CHECK(door.ask("GET", "/etms/disputes")->json()["items"].size() == 1);

  // Of a meter that was another's until half an hour ago it sees the time since.
  auto moved = ledger::find_meter(door.chain.state, meter("M1")).value();
  moved.former = {{{now.value - 30 * millis_per_minute}, resident("H02"), std::nullopt}};
  ledger::put_meter(door.chain.state, moved);
  for (const int minutes : {45, 30, 15}) add_reading(door.chain, "M1", minutes, {});
  CHECK(door.ask("GET", "/etms/readings?meter=M1")->json()["items"].size() == 2);
  CHECK(door.ask("GET", "/etms/readings?meter=M2")->response.status == 403);

  CHECK(door.ask("POST", "/etms/live", R"([{"meter":"M1","watts_import":5},{"meter":"M2"}])")
            ->json() ==
        Json::parse(R"({"accepted":1,"rejected":[{"index":1,"reason":"not_your_meter"}]})"));
  CHECK(door.ask("GET", "/etms/live?meter=M1")->json()["last"]["watts_import"] == 5);
  CHECK(door.ask("GET", "/etms/live?meter=M2")->response.status == 403);
}

}  // namespace powershare::gateway
