#include <doctest/doctest.h>

#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

struct Expected {
  int status;
  std::string name;
  std::string message;
};

void check_error(const test::Reply& reply, const Expected& expected) {
  CAPTURE(reply.response.body);
  CHECK(reply.response.status == expected.status);
  const auto error = reply.json()["error"];
  CHECK(error["statusCode"] == expected.status);
  CHECK(error["name"] == expected.name);
  CHECK(error["message"] == expected.message);
  CHECK_FALSE(error.contains("stack"));
}

}  // namespace

TEST_CASE("an asset is made, read, changed and deleted as on the former server") {
  ComposerDoor composer;
  const auto made = composer.post("/api/Coins", test::coins("R1", "20.50"));
  CHECK(made->response.status == 200);
  CHECK(made->response.body ==
        R"({"$class":"org.smile.energy.network.Coins","coinsID":"CO_R1","value":20.5,)"
        R"("ownerID":"R1","ownerEntity":"Resident"})");
  CHECK(composer.get("/api/Coins/CO_R1")->response.body == made->response.body);
  CHECK(composer.get("/api/Coins")->response.body == "[" + made->response.body + "]");
  CHECK(composer.submitter.transactions.back().initiator == "api-key:admin");
  CHECK(composer.submitter.transactions.back().principal == "administrator");

  auto changed = test::coins("R1", 0.1629);
  changed.erase("coinsID");
  const auto put = composer.put("/api/Coins/CO_R1", changed);
  CHECK(put->response.status == 200);
  CHECK(put->json()["coinsID"] == "CO_R1");
  CHECK(composer.get("/api/Coins/CO_R1")->response.body == put->response.body);

  const auto gone = composer.ask("DELETE", "/api/Coins/CO_R1");
  CHECK(gone->response.status == 204);
  CHECK(gone->response.body.empty());
  CHECK(gone->header("Content-Type") == "application/json; charset=utf-8");
  CHECK(composer.get("/api/Coins")->response.body == "[]");
}

TEST_CASE("amounts are printed with nine decimals at most and never an exponent") {
  ComposerDoor composer;
  const std::pair<const char*, const char*> amounts[] = {{"20", "20"},
                                                         {"20.0", "20"},
                                                         {"1e-7", "0.0000001"},
                                                         {"1e8", "100000000"},
                                                         {"16.990211435900026", "16.990211436"},
                                                         {"\" 7.5 \"", "7.5"},
                                                         {"\".5\"", "0.5"},
                                                         {"0", "0"}};
  int number = 0;
  for (const auto& [sent, shown] : amounts) {
    const auto& shown_sent = sent;
    CAPTURE(shown_sent);
    const auto id = "A" + std::to_string(++number);
    const auto reply = composer.ask("POST", "/api/Coins",
                                    R"({"coinsID":")" + id + R"(","value":)" + sent +
                                        R"(,"ownerID":"x","ownerEntity":"Bank"})");
    CHECK(reply->response.status == 200);
    const auto text = "\"value\":" + std::string(shown) + ",";
    CHECK(reply->response.body.find(text) != std::string::npos);
    CHECK(composer.get("/api/Coins/" + id)->response.body.find(text) != std::string::npos);
  }
}

TEST_CASE("ids may be anything that a path can spell, and lists are in their byte order") {
  ComposerDoor composer;
  const std::pair<const char*, const char*> ids[] = {
      {"a b", "a%20b"}, {"a/b", "a%2Fb"}, {"a#b", "a%23b"}, {"50%", "50%25"}, {"é", "%C3%A9"},
      {"10", "10"},     {"9", "9"},       {"Z", "Z"},       {"_", "_"}};
  for (const auto& [id, path] : ids) {
    const auto& shown_id = id;
    CAPTURE(shown_id);
    composer.make("/api/Coins",
                  {{"coinsID", id}, {"value", 1}, {"ownerID", "x"}, {"ownerEntity", "Bank"}});
    const auto reply = composer.get("/api/Coins/" + std::string(path));
    CHECK(reply->response.status == 200);
    CHECK(reply->json()["coinsID"] == id);
  }
  std::vector<std::string> listed;
  for (const auto& item : composer.get("/api/Coins")->json()) listed.push_back(item["coinsID"]);
  CHECK(listed.size() == std::size(ids));
  CHECK(std::is_sorted(listed.begin(), listed.end()));
}

