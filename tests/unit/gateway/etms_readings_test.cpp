#include <doctest/doctest.h>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;

Json reading(int sequence) {
  return {{"meter", "m1"},        {"seq", sequence},        {"start", "2019-10-21T09:00:00Z"},
          {"seconds", 900},       {"imported_kwh", 0.1},    {"exported_kwh", 0.0},
          {"produced_kwh", 0.02}, {"battery_kwh", nullptr}, {"signature", std::string(128, 'a')}};
}

std::shared_ptr<test::Reply> send(Door& door, const Json& body, std::string_view key = {}) {
  return door.post("/etms/readings", body.dump(), key);
}

/// The reason why a list of one good reading and this one rejects this one; the good one must be
/// accepted.
std::string reason_of(const Json& second, std::string_view key = {}) {
  Door door;
  const auto reply = send(door, Json::array({reading(1), second}), key);
  REQUIRE(reply->response.status == 200);
  const auto answer = reply->json();
  CAPTURE(answer.dump());
  CHECK(answer["accepted"] == 1);
  REQUIRE(answer["rejected"].size() == 1);
  CHECK(answer["rejected"][0]["index"] == 1);
  CHECK(door.ingestion.taken.size() <= 2);
  return answer["rejected"][0]["reason"];
}

Json with(const char* field, const Json& value) {
  auto result = reading(2);
  result[field] = value;
  return result;
}

/// A reading whose field has this JSON text, which nlohmann could not hold.
std::string reason_of_text(std::string_view field, std::string_view text) {
  Door door;
  auto second = reading(2).dump();
  const auto name = "\"" + std::string(field) + "\":";
  const auto at = second.find(name) + name.size();
  second.replace(at, second.find_first_of(",}", at) - at, text);
  const auto reply = door.post("/etms/readings", "[" + reading(1).dump() + "," + second + "]");
  REQUIRE(reply->response.status == 200);
  CHECK(reply->json()["accepted"] == 1);
  REQUIRE(reply->json()["rejected"].size() == 1);
  return reply->json()["rejected"][0]["reason"];
}

}  // namespace

TEST_CASE("one reading or a list is taken to the last digit and answered in the agreed shape") {
  Door door;
  door.ingestion.in_ledger["m1"] = 41;
  auto reply = send(door, reading(42));
  CHECK(reply->response.status == 200);
  CHECK(reply->json() == Json::parse(R"({"accepted":1,"duplicates":0,"rejected":[],
                                         "in_ledger_through":{"m1":41}})"));
  REQUIRE(door.ingestion.taken.size() == 1);
  const auto& taken = door.ingestion.taken[0].reading;
  CHECK(taken.meter.text() == "m1");
  CHECK(taken.sequence == 42);
  CHECK(to_iso8601(taken.start) == "2019-10-21T09:00:00Z");
  CHECK(taken.seconds == 900);
  CHECK(taken.imported.nano() == 100'000'000);
  CHECK(taken.exported.nano() == 0);
  CHECK(taken.produced.nano() == 20'000'000);
  CHECK_FALSE(taken.battery.has_value());
  REQUIRE(door.ingestion.taken[0].signature.has_value());
  CHECK((*door.ingestion.taken[0].signature)[63] == 0xAA);

  reply = send(door, Json::array({reading(42), reading(43)}));
  CHECK(reply->json()["accepted"] == 1);
  CHECK(reply->json()["duplicates"] == 1);
  CHECK(send(door, Json::array())->json()["accepted"] == 0);
}

TEST_CASE("a signature may be base64 and decides how exact the numbers must be") {
  Door door;
  auto body = reading(1);
  body["signature"] = to_base64(Bytes(64, 7));
  CHECK(send(door, body)->json()["accepted"] == 1);
  CHECK((*door.ingestion.taken[0].signature)[0] == 7);
  CHECK(reason_of(with("signature", "00")).starts_with("bad_signature"));
  CHECK(reason_of(with("signature", std::string(128, 'g'))).starts_with("bad_signature"));
  CHECK(reason_of(with("signature", 5)).starts_with("bad_signature"));
  CHECK(reason_of(with("signature", to_base64(Bytes(63, 7)))).starts_with("bad_signature"));

  CHECK(reason_of_text("imported_kwh", "0.1234567891").starts_with("too_precise"));
  auto body_unsigned = reading(3);
  body_unsigned.erase("signature");
  auto text = body_unsigned.dump();
  text.replace(text.find("0.1"), 3, "0.1234567885");
  CHECK(door.post("/etms/readings", text, test::meter_key)->json()["accepted"] == 1);
  CHECK(door.ingestion.taken.back().reading.imported.nano() == 123'456'788);  // half to even
}

