#include <doctest/doctest.h>

#include "gateway/household/news_letter.hpp"
#include "gateway/usage.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/identities.hpp"
#include "tests/unit/gateway/household_door.hpp"
#include "tests/unit/gateway/picture_fixture.hpp"

namespace powershare::gateway {
namespace {

using test::HouseholdDoor;
using test::Json;

/// A PUT of bytes that are no JSON.
test::Answer put(HouseholdDoor& home, const std::string& token, ByteView body) {
  auto request = test::request_to("PUT", "/etms/me/picture");
  request.headers["authorization"] = "Bearer " + token;
  request.body = as_text(body);
  return home.ask(std::move(request));
}

}  // namespace

TEST_CASE("a household's picture is made anew, kept beside the chain, and taken away") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  CHECK(home.ask("GET", "/etms/me/picture", token).status == 404);
  CHECK(home.ask("PATCH", "/etms/me", token, {{"first_name", "Ana"}}).status == 200);
  CHECK(put(home, token, test::png_of(300, 200, {9, 120, 9})).status == 200);
  CHECK(home.submitter.executed.back() == "UpdateParticipant by Resident:H01: applied");
  const auto shown = home.ask("GET", "/etms/me/picture", token);
  REQUIRE(shown.status == 200);
  CHECK(shown.header("X-Content-Type-Options") == "nosniff");
  CHECK(shown.header("Cache-Control") == "private, no-cache");
  CHECK(test::decode_jpeg(as_bytes(shown.body.get_ref<const std::string&>())).width == 256);
  // Names and picture do not undo one another.
  CHECK(home.ask("PATCH", "/etms/me", token, {{"last_name", "Sá"}}).status == 200);
  const auto me = home.ask("GET", "/etms/me", token).body;
  CHECK(me["has_picture"] == true);
  CHECK(me["profile"]["first_name"] == "Ana");
  const auto taken = home.ask("GET", "/etms/export", token).body["profile"]["picture"];
  CHECK(from_base64(taken.get<std::string>()) ==
        to_bytes(shown.body.get_ref<const std::string&>()));
  CHECK(home.ask("DELETE", "/etms/me/picture", token).status == 200);
  CHECK(home.ask("GET", "/etms/me/picture", token).status == 404);
  CHECK(home.ask("GET", "/etms/me", token).body["profile"]["last_name"] == "Sá");
}

TEST_CASE("what is no picture, or too large, changes nothing") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto before = home.submitter.executed.size();
  CHECK(put(home, token, as_bytes("not a picture")).code() == "bad_parameter");
  CHECK(put(home, token, {}).status == 400);
  CHECK(put(home, token, Bytes(2 * 1024 * 1024 + 1, 1)).status == 413);
  CHECK(home.submitter.executed.size() == before);
  home.door.profiles.refuses = true;
  CHECK(put(home, token, test::png_of(2, 2, {1, 1, 1})).status == 503);
}

TEST_CASE("others see the picture of a home that shows itself by name, and of no other") {
  HouseholdDoor home;
  const auto ana = home.token_of("Resident:H01", "ana");
  const auto eva = home.token_of("Resident:H02", "eva");
  REQUIRE(put(home, ana, test::png_of(2, 2, {1, 1, 1})).status == 200);
  const auto by_eva = [&] { return home.ask("GET", "/etms/participants/H01/picture", eva).status; };
  CHECK(by_eva() == 404);
  CHECK(home.ask("GET", "/etms/participants/H01/picture", ana).status == 200);
  for (const auto& [display, status] : {std::pair{ledger::RankingDisplay::named, 200},
                                        std::pair{ledger::RankingDisplay::hidden, 404}}) {
    ledger::SetPreferences preferences;
    preferences.participant = test::resident("H01");
    preferences.ranking = display;
    ledger::put_preferences(home.door.chain->state, preferences);
    CHECK(by_eva() == status);
  }
  CHECK(home.ask("GET", "/etms/participants/H02/picture", eva).status == 404);
  CHECK(home.ask("GET", "/etms/participants/nobody/picture", eva).status == 404);
  CHECK(home.ask("GET", "/etms/participants/H01/picture", {}, nullptr, test::administrator_key)
            .status == 401);
}

