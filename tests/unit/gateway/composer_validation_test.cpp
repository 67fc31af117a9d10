#include <doctest/doctest.h>

#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

struct Case {
  const char* target;
  const char* body;
  int status;
  const char* name;
  const char* message;
};

constexpr auto not_valid = "The `Coins` instance is not valid. Details: ";

void check_cases(ComposerDoor& composer, std::span<const Case> cases) {
  for (const auto& each : cases) {
    CAPTURE(each.body);
    const auto reply = composer.ask("POST", each.target, each.body);
    CAPTURE(reply->response.body);
    CHECK(reply->response.status == each.status);
    const auto error = reply->json()["error"];
    CHECK(error["name"] == each.name);
    const std::string message = each.status == 422 && std::string(each.target) == "/api/Coins"
                                    ? not_valid + std::string(each.message) + "."
                                    : each.message;
    CHECK(error["message"] == message);
  }
}

}  // namespace

TEST_CASE("LoopBack's checks come first: what is blank or no number") {
  ComposerDoor composer;
  const Case cases[] = {
      {"/api/Coins", R"({"coinsID":"Z"})", 422, "ValidationError",
       "`value` can't be blank (value: undefined); `ownerID` can't be blank (value: undefined); "
       "`ownerEntity` can't be blank (value: undefined)"},
      {"/api/Coins", R"({"coinsID":"Z","value":1,"ownerID":"x"})", 422, "ValidationError",
       "`ownerEntity` can't be blank (value: undefined)"},
      {"/api/Coins", R"({"coinsID":"Z","value":null,"ownerID":"x","ownerEntity":"Bank"})", 422,
       "ValidationError", "`value` can't be blank (value: null)"},
      {"/api/Coins", R"({"coinsID":"Z","value":"","ownerID":"","ownerEntity":"Bank"})", 422,
       "ValidationError",
       "`value` can't be blank (value: \"\"); `ownerID` can't be blank (value: \"\")"},
      {"/api/Coins", R"({"coinsID":"Z","value":"abc","ownerID":"x","ownerEntity":"Bank"})", 422,
       "ValidationError", "`value` can't be blank (value: NaN)"},
      {"/api/Coins", R"({"coinsID":"Z","value":true,"ownerID":"x","ownerEntity":"Bank"})", 422,
       "ValidationError", "`value` can't be blank (value: NaN)"},
      {"/api/Coins", R"({"coinsID":"Z","value":[1],"ownerID":"x","ownerEntity":"Bank"})", 422,
       "ValidationError", "`value` can't be blank (value: NaN)"},
      {"/api/Coins", R"({"coinsID":"Z","value":1e400,"ownerID":"x","ownerEntity":"Bank"})", 422,
       "ValidationError", "`value` is out of range (value: 1e400)"},
      {"/api/Coins", R"({"coinsID":"Z","value":1,"ownerID":{},"ownerEntity":"Bank"})", 422,
       "ValidationError", "`ownerID` is not a string (value: [object Object])"},
      {"/api/Coins", R"({"coinsID":"Z","value":1,"ownerID":false,"ownerEntity":"Bank"})", 422,
       "ValidationError", "`ownerID` is not a string (value: false)"},
      {"/api/TransferCoinsToEV",
       R"({"coinsValue":1,"coinsInc":"a","coinsDec":"b","transactionId":"MYTX1"})", 422,
       "ValidationError",
       "The `TransferCoinsToEV` instance is not valid. Details: `transactionId` can't be set "
       "(value: \"MYTX1\")."},
      {"/api/TransferCoinsToEV",
       R"({"coinsValue":1,"coinsInc":"a","coinsDec":"b","timestamp":"yesterday"})", 422,
       "ValidationError",
       "The `TransferCoinsToEV` instance is not valid. Details: `timestamp` is not a valid date "
       "(value: Invalid Date)."},
  };
  check_cases(composer, cases);
  const auto details =
      composer.ask("POST", "/api/Coins", R"({"coinsID":"Z","value":1,"ownerEntity":"Bank"})")
          ->json()["error"]["details"];
  CHECK(details == Json::parse(R"({"context":"Coins","codes":{"ownerID":["presence"]},
                                   "messages":{"ownerID":["can't be blank"]}})"));
  CHECK(composer.submitter.transactions.empty());
}