TEST_CASE("participants are made with bare references and read back with full ones") {
  ComposerDoor composer;
  const auto made = composer.post("/api/Resident", test::composer_resident("R1"));
  CHECK(made->response.status == 200);
  CHECK(made->json()["coins"] == "CO_R1");
  CHECK(made->json()["buyRate"] == 0.1629);
  const auto read = composer.get("/api/Resident/R1");
  CHECK(read->response.body ==
        R"({"$class":"org.smile.energy.network.Resident","residentID":"R1","firstName":"First",)"
        R"("lastName":"Last","email":"R1@e.org","buyRate":0.1629,"sellRate":0.1629,)"
        R"("coins":"resource:org.smile.energy.network.Coins#CO_R1",)"
        R"("cash":"resource:org.smile.energy.network.Cash#CA_R1",)"
        R"("energy":"resource:org.smile.energy.network.Energy#EN_R1"})");
  CHECK(composer.get("/api/Resident")->response.body == "[" + read->response.body + "]");

  auto changed = test::composer_resident("R1");
  changed["firstName"] = "New";
  changed["buyRate"] = "0.17";
  changed["coins"] = "org.smile.energy.network.Coins#other";
  CHECK(composer.put("/api/Resident/R1", changed)->response.status == 200);
  const auto again = composer.get("/api/Resident/R1")->json();
  CHECK(again["firstName"] == "New");
  CHECK(again["buyRate"] == 0.17);
  CHECK(again["coins"] == "resource:org.smile.energy.network.Coins#other");
  changed.erase("buyRate");
  composer.put("/api/Resident/R1", changed);
  CHECK(composer.get("/api/Resident/R1")->json()["buyRate"] == 0.1629);
  CHECK(composer.ask("DELETE", "/api/Resident/R1")->response.status == 204);
  CHECK(composer.get("/api/Resident/R1")->response.status == 404);
}

TEST_CASE("names never reach the ledger, and need a store that keeps them") {
  {
    ComposerDoor composer;
    composer.make("/api/Resident", test::composer_resident("R1"));
    const auto& payload =
        std::get<ledger::AddParticipant>(composer.submitter.transactions.back().payload);
    CHECK(payload.participant.name.empty());
    CHECK(composer.door.profiles.kept.contains(payload.participant.profile));
    composer.door.profiles.refuses = true;
    const auto refused = composer.post("/api/Resident", test::composer_resident("R2"));
    CHECK(refused->response.status == 503);
    CHECK(refused->header("Retry-After") == "2");
    CHECK(composer.get("/api/Resident/R2")->response.status == 404);
    composer.door.profiles.kept.clear();
    CHECK(composer.get("/api/Resident/R1")->json()["firstName"] == "");
    auto long_name = test::composer_resident("R3");
    long_name["email"] = std::string(257, 'e');
    CHECK(composer.post("/api/Resident", long_name)->response.status == 500);
  }
  ComposerDoor composer;
  composer.door.keeps_profiles = false;
  CHECK(composer.post("/api/Resident", test::composer_resident("R1"))->response.status == 503);
  CHECK(composer.post("/api/Coins", test::coins("R1", 1))->response.status == 200);
}

TEST_CASE("objects that are there already or not there are refused in the former words") {
  ComposerDoor composer;
  composer.make("/api/Coins", test::coins("R1", 20));
  composer.make("/api/Resident", test::composer_resident("R1"));
  check_error(*composer.post("/api/Coins", test::coins("R1", 20)),
              {500, "Error", "Failed to add object with ID 'CO_R1' as the object already exists"});
  check_error(*composer.post("/api/Resident", test::composer_resident("R1")),
              {500, "Error", "Failed to add object with ID 'R1' as the object already exists"});
  const auto unknown = composer.get("/api/Coins/CO_none");
  check_error(*unknown, {404, "Error", "Unknown \"Coins\" id \"CO_none\"."});
  CHECK(unknown->json()["error"]["code"] == "MODEL_NOT_FOUND");
  CHECK(unknown->json()["error"]["status"] == 404);
  const std::string missing =
      "Object with ID 'none' in collection with ID 'Asset:org.smile.energy.network.Coins' does not "
      "exist";
  auto body = test::coins("R1", 20);
  body.erase("coinsID");
  check_error(*composer.put("/api/Coins/none", body), {404, "Error", missing});
  check_error(*composer.ask("DELETE", "/api/Coins/none"), {404, "Error", missing});
  check_error(*composer.ask("DELETE", "/api/Resident/none"),
              {404, "Error",
               "Object with ID 'none' in collection with ID "
               "'Participant:org.smile.energy.network.Resident' does not exist"});
  check_error(*composer.put("/api/Coins/CO_R2", test::coins("R1", 20)),
              {400, "Error", "id property (coinsID) cannot be updated from CO_R2 to CO_R1"});
  check_error(*composer.put("/api/Coins/CO_R1", Json::array()),
              {400, "Error", "Value is not an object."});
}

TEST_CASE("an asset changes its owner, its units and not its currency") {
  ComposerDoor composer;
  composer.make_island();
  auto body = test::energy("R2", 3);
  body["energyID"] = "EN_R1";
  body["units"] = "MWh";
  CHECK(composer.put("/api/Energy/EN_R1", body)->response.status == 200);
  const auto energy = composer.get("/api/Energy/EN_R1")->json();
  CHECK(energy["ownerID"] == "R2");
  CHECK(energy["units"] == "MWh");
  CHECK(energy["value"] == 3);
  auto cash = test::cash("R1", 15);
  cash["currency"] = "USD";
  CHECK(composer.put("/api/Cash/CA_R1", cash)->response.status == 500);
  CHECK(composer.get("/api/Cash/CA_R1")->json()["currency"] == "EUR");
}

TEST_CASE("If-Match keeps a change of somebody else from being overwritten") {
  ComposerDoor composer;
  composer.make("/api/Coins", test::coins("R1", 20));
  const auto etag = composer.get("/api/Coins/CO_R1")->header("ETag");
  const auto put = [&](const char* value, const std::string& match) {
    return composer
        .ask("PUT", "/api/Coins/CO_R1", test::coins("R1", value).dump(), {{"if-match", match}})
        ->response.status;
  };
  CHECK(put("21", etag) == 200);
  CHECK(put("22", etag) == 412);
  CHECK(composer.value("/api/Coins/CO_R1") == 21);
  CHECK(put("22", "*") == 200);
}

TEST_CASE("arrays make all items, or none where one of them is wrong from the start") {
  ComposerDoor composer;
  CHECK(composer.post("/api/Coins", Json::array())->response.body == "[]");
  const auto made = composer.post("/api/Coins", {test::coins("A", 1), test::coins("B", 2)});
  CHECK(made->response.status == 200);
  CHECK(made->json().size() == 2);
  CHECK(made->json()[1]["coinsID"] == "CO_B");
  auto bad = test::coins("D", 1);
  bad.erase("value");
  CHECK(composer.post("/api/Coins", {test::coins("C", 1), bad})->response.status == 422);
  CHECK(composer.post("/api/Coins", {test::coins("C", 1), test::coins("C", 1)})->response.status ==
        500);
  CHECK(composer.post("/api/Coins", {test::coins("C", 1), test::coins("A", 1)})->response.status ==
        500);
  CHECK(composer.get("/api/Coins/CO_C")->response.status == 404);
  // What only the ledger can refuse leaves the others.
  const auto mixed =
      composer.post("/api/Energy", {test::energy("C", 1), test::energy("B1", 1, "Bank")});
  CHECK(mixed->response.status == 500);
  CHECK(mixed->json()["error"]["name"] == "ArrayOfErrors");
  CHECK(mixed->json()["error"]["details"][0].is_null());
  CHECK(mixed->json()["error"]["details"][1]["name"] == "Error");
  CHECK(composer.get("/api/Energy/EN_C")->response.status == 200);
  CHECK(composer.post("/api/Coins", Json(std::vector<Json>(101, test::coins("Z", 1))))
            ->response.status == 400);
}

TEST_CASE("an Idempotency-Key has one effect, and none leads to one") {
  ComposerDoor composer;
  composer.make_island();
  const auto send = [&](const std::string& key) {
    return composer.ask("POST", "/api/EnergyToCoins", test::trade("R1", "R2", 0.5).dump(),
                        {{"idempotency-key", key}});
  };
  const auto first = send("abc");
  const auto second = send("abc");
  CHECK(first->json()["transactionId"] == second->json()["transactionId"]);
  CHECK(composer.value("/api/Energy/EN_R1") == 2.5);
  CHECK(send(std::string(65, 'x'))->response.status == 400);
  CHECK(send("another")->response.status == 200);
  CHECK(composer.value("/api/Energy/EN_R1") == 2);
}

TEST_CASE("without a quorum the answer says when to ask again and under which id") {
  ComposerDoor composer;
  SubmitAnswer answer;
  answer.kind = SubmitAnswer::Kind::no_quorum;
  answer.transaction.fill(0xab);
  answer.retry_after_seconds = 3;
  composer.submitter.instead = answer;
  const auto reply = composer.post("/api/Coins", test::coins("R1", 20));
  CHECK(reply->response.status == 503);
  CHECK(reply->header("Retry-After") == "3");
  CHECK(reply->json()["error"]["transactionId"] == crypto::to_hex(answer.transaction));
  const std::pair<SubmitAnswer::Kind, int> others[] = {{SubmitAnswer::Kind::over_quota, 429},
                                                       {SubmitAnswer::Kind::mempool_full, 503},
                                                       {SubmitAnswer::Kind::unavailable, 503},
                                                       {SubmitAnswer::Kind::refused, 500}};
  for (const auto& [kind, status] : others) {
    composer.submitter.instead->kind = kind;
    CHECK(composer.post("/api/Coins", test::coins("R1", 20))->response.status == status);
  }
  composer.door.chain->unreadable = true;
  CHECK(composer.get("/api/Coins")->response.status == 503);
}

TEST_CASE("what is not offered is 404 in the former words, never 405") {
  ComposerDoor composer;
  composer.make("/api/Coins", test::coins("R1", 20));
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"PATCH", "/api/Coins/CO_R1", "Shared class \"Coins\" has no method handling PATCH /CO_R1"},
      {"PUT", "/api/Coins", "Shared class \"Coins\" has no method handling PUT /"},
      {"POST", "/api/Coins/CO_R1", "Shared class \"Coins\" has no method handling POST /CO_R1"},
      {"DELETE", "/api/Coins", "Shared class \"Coins\" has no method handling DELETE /"},
      {"GET", "/api/Coins/CO_R1/exists",
       "Shared class \"Coins\" has no method handling GET /CO_R1/exists"},
      {"PUT", "/api/CashToCoins/x", "Shared class \"CashToCoins\" has no method handling PUT /x"},
      {"DELETE", "/api/CashToCoins/x",
       "Shared class \"CashToCoins\" has no method handling DELETE /x"},
      {"GET", "/api/Coins/count", "Unknown \"Coins\" id \"count\"."},
      {"GET", "/api/Nope", "There is no method to handle GET /Nope"},
      {"GET", "/api", "There is no method to handle GET /"},
      {"GET", "/api/system/nope", "Shared class \"System\" has no method handling GET /nope"},
      {"GET", "/api/queries/nope", "Shared class \"Query\" has no method handling GET /nope"},
      {"GET", "/api/queries", "Shared class \"Query\" has no method handling GET /"},
      {"GET", "/nope", "Cannot GET /nope"}};
  for (const auto& [method, path, message] : cases) {
    const auto& shown_path = path;
    CAPTURE(shown_path);
    check_error(*composer.ask(method, path, "{}"), {404, "Error", message});
  }
}