TEST_CASE("where programs of an older level may be, only names are kept") {
  HouseholdDoor home;
  ledger::Genesis older;
  older.feature_level = 2;
  const auto token = home.token_of("Resident:H01", "ana");
  ledger::put_first_epoch(home.door.chain->state, older);
  CHECK(put(home, token, test::png_of(2, 2, {1, 1, 1})).code() == "feature_level");
  CHECK(home.ask("PATCH", "/etms/me", token, {{"first_name", "Ana"}}).status == 200);
}

TEST_CASE("news go where the household says, with a secret that changes with the address") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto set = [&](const Json& body) {
    return home.ask("PUT", "/etms/delivery", token, body).status;
  };
  const auto get = [&] { return home.ask("GET", "/etms/delivery", token).body; };
  CHECK(get()["mail"] == false);
  CHECK(get()["webhook"].is_null());
  CHECK(get()["webhook_secret"].is_null());
  CHECK(get()["last"].empty());
  CHECK(set({{"mail", true}}) == 400);  // without an e-mail
  CHECK(home.ask("PATCH", "/etms/me", token, {{"email", "ana@example.org"}}).status == 200);
  CHECK(set({{"mail", true}, {"webhook", "https://example.org/hook?a=b"}, {"kinds", {"top_up"}}}) ==
        200);
  auto shown = get();
  CHECK(shown["mail"] == true);
  CHECK(shown["kinds"] == Json{"top_up"});
  const auto secret = shown["webhook_secret"].get<std::string>();
  CHECK(secret.size() == 64);
  CHECK(set({{"webhook", "https://example.org/hook?a=b"}}) == 200);
  CHECK(get()["webhook_secret"] == secret);
  CHECK(get()["mail"] == false);
  CHECK(get()["kinds"].size() == 15);
  CHECK(set({{"webhook", "https://other.example.org/"}}) == 200);
  CHECK(get()["webhook_secret"] != secret);
  home.door.deliveries.known[test::resident("H01")] = {
      {"webhook", "failed", "It answered 500.", {1'000}}};
  CHECK(get()["last"][0] == Json{{"way", "webhook"},
                                 {"outcome", "failed"},
                                 {"reason", "It answered 500."},
                                 {"time", "1970-01-01T00:00:01Z"}});
  CHECK(home.ask("GET", "/etms/me", token).body["profile"]["email"] == "ana@example.org");
  CHECK(set({{"webhook", nullptr}}) == 200);
  CHECK(get()["webhook_secret"].is_null());
  for (const Json& body :
       {Json{{"webhook", "http://example.org/"}}, Json{{"webhook", "ftp://example.org/"}},
        Json{{"webhook", "https://"}}, Json{{"webhook", "https://user@example.org/"}},
        Json{{"webhook", "https://example.org/a b"}}, Json{{"webhook", 7}},
        Json{{"webhook", "https://example.org/" + std::string(600, 'x')}}, Json{{"mail", "yes"}},
        Json{{"kinds", {"weather"}}}, Json{{"kinds", "top_up"}}, Json{{"sms", true}}}) {
    CAPTURE(body.dump());
    CHECK(set(body) == 400);
  }
}

TEST_CASE("a webhook's body, its signature and a mail say what has happened") {
  ledger::NewsRow row;
  row.participant = test::resident("H01");
  row.height = 12;
  row.index = 3;
  row.kind = ledger::NewsKind::low_balance;
  row.amount_nano = 2'000'000'000;
  row.balance_nano = 500'000'000;
  const auto body = household::webhook_body("funchal", row);
  CHECK(Json::parse(body) == Json{{"delivery", "funchal.12.3.Resident:H01"},
                                  {"chain", "funchal"},
                                  {"participant", "Resident:H01"},
                                  {"news",
                                   {{"id", "12.3"},
                                    {"time", "1970-01-01T00:00:00Z"},
                                    {"kind", "low_balance"},
                                    {"low_balance_coins", 2},
                                    {"coins", 0.5}}}});
  // What any other program makes of it: HMAC-SHA256 of "7.{}" with the key "secret".
  CHECK(household::webhook_signature("secret", 7, "{}") ==
        "sha256=76aad9429f417882918162a1928a38769fff65cc07b6bfa344ac9c5fb1e3448e");
  const auto mail = household::mail_text("funchal", row, "island@example.org", "ana@example.org",
                                         {1'796'076'000'000});
  CHECK(
      mail.starts_with("Date: Mon, 30 Nov 2026 22:00:00 +0000\r\n"
                       "From: Power Share <island@example.org>\r\nTo: <ana@example.org>\r\n"));
  CHECK(mail.find("O seu saldo de moedas") != std::string::npos);
  CHECK(mail.find("  coins: 0.5\r\n") != std::string::npos);
  // Lines end in CR LF only, and the head ends once.
  for (std::size_t i = 0; i < mail.size(); ++i) {
    if (mail[i] == '\n') CHECK(mail[i - 1] == '\r');
  }
  for (std::uint8_t kind = 1; kind <= 15; ++kind) {
    row.kind = static_cast<ledger::NewsKind>(kind);
    CHECK(household::mail_text("funchal", row, "a@b.pt", "c@d.pt", {0}).find("There is news") ==
          std::string::npos);
  }
}

TEST_CASE("screens and faults are counted by day, and nothing of who says so") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto usage = [&](const Json& body) {
    return home.ask("POST", "/etms/usage", token, body).status;
  };
  CHECK(usage({{"screens", {"home", "home", "wallet", "a screen of tomorrow"}},
               {"errors", {"TypeError: \"Ana\" has no 12"}}}) == 200);
  CHECK(usage({{"screens", {"home"}}}) == 200);
  CHECK(usage(Json::object()) == 200);
  const auto ask = [&] {
    return home.ask("GET", "/v1/usage", {}, nullptr, test::administrator_key);
  };
  auto days = ask().body["days"];
  REQUIRE(days.size() == 1);
  CHECK(days[0]["screens"] == Json{{"home", 3}, {"wallet", 1}});
  CHECK(days[0]["errors"] == Json{{{"message", "TypeError: * has no #"}, {"count", 1}}});
  CHECK(ask().body.dump().find("H01") == std::string::npos);
  CHECK(home.door.screens == std::vector<std::string>{"home", "home", "wallet", "", "home"});
  CHECK(home.ask("GET", "/v1/usage", token).status == 403);
  for (const Json& body : {Json{{"screens", "home"}}, Json{{"screens", {1}}}, Json{{"who", "me"}},
                           Json("home"), Json{{"errors", std::vector<std::string>(33, "x")}},
                           Json{{"errors", {std::string(5'000, 'x')}}}}) {
    CAPTURE(body.dump());
    CHECK(usage(body) != 200);
  }
}

TEST_CASE("counters are bounded, survive a restart, and keep no name") {
  UsageCounters counters;
  const UtcMillis day{1'796'076'000'000};
  for (int i = 0; i < 200; ++i) {
    counters.failed("fault " + std::string(static_cast<std::size_t>(i), 'x'), day);
    counters.saw("home", {day.value + i * millis_per_day});
  }
  CHECK_FALSE(counters.saw("nowhere", day));
  CHECK(counters.take_changed());
  CHECK_FALSE(counters.take_changed());
  const auto text = counters.to_json();
  const auto days = Json::parse(text)["days"];
  CHECK(days.size() == UsageCounters::max_days);
  CHECK(UsageCounters(text).to_json() == text);
  UsageCounters faults;
  for (int i = 0; i < 200; ++i)
    faults.failed("fault " + std::string(1, static_cast<char>(' ' + i % 95)), day);
  const auto only = Json::parse(faults.to_json())["days"][0];
  CHECK(only["errors"].size() == UsageCounters::max_errors);
  CHECK(only["other_errors"].get<int>() > 0);
  CHECK(UsageCounters(faults.to_json()).to_json() == faults.to_json());
  for (const std::string damaged : {"", "{", "[]", "{\"days\":7}", "{\"days\":[{\"day\":\"x\"}]}",
                                    "{\"days\":[{\"day\":\"2026-11-30\",\"screens\":[]}]}"}) {
    CHECK_NOTHROW(UsageCounters{damaged});
  }
  const auto scrubbed = UsageCounters::scrubbed;
  CHECK(scrubbed("cannot read 'Ana Sá' of null") == "cannot read * of null");
  CHECK(scrubbed("couldn't load") == "couldn't load");
  CHECK(scrubbed("mail to ana@example.org failed") == "mail to");
  CHECK(scrubbed("GET /etms/history?date=2026-11-30") == "GET /etms/history");
  CHECK(scrubbed("at https://peer.example/x") == "at https:/");
  CHECK(scrubbed("line 12345") == "line #");
  CHECK(scrubbed("") == "unknown");
  CHECK(scrubbed("caf\xc3\xa9\n") == "caf...");
  CHECK(scrubbed(std::string(5'000, 'x')).size() == UsageCounters::max_error_bytes);
}

TEST_CASE("a household's stream of events ends with its token") {
  const auto open = [](HouseholdDoor& home, const std::string& token) {
    auto request = test::request_to("GET", "/etms/events");
    request.headers["authorization"] = "Bearer " + token;
    request.remote_address = home.address;
    auto reply = std::make_shared<test::LateReply>();
    home.door.gateway().handle(std::move(request), reply);
    CHECK(reply->wait().status == 200);
    return reply->opened;
  };
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto logged_out = open(home, token);
  const std::string other = home.log_in("ana").body["token"];
  const auto left_open = open(home, other);
  home.door.gateway().block_committed();
  CHECK_FALSE(logged_out->closed);
  REQUIRE(home.ask("POST", "/etms/logout", token).status == 200);
  home.door.gateway().block_committed();
  CHECK(logged_out->closed);
  CHECK_FALSE(left_open->closed);
  // Without any block, by the wall clock.
  home.let_pass(14 * millis_per_minute);
  home.door.gateway().tick();
  CHECK_FALSE(left_open->closed);
  home.let_pass(16 * millis_per_minute);
  home.door.gateway().tick();
  CHECK(left_open->closed);
}

TEST_CASE("a stream that an API key of the chain has opened ends when it is revoked") {
  HouseholdDoor home;
  home.door.options.require_key_for_reads = true;
  ledger::put_api_key(home.door.chain->state,
                      {hash_api_key("operator's"), Role::operator_, "operator", 0, {}});
  const auto open = [&](const char* key) {
    auto request = test::request_to("GET", "/v1/events");
    request.headers["x-api-key"] = key;
    const auto reply = home.door.ask(std::move(request));
    REQUIRE(reply->opened != nullptr);
    return reply->opened;
  };
  const auto by_chain = open("operator's");
  const auto by_configuration = open(test::administrator_key);
  home.door.gateway().tick();
  CHECK_FALSE(by_chain->closed);
  ledger::erase_api_key(home.door.chain->state,
                        {hash_api_key("operator's"), Role::operator_, "operator", 0, {}});
  home.door.gateway().tick();
  CHECK(by_chain->closed);
  CHECK_FALSE(by_configuration->closed);
}

}  // namespace powershare::gateway