TEST_CASE("a reading without signature needs an API key") {
  auto unsigned_reading = reading(2);
  unsigned_reading.erase("signature");
  CHECK(reason_of(unsigned_reading).starts_with("unsigned"));
  unsigned_reading["signature"] = nullptr;
  CHECK(reason_of(unsigned_reading).starts_with("unsigned"));
  for (const auto* key : {test::meter_key, test::administrator_key}) {
    Door door;
    CHECK(send(door, unsigned_reading, key)->json()["accepted"] == 1);
    CHECK_FALSE(door.ingestion.taken[0].signature.has_value());
  }
  Door door;
  CHECK(send(door, reading(1), "no such key")->response.status == 401);
  CHECK(door.ingestion.taken.empty());
}

TEST_CASE("one bad reading is rejected with its reason and never rejects its neighbours") {
  CHECK(reason_of(5).starts_with("malformed"));
  CHECK(reason_of(nullptr).starts_with("malformed"));
  CHECK(reason_of(Json::array()).starts_with("malformed"));
  for (const auto* field : {"meter", "seq", "start", "seconds", "imported_kwh", "exported_kwh"}) {
    CAPTURE(field);
    auto without = reading(2);
    without.erase(field);
    CHECK(reason_of(without).starts_with("bad_field: " + std::string(field)));
    for (const Json& wrong : {Json(nullptr), Json(true), Json::array({1}), Json::object()}) {
      CHECK(reason_of(with(field, wrong)).starts_with("bad_field: " + std::string(field)));
    }
  }
  CHECK(reason_of(with("meter", "a b")).starts_with("bad_field: meter"));
  CHECK(reason_of(with("meter", "")).starts_with("bad_field: meter"));
  CHECK(reason_of(with("meter", std::string(65, 'm'))).starts_with("bad_field: meter"));
  CHECK(reason_of(with("meter", "unknown")) == "unknown_meter");
  for (const Json& sequence : {Json(0), Json(-1), Json(1.5), Json("12"), Json(UINT64_MAX)}) {
    CHECK(reason_of(with("seq", sequence)).starts_with("bad_field: seq"));
  }
  CHECK(reason_of(with("start", "yesterday")).starts_with("bad_field: start"));
  CHECK(reason_of(with("start", 1571648400000)).starts_with("bad_field: start"));
  CHECK(reason_of(with("start", "2019-02-30T00:00:00Z")).starts_with("bad_field: start"));
  CHECK(reason_of(with("seconds", 0)).starts_with("bad_field: seconds"));
  CHECK(reason_of(with("seconds", 4294967296LL)).starts_with("bad_field: seconds"));
  CHECK(reason_of(with("imported_kwh", "0.1")).starts_with("bad_field: imported_kwh"));
  CHECK(reason_of(with("imported_kwh", -0.1)).starts_with("negative: imported_kwh"));
  CHECK(reason_of(with("exported_kwh", -1)).starts_with("negative: exported_kwh"));
  CHECK(reason_of(with("produced_kwh", -1)).starts_with("negative: produced_kwh"));
  CHECK(reason_of(with("battery_kwh", -1)).starts_with("negative: battery_kwh"));
  CHECK(reason_of(with("battery_kwh", "full")).starts_with("bad_field: battery_kwh"));
  CHECK(reason_of(with("corrects", -1)).starts_with("bad_field: corrects"));
}

TEST_CASE("absurd numbers spoil their own reading only") {
  for (const auto* number : {"1e400", "1e999999999999", "9999999999999999999", "1e10",
                             "123456789012345678901234567890123456789012345678901234567890"}) {
    CAPTURE(number);
    CHECK(reason_of_text("imported_kwh", number).starts_with("bad_field: imported_kwh"));
    CHECK(reason_of_text("seq", number).starts_with("bad_field: seq"));
  }
  CHECK(reason_of_text("imported_kwh", "1e-400").starts_with("too_precise"));
  CHECK(reason_of_text("seconds", "9e2").starts_with("bad_field: seconds"));
  CHECK(reason_of_text("seconds", "900,\"seconds\":1").starts_with("malformed"));
}

