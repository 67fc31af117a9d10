#include <doctest/doctest.h>

#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

std::string encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::shared_ptr<test::Reply> filtered(ComposerDoor& composer, const std::string& model,
                                      std::string_view filter) {
  return composer.get("/api/" + model + "?filter=" + encoded(filter));
}

/// The ids that a list has, without their prefix, in its order: "A B C".
std::string ids(const test::Reply& reply) {
  CAPTURE(reply.response.body);
  REQUIRE(reply.response.status == 200);
  std::string text;
  for (const auto& item : reply.json()) {
    if (!text.empty()) text += ' ';
    text += item["coinsID"].get<std::string>().substr(3);
  }
  return text;
}

void make_coins(ComposerDoor& composer) {
  composer.make("/api/Coins", test::coins("A", 10));
  composer.make("/api/Coins", test::coins("B", 20, "Bank"));
  composer.make("/api/Coins", test::coins("C", 30));
  composer.make("/api/Coins", test::coins("D", 40));
}

}  // namespace

TEST_CASE("where chooses, and nothing of it is left out") {
  ComposerDoor composer;
  make_coins(composer);
  const std::pair<const char*, const char*> cases[] = {
      {R"({"where":{"value":20}})", "B"},
      {R"({"where":{"value":"20"}})", "B"},
      {R"({"where":{"ownerEntity":"Bank"}})", "B"},
      {R"({"where":{"value":{"gt":20}}})", "C D"},
      {R"({"where":{"value":{"gte":20}}})", "B C D"},
      {R"({"where":{"value":{"lt":20}}})", "A"},
      {R"({"where":{"value":{"lte":20}}})", "A B"},
      {R"({"where":{"value":{"neq":20}}})", "A C D"},
      {R"({"where":{"value":{"between":[20,30]}}})", "B C"},
      {R"({"where":{"value":{"gt":10,"lt":40}}})", "B C"},  // the former server took the first only
      {R"({"where":{"coinsID":{"gte":"CO_C"}}})", "C D"},
      {R"({"where":{"value":{"gt":10},"ownerEntity":"Resident"}})", "C D"},
      {R"({"where":{"and":[{"value":{"gt":10}},{"value":{"lt":40}}]}})", "B C"},
      {R"({"where":{"or":[{"value":10},{"and":[{"value":30},{"ownerID":"C"}]}]}})", "A C"},
      {R"({"where":{"and":[{"value":10}]}})", "A"},
      {R"({"where":{}})", "A B C D"},
      {R"({"where":{"id":"CO_B"}})", "B"},
      {R"({"where":{"id":"CO_B","value":1}})", ""},
      {R"({"where":{"id":"none"}})", ""},
      {R"({"where":{"ownerID":"it's \"quoted\""}})", ""},
      {"{}", "A B C D"},
      {"", "A B C D"},
      {"null", "A B C D"}};
  for (const auto& [filter, expected] : cases) {
    const auto& shown_filter = filter;
    CAPTURE(shown_filter);
    CHECK(ids(*filtered(composer, "Coins", filter)) == expected);
  }
  CHECK(ids(*composer.get("/api/Coins?filter[where][value][gt]=20")) == "C D");
  CHECK(ids(*composer.get(
            "/api/Coins?filter[where][or][0][value]=10&filter[where][or][1][value]=40")) == "A D");
}

TEST_CASE("order, limit and skip work, which the former server only read") {
  ComposerDoor composer;
  make_coins(composer);
  CHECK(ids(*filtered(composer, "Coins", R"({"order":"value DESC"})")) == "D C B A");
  CHECK(ids(*filtered(composer, "Coins", R"({"order":["ownerEntity","value desc"]})")) ==
        "B D C A");
  CHECK(ids(*filtered(composer, "Coins", R"({"limit":2})")) == "A B");
  CHECK(ids(*filtered(composer, "Coins", R"({"limit":2,"skip":1})")) == "B C");
  CHECK(ids(*filtered(composer, "Coins", R"({"offset":3})")) == "D");
  CHECK(ids(*filtered(composer, "Coins", R"({"order":"value DESC","limit":1})")) == "D");
}

TEST_CASE("fields keep or leave out, include shows what references name") {
  ComposerDoor composer;
  composer.make_island();
  const auto first = [&](const char* filter) {
    return filtered(composer, "Resident", filter)->json()[0];
  };
  CHECK(first(R"({"fields":["residentID","email"]})") ==
        Json::parse(R"({"residentID":"R1","email":"R1@e.org"})"));
  CHECK(first(R"({"fields":{"residentID":true}})") == Json::parse(R"({"residentID":"R1"})"));
  CHECK_FALSE(first(R"({"fields":{"email":false}})").contains("email"));
  CHECK(first(R"({"fields":["nothing"]})") == Json::object());
  CHECK(first(R"({"include":"resolve"})")["coins"]["value"] == 20);
  for (const auto* other : {R"({"include":"coins"})", R"({"include":["resolve"]})"}) {
    CHECK(first(other)["coins"] == "resource:org.smile.energy.network.Coins#CO_R1");
  }
  composer.ask("DELETE", "/api/Coins/CO_R1");
  CHECK(first(R"({"include":"resolve"})")["coins"] ==
        "resource:org.smile.energy.network.Coins#CO_R1");
  CHECK(first(R"({"include":"resolve"})")["energy"]["value"] == 3);
  CHECK(filtered(composer, "Resident", R"({"where":{"firstName":"First"}})")->json().size() == 2);
}

TEST_CASE("trades of a period are found as the Android app asks for them") {
  ComposerDoor composer;
  composer.make_island();
  composer.make("/api/EnergyToCoins", test::trade("R1", "R2", 1));
  composer.make("/api/EnergyToCoins", test::trade("R2", "R1", 1));
  const auto count = [&](const std::string& side, const std::string& from) {
    const auto filter = R"({"where":{"and":[{")" + side +
                        R"(":"resource:org.smile.energy.network.Coins#CO_R2"},)"
                        R"({"timestamp":{"gte":")" +
                        from + R"("}}]}})";
    return filtered(composer, "EnergyToCoins", filter)->json().size();
  };
  CHECK(count("coinsDec", "2019-10-01T00:00:00.000Z") == 1);
  CHECK(count("coinsInc", "2019-10-01T00:00:00.000Z") == 1);
  CHECK(count("coinsInc", "2030-10-01T00:00:00.000Z") == 0);
  CHECK(filtered(composer, "EnergyToCoins", R"({"where":{"coinsInc":"CO_R2"}})")->json().empty());
}

