#include <doctest/doctest.h>

#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::administrator_key;
using test::Door;
using test::Json;

const char* const trade =
    R"({"type":"EnergyToCoins","energy_rate":"0.1629","energy_kwh":1.25,"seller":"Resident:H01",)"
    R"("buyer":"Resident:H02"})";

std::string message_of(const std::string& body) {
  Door door;
  const auto reply = door.post("/v1/transactions", body, administrator_key);
  CAPTURE(body);
  CHECK(reply->response.status == 400);
  CHECK(door.submitter.calls.empty());
  return reply->json()["error"]["message"];
}

}  // namespace

TEST_CASE("the administrator's transaction reaches the submitter to the last digit") {
  Door door;
  door.submitter.answer.transaction = crypto::sha256(as_bytes("t"));
  door.submitter.answer.receipt = ledger::Receipt{};
  door.submitter.answer.place = TransactionPlace{7, 2};
  auto request = test::request_to("POST", "/v1/transactions");
  request.headers = {{"x-api-key", administrator_key}, {"idempotency-key", "order-1"}};
  request.body = trade;
  const auto reply = door.ask(std::move(request));
  CHECK(reply->response.status == 200);
  CHECK(reply->json()["transaction"] == crypto::to_hex(door.submitter.answer.transaction));
  CHECK(reply->json()["block"] == Json::parse(R"({"height":7,"index":2})"));
  CHECK(reply->json()["receipt"]["outcome"] == "applied");
  REQUIRE(door.submitter.calls.size() == 1);
  const auto& call = door.submitter.calls[0];
  CHECK(call.principal == "administrator");
  CHECK(call.idempotency_key == to_bytes("order-1"));
  CHECK(call.timeout_ms == 10'000);
  const auto& payload = std::get<ledger::EnergyToCoins>(*call.payload);
  CHECK(payload.energy_rate.nano() == 162'900'000);
  CHECK(payload.energy.nano() == 1'250'000'000);
  CHECK(ledger::to_text(payload.buyer) == "Resident:H02");
}

TEST_CASE("without Idempotency-Key a fresh one is drawn, and odd ones are refused") {
  Door door;
  door.post("/v1/transactions", trade, administrator_key);
  door.post("/v1/transactions", trade, administrator_key);
  REQUIRE(door.submitter.calls.size() == 2);
  CHECK(door.submitter.calls[0].idempotency_key.size() == 16);
  CHECK(door.submitter.calls[0].idempotency_key != door.submitter.calls[1].idempotency_key);
  for (const auto& key :
       {std::string(), std::string(65, 'k'), std::string("a b"), std::string("\xC3\xA9")}) {
    auto request = test::request_to("POST", "/v1/transactions");
    request.headers = {{"x-api-key", administrator_key}, {"idempotency-key", key}};
    request.body = trade;
    CHECK(door.ask(std::move(request))->response.status == 400);
  }
}

TEST_CASE("only a signed transaction needs no administrator's key") {
  Door door;
  CHECK(door.post("/v1/transactions", trade)->response.status == 401);
  CHECK(door.post("/v1/transactions", trade, test::meter_key)->response.status == 403);
  CHECK(door.submitter.calls.empty());
  const auto bytes = to_bytes("signed bytes");
  door.submitter.answer.receipt = ledger::Receipt{};
  const auto reply = door.post("/v1/transactions", R"({"signed":")" + to_base64(bytes) + R"("})");
  CHECK(reply->response.status == 200);
  REQUIRE(door.submitter.calls.size() == 1);
  CHECK(door.submitter.calls[0].bytes == bytes);
  for (const auto* body : {R"({"signed":""})", R"({"signed":5})", R"({"signed":"*"})",
                           R"({"signed":"AAAA","type":"EnergyToCoins"})", R"({"signed":null})"}) {
    CHECK(door.post("/v1/transactions", body)->response.status == 400);
  }
  CHECK(door.submitter.calls.size() == 1);
}

TEST_CASE("every way that a submission can end has its own answer") {
  Door door;
  auto& answer = door.submitter.answer;
  answer.transaction = crypto::sha256(as_bytes("t"));
  answer.retry_after_seconds = 4;
  const auto id = crypto::to_hex(answer.transaction);
  const auto ask = [&] { return door.post("/v1/transactions", trade, administrator_key); };
  using Kind = SubmitAnswer::Kind;
  const std::vector<std::tuple<Kind, int, std::string>> retried = {
      {Kind::over_quota, 429, "over_quota"},
      {Kind::mempool_full, 503, "mempool_full"},
      {Kind::no_quorum, 503, "no_quorum"},
      {Kind::unavailable, 503, "unavailable"}};
  for (const auto& [kind, status, code] : retried) {
    answer.kind = kind;
    const auto reply = ask();
    CHECK(reply->response.status == status);
    CHECK(reply->json()["error"]["code"] == code);
    CHECK(reply->json()["error"]["transaction"] == id);
    CHECK(reply->header("Retry-After") == "4");
  }
  answer.kind = Kind::refused;
  answer.code = "expired";
  answer.message = "The transaction has expired.";
  CHECK(ask()->response.status == 400);
  CHECK(ask()->json()["error"]["code"] == "expired");
  answer.kind = Kind::executed;
  answer.receipt = ledger::Receipt{};
  answer.receipt->outcome = ledger::Outcome::rejected;
  answer.receipt->code = "insufficient_energy";
  answer.receipt->message = "Insufficient energy in producer account";
  const auto rejected = ask();
  CHECK(rejected->response.status == 422);
  CHECK(rejected->json()["error"]["code"] == "insufficient_energy");
  CHECK(rejected->json()["error"]["receipt"]["outcome"] == "rejected");
  CHECK(rejected->json()["error"]["transaction"] == id);
  answer.receipt->outcome = ledger::Outcome::duplicate;
  answer.receipt->first = crypto::sha256(as_bytes("first"));
  CHECK(ask()->response.status == 200);
  CHECK(ask()->json()["receipt"]["first"] == crypto::to_hex(answer.receipt->first));
}

TEST_CASE("fields that are wrong, missing or unknown are named") {
  CHECK(message_of("{}").find("type") != std::string::npos);
  CHECK(message_of("[]").find("type") != std::string::npos);
  CHECK(message_of(R"({"type":"Gift"})").find("type") != std::string::npos);
  CHECK(message_of(R"({"type":"EnergyToCoins"})") == "energy_rate must be given.");
  const auto with = [](const char* field, const Json& value) {
    auto body = Json::parse(trade);
    body[field] = value;
    return message_of(body.dump());
  };
  for (const Json& wrong : {Json("x"), Json(""), Json("1e400"), Json("99999999999"), Json(true),
                            Json::array(), Json("0x10"), Json(" 1")}) {
    CHECK(with("energy_kwh", wrong).starts_with("energy_kwh must be"));
  }
  CHECK(with("seller", "H01").starts_with("seller must be"));
  CHECK(with("seller", "Robot:H01").starts_with("seller must be"));
  CHECK(with("sellr", "Resident:H01") == "Unknown field sellr.");
  CHECK(message_of(R"({"type":"ProvisionAsset","owner":"Resident:H","asset":"XX","balance":1})")
            .starts_with("asset must be one of EN, CO, CA"));
  CHECK(message_of(R"({"type":"BindKey","key":"00","principal":"p","scopes":["own"]})")
            .starts_with("key must be 64 hex"));
  CHECK(message_of(R"({"type":"BindKey","key":")" + std::string(64, '0') +
                   R"(","principal":"p","scopes":["all"]})")
            .starts_with("scopes must be one of"));
  CHECK(message_of(R"({"type":"ClockStep","to":"later"})").starts_with("to must be an ISO 8601"));
  CHECK(message_of(R"({"type":"SetParameter","name":"slot","value":"a\u0000b"})")
            .starts_with("value must be a text"));
  CHECK(message_of(R"({"type":"ReadingBatch","readings":[]})").find("/etms/readings") !=
        std::string::npos);
  CHECK(message_of(R"({"type":"AddParticipant","participant":{"type":"Resident"}})") ==
        "participant.id must be given.");
  CHECK(message_of(
            R"({"type":"ClockStep","to":"2019-10-21T09:00:00Z","to":"2019-10-21T09:00:00Z"})") ==
        "A field stands twice.");
  Door door;
  CHECK(door.post("/v1/transactions", "{\"type\":", administrator_key)->response.status == 400);
  CHECK(door.post("/v1/transactions", std::string(300'000, ' '), administrator_key)
            ->response.status == 413);
}

TEST_CASE("participants and meters are added by the administrator") {
  Door door;
  const auto* participant =
      R"({"type":"ElectricVehicle","id":"EV1","owner":"H01","vehicle_type":"PHEV","buy_rate":0.2})";
  const auto* meter =
      R"({"meter":"m1","owner":"Resident:H01","public_key":null,"parent":"m0","kind":"charger",)"
      R"("plant_kw":3.7,"cpe":"PT0002"})";
  CHECK(door.post("/v1/participants", participant)->response.status == 401);
  CHECK(door.post("/v1/meters", meter, test::meter_key)->response.status == 403);
  CHECK(door.submitter.calls.empty());
  door.submitter.answer.receipt = ledger::Receipt{};
  CHECK(door.post("/v1/participants", participant, administrator_key)->response.status == 200);
  CHECK(door.post("/v1/meters", meter, administrator_key)->response.status == 200);
  REQUIRE(door.submitter.calls.size() == 2);
  const auto& added =
      std::get<ledger::AddParticipant>(*door.submitter.calls[0].payload).participant;
  CHECK(ledger::to_text(added.ref) == "ElectricVehicle:EV1");
  CHECK(added.owner->text() == "H01");
  CHECK(added.vehicle_type == ledger::VehicleType::phev);
  CHECK(added.buy_rate.nano() == 200'000'000);
  CHECK(added.sell_rate == ledger::default_rate);
  const auto& registered = std::get<ledger::RegisterMeter>(*door.submitter.calls[1].payload);
  CHECK(registered.plant_watts == 3'700);
  CHECK(registered.kind == ledger::MeterKind::charger);
  CHECK(registered.parent->text() == "m0");
  CHECK_FALSE(registered.public_key.has_value());
  for (const auto* wrong :
       {R"({"meter":"m 1","owner":"Resident:H01"})", R"({"meter":"m1"})",
        R"({"meter":"m1","owner":"Resident:H01","plant_kw":-1})",
        R"({"meter":"m1","owner":"Resident:H01","plant_kw":"1.0001"})",
        R"({"meter":"m1","owner":"Resident:H01","kind":"fridge"})", "5", "null"}) {
    CAPTURE(wrong);
    CHECK(door.post("/v1/meters", wrong, administrator_key)->response.status == 400);
  }
  CHECK(door.submitter.calls.size() == 2);
}

}  // namespace powershare::gateway