TEST_CASE("names of models, prefix and slashes are taken as clients happen to write them") {
  ComposerDoor composer;
  composer.make("/api/Coins", test::coins("R1", 20));
  for (const auto* path : {"/api/coins/CO_R1", "/API/COINS/CO_R1", "/api/Coins/CO_R1/",
                           "//api//Coins//CO_R1", "/Api/Coins/CO_R1?resolve=true&x=y"}) {
    const auto& shown_path = path;
    CAPTURE(shown_path);
    CHECK(composer.get(path)->response.status == 200);
  }
  CHECK(composer.get("/api/Coins/co_r1")->response.status == 404);
  CHECK(composer.ask("HEAD", "/api/Coins/CO_R1")->response.status == 200);
  CHECK(composer.ask("HEAD", "/api/Coins/none")->response.status == 404);
}

TEST_CASE("with namespaces always only full names are known, and error texts have underscores") {
  ComposerDoor composer;
  composer.door.options.composer_namespaces = ComposerNamespaces::always;
  check_error(*composer.get("/api/Coins"),
              {404, "Error", "There is no method to handle GET /Coins"});
  const std::string model = "/api/org.smile.energy.network.Coins";
  composer.make(model, test::coins("R1", 20));
  CHECK(composer.get(model)->json().size() == 1);
  check_error(*composer.get(model + "/none"),
              {404, "Error", "Unknown \"org_smile_energy_network_Coins\" id \"none\"."});
  check_error(*composer.post(model, {{"coinsID", "Z"}}),
              {422, "ValidationError",
               "The `org_smile_energy_network_Coins` instance is not valid. Details: `value` can't "
               "be blank (value: undefined); `ownerID` can't be blank (value: undefined); "
               "`ownerEntity` can't be blank (value: undefined)."});
  CHECK(composer.get("/api/queries/selectCoins")->json().size() == 1);
  CHECK(composer.get("/api/system/ping")->response.status == 200);
  ComposerDoor required;
  required.door.options.composer_namespaces = ComposerNamespaces::required;
  CHECK(required.get("/api/Coins")->response.status == 200);
}

}  // namespace powershare::gateway