TEST_CASE("a filter that cannot be meant is refused in the former words") {
  ComposerDoor composer;
  make_coins(composer);
  const std::tuple<const char*, int, const char*> cases[] = {
      {"{bad", 400, "Value is not an object."},
      {"[]", 400, "Value is not an object."},
      {"\"x\"", 400, "Value is not an object."},
      {"abc", 400, "Value is not an object."},
      {R"({"where":"x"})", 400, "The where clause \"x\" is not an object"},
      {R"({"where":[]})", 400, "The where clause [] is not an object"},
      {R"({"where":{"value":null}})", 500, "The value: null is invalid"},
      {R"({"where":{"value":{"like":"a"}}})", 500,
       "The key like operator is not supported by the Composer filter where"},
      {R"({"where":{"value":{"near":1}}})", 500,
       "The key near operator is not supported by the Composer filter where"},
      {R"({"where":{"value":{"between":[10,20,30]}}})", 400,
       "The value property has invalid clause {\"between\":[10,20,30]}: Expected precisely 2 "
       "values, received 3"},
      {R"({"where":{"nope":1}})", 400,
       "The field nope is not defined for type org.smile.energy.network.Coins"},
      {R"({"where":{"value":"abc"}})", 400, "Value is not a number."},
      {R"({"order":"value DES"})", 400, "The order \"value DES\" has invalid direction"},
      {R"({"order":5})", 400, "The order 5 is not valid"},
      {R"({"limit":-1})", 400, "The limit parameter -1 is not valid"},
      {R"({"skip":-1})", 400, "The offset/skip parameter -1 is not valid"},
      {R"({"offset":1.5})", 400, "The offset/skip parameter 1.5 is not valid"}};
  for (const auto& [filter, status, message] : cases) {
    const auto& shown_filter = filter;
    CAPTURE(shown_filter);
    const auto reply = filtered(composer, "Coins", filter);
    CHECK(reply->response.status == status);
    CHECK(reply->json()["error"]["message"] == message);
  }
  CHECK(composer.get("/api/Coins?filter={}&filter={}")->response.status == 400);
  std::string deep = "{\"where\":";
  for (int i = 0; i < 40; ++i) deep += "{\"and\":[";
  CHECK(filtered(composer, "Coins", deep)->response.status == 400);
  std::string wide = R"({"where":{"or":[{"value":1})";
  for (int i = 0; i < 300; ++i) wide += R"(,{"value":1})";
  CHECK(filtered(composer, "Coins", wide + "]}}")->response.status == 400);
}

}  // namespace powershare::gateway