TEST_CASE(
    "a repeated sequence with other content is a conflict, and corrections name what they "
    "replace") {
  Door door;
  CHECK(send(door, reading(1))->json()["accepted"] == 1);
  auto other = reading(1);
  other["imported_kwh"] = 0.2;
  CHECK(send(door, other)->json()["rejected"][0]["reason"] == "conflict");
  auto correction = reading(2);
  correction["corrects"] = 1;
  correction["battery_kwh"] = 3.25;
  CHECK(send(door, correction)->json()["accepted"] == 1);
  CHECK(door.ingestion.taken.back().reading.corrects == 1);
  CHECK(door.ingestion.taken.back().reading.battery->nano() == 3'250'000'000);
}

TEST_CASE("a body that is no JSON, no reading, or too large is refused as a whole") {
  Door door;
  for (const auto* text : {"", "{", "[", "[{]", "{\"meter\":}", "\xff", "[1,2"}) {
    CAPTURE(text);
    const auto reply = door.post("/etms/readings", text);
    CHECK(reply->response.status == 400);
    CHECK(reply->json()["error"]["code"] == "malformed_json");
  }
  CHECK(door.post("/etms/readings", "5")->response.status == 400);
  CHECK(door.post("/etms/readings", "\"text\"")->json()["error"]["code"] == "bad_parameter");
  CHECK(door.post("/etms/readings", std::string(100'000, '['))->response.status == 400);
  std::string many = "[0";
  for (int i = 0; i < 70'000; ++i) many += ",0";
  CHECK(door.post("/etms/readings", many + "]")->response.status == 413);
  CHECK(door.post("/etms/readings", std::string(8 * 1024 * 1024 + 1, ' '))->response.status == 413);
  // A good reading before the fault must not have been taken.
  CHECK(door.post("/etms/readings", "[" + reading(1).dump() + ",{]")->response.status == 400);
  CHECK(door.ingestion.taken.empty());
  CHECK(door.gateway().body_limit("POST", "/etms/readings") == 8 * 1024 * 1024);
  CHECK(door.gateway().body_limit("POST", "/v1/transactions") < 1024 * 1024);
}

TEST_CASE("a full inbox answers 503 with Retry-After and takes nothing") {
  Door door;
  door.ingestion.kind = IngestAnswer::Kind::inbox_full;
  const auto reply = send(door, reading(1));
  CHECK(reply->response.status == 503);
  CHECK(reply->header("Retry-After") == "3");
  CHECK(reply->json()["error"]["code"] == "inbox_full");
  door.ingestion.kind = IngestAnswer::Kind::unavailable;
  CHECK(send(door, reading(1))->response.status == 503);
}

TEST_CASE("a backlog of ten thousand readings is answered reading by reading") {
  Door door;
  Json backlog = Json::array();
  for (int i = 1; i <= 10'000; ++i) backlog.push_back(i % 10 == 0 ? Json(i) : reading(i));
  const auto answer = send(door, backlog)->json();
  CHECK(answer["accepted"] == 9'000);
  REQUIRE(answer["rejected"].size() == 1'000);
  CHECK(answer["rejected"][0]["index"] == 9);
  CHECK(answer["rejected"][999]["index"] == 9'999);
}

TEST_CASE("what the meter signed over is what reaches the inbox") {
  crypto::initialise();
  const auto pair = crypto::KeyPair::generate();
  const auto genesis = crypto::sha256(as_bytes("genesis"));
  ledger::Reading measured;
  measured.meter = *MeterId::parse("m1");
  measured.sequence = 7;
  measured.start = *parse_iso8601("2019-10-21T09:00:00Z");
  measured.seconds = 900;
  measured.imported = Energy::from_nano(123'456'789);
  measured.exported = Energy::from_nano(1);
  const auto signature = pair.sign(ledger::reading_statement(genesis, measured));
  Door door;
  const auto body =
      R"({"meter":"m1","seq":7,"start":"2019-10-21T10:00:00+01:00","seconds":900,)"
      R"("imported_kwh":1.23456789e-1,"exported_kwh":0.000000001000,"produced_kwh":0,"signature":")" +
      to_hex(ByteView(signature)) + "\"}";
  CHECK(door.post("/etms/readings", body)->json()["accepted"] == 1);
  const auto& taken = door.ingestion.taken.at(0);
  CHECK(crypto::verify(pair.public_key(), ledger::reading_statement(genesis, taken.reading),
                       *taken.signature));
}

}  // namespace powershare::gateway