TEST_CASE("then Composer's: class, id, unknown fields, enums, references") {
  ComposerDoor composer;
  const Case cases[] = {
      {"/api/Coins", R"({"coinsID":"   ","value":1,"ownerID":"x","ownerEntity":"Bank"})", 500,
       "Error", "Missing identifier for Type Coins in namespace org.smile.energy.network"},
      {"/api/Coins", R"({"coinsID":"CO_V","value":1,"ownerID":"x","ownerEntity":"Martian"})", 500,
       "ValidationException",
       "Instance org.smile.energy.network.Coins#CO_V invalid enum value Martian for field "
       "OwnerEntity"},
      {"/api/Coins",
       R"({"coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank","extra":1,"other":2})", 500,
       "ValidationException",
       "Unexpected properties for type org.smile.energy.network.Coins: extra, other"},
      {"/api/Coins", R"({"coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank","$x":1})", 500,
       "ValidationException", "Unexpected properties for type org.smile.energy.network.Coins: $x"},
      {"/api/Coins",
       R"({"$class":"org.smile.energy.network.Cash","coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank"})",
       500, "Error",
       "Invalid or missing identifier for Type Cash in namespace org.smile.energy.network"},
      {"/api/Coins",
       R"({"$class":"org.smile.energy.network.Nope","coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank"})",
       500, "TypeNotFoundException",
       "Type Nope is not defined in namespace org.smile.energy.network"},
      {"/api/Coins",
       R"({"$class":"com.foo.Coins","coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank"})",
       500, "TypeNotFoundException", "Namespace is not defined for type com.foo.Coins"},
      {"/api/Coins",
       R"({"$class":"Coins","coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank"})", 500,
       "TypeNotFoundException", "Namespace is not defined for type Coins"},
      {"/api/EnergyToCoins",
       R"({"$class":"org.smile.energy.network.CashToCoins","energyRate":1,"energyValue":1,"coinsInc":"a","coinsDec":"b","energyInc":"c","energyDec":"d"})",
       500, "ValidationException",
       "Unexpected properties for type org.smile.energy.network.CashToCoins: energyRate, "
       "energyValue, energyInc, energyDec"},
      {"/api/Bank",
       R"({"bankID":"B","name":"x","coins":"resource:org.smile.energy.network.Cash#1","cash":"2"})",
       500, "ValidationException",
       "Instance org.smile.energy.network.Bank#B has property coins with type "
       "org.smile.energy.network.Cash that is not derived from org.smile.energy.network.Coins"},
      {"/api/Bank", R"({"bankID":"B","name":"x","coins":"resource:com.foo.Cash#1","cash":"2"})",
       500, "TypeNotFoundException", "Namespace is not defined for type com.foo.Cash"},
      {"/api/Bank", R"({"bankID":"B","name":"x","coins":5,"cash":"2"})", 500, "Error",
       "Invalid JSON data. Found a value that is not a string: 5 for relationship "
       "RelationshipDeclaration {name=coins, type=org.smile.energy.network.Coins, array=false, "
       "optional=false}"},
      {"/api/Cash",
       R"({"cashID":"Z","currency":"euro","value":1,"ownerID":"x","ownerEntity":"Bank"})", 500,
       "Error", "a currency is three letters A to Z (ISO 4217)"},
      {"/api/Coins", R"({"coinsID":"Z","value":-1,"ownerID":"x","ownerEntity":"Bank"})", 500,
       "Error", "a balance must be between 0 and 1000000000"},
      {"/api/Energy",
       R"({"energyID":"Z","units":"kWh","value":1,"ownerID":"x","ownerEntity":"Bank"})", 500,
       "Error", "A Bank cannot own this class of asset"},
  };
  check_cases(composer, cases);
  const auto reply = composer.ask(
      "POST", "/api/Coins",
      R"({"$class":"com.foo.Coins","coinsID":"Z","value":1,"ownerID":"x","ownerEntity":"Bank"})");
  CHECK(reply->json()["error"]["typeName"] == "com.foo.Coins");
}

TEST_CASE("numbers stand for text where text is asked for, and empty classes for none") {
  ComposerDoor composer;
  const auto reply =
      composer.ask("POST", "/api/Coins",
                   R"({"$class":"","coinsID":42,"value":1,"ownerID":4.50,"ownerEntity":"Bank"})");
  CHECK(reply->response.status == 200);
  CHECK(reply->json()["coinsID"] == "42");
  CHECK(reply->json()["ownerID"] == "4.5");
  CHECK(reply->json()["$class"] == "org.smile.energy.network.Coins");
  CHECK(composer.get("/api/Coins/42")->response.status == 200);
}

TEST_CASE("bodies: JSON, forms, and what is neither") {
  ComposerDoor composer;
  const auto body = test::coins("R1", 20).dump();
  const auto post = [&](const std::string& content, const char* type) {
    return composer.ask("POST", "/api/Coins", content, {{"content-type", type}});
  };
  CHECK(post("\xEF\xBB\xBF" + body, "application/json")->response.status == 200);
  CHECK(post("coinsID=CO_F&value=3.5&ownerID=a+b&ownerEntity=Bank",
             "application/x-www-form-urlencoded")
            ->response.status == 200);
  CHECK(composer.get("/api/Coins/CO_F")->json()["ownerID"] == "a b");
  CHECK(post(body, "application/json; charset=UTF-8")->response.status == 500);  // it exists
  const auto latin = post(body, "application/json; charset=ISO-8859-1");
  CHECK(latin->response.status == 415);
  CHECK(latin->json()["error"]["message"] == "unsupported charset \"ISO-8859-1\"");
  CHECK(post(body, "text/plain")->response.status == 422);  // ignored, so that all is blank
  for (const auto* strict : {"\"x\"", "5", "null", "{bad", "{\"a\":1} x"}) {
    CAPTURE(strict);
    const auto reply = post(strict, "application/json");
    CHECK(reply->response.status == 400);
    CHECK(reply->json()["error"]["name"] == "SyntaxError");
    CHECK(reply->json()["error"]["body"] == strict);
    CHECK(reply->json()["error"]["status"] == 400);
  }
  const auto large = post("{\"x\":\"" + std::string(110'000, 'x') + "\"}", "application/json");
  CHECK(large->response.status == 413);
  CHECK(large->json()["error"]["message"] == "request entity too large");
  CHECK(large->json()["error"]["type"] == "entity.too.large");
  CHECK(composer.door.gateway().body_limit("POST", "/API/Coins") > 110'000);
}

}  // namespace powershare::gateway
