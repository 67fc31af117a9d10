#include <doctest/doctest.h>

#include "crypto/sealed_key.hpp"
#include "gateway/household/access_desk.hpp"
#include "tests/unit/gateway/household_door.hpp"

namespace powershare::gateway {
namespace {

using test::HouseholdDoor;
using test::Json;

Json credentials(const char* login, const char* word = test::password) {
  return {{"login", login}, {"password", word}};
}

std::string hex_key(std::uint8_t first) {
  crypto::Seed seed{};
  seed[0] = first;
  return to_hex(ByteView(crypto::KeyPair::from_seed(seed).public_key()));
}

}  // namespace

TEST_CASE("tokens have one text each") {
  crypto::Seed seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(255 - i);
  const auto text = token_text(session_prefix, seed, 1234);
  CHECK(text.starts_with("ps1."));
  const auto token = parse_token(session_prefix, text);
  REQUIRE(token.has_value());
  CHECK(token->seed == seed);
  CHECK(token->height == 1234);
  CHECK_FALSE(parse_token(refresh_prefix, text).has_value());
  for (const auto& wrong :
       {text + "x", text.substr(0, text.size() - 5), std::string("ps1."), std::string("ps1.."),
        text.substr(0, 10) + "*" + text.substr(11), "ps1." + std::string(43, 'A') + ".01",
        "ps1." + std::string(43, 'A') + ".-1", "ps1." + std::string(42, 'A') + "B.1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_token(session_prefix, wrong).has_value());
  }
  CHECK(bearer_of("Bearer abc") == "abc");
  CHECK(bearer_of("bearer  abc") == "abc");
  CHECK_FALSE(bearer_of("Basic abc").has_value());
  CHECK(bearer_of("Bearer") == "");
  CHECK(bearer_of("Bearer ") == "");
  CHECK_FALSE(bearer_of("Bearers abc").has_value());
}

TEST_CASE("after five failures a login and an address pause, a minute doubled up to an hour") {
  Lockout lockout(100);
  MonotonicMillis now{1};
  for (int i = 0; i < 5; ++i) CHECK(lockout.begin("ana", "a", now) == 0);
  CHECK(lockout.begin("ana", "b", now) == 60);  // the name, from anywhere
  CHECK(lockout.begin("eva", "a", now) == 60);  // the address, whatever the name
  CHECK(lockout.begin("eva", "b", now) == 0);
  now.value += 59'001;
  CHECK(lockout.begin("ana", "b", now) == 1);
  std::int64_t expected = 120;
  for (int i = 0; i < 8; ++i) {
    now.value += millis_per_hour;
    CHECK(lockout.begin("ana", "a", now) == 0);
    CHECK(lockout.begin("ana", "a", now) == expected);
    expected = std::min<std::int64_t>(2 * expected, 3600);
  }
  now.value += Lockout::memory_ms;  // forgotten
  for (int i = 0; i < 5; ++i) CHECK(lockout.begin("ana", "a", now) == 0);
  CHECK(lockout.begin("ana", "a", now) == 60);
}

TEST_CASE("a success forgives the name, and of the address only itself") {
  Lockout lockout;
  const MonotonicMillis now{1};
  for (int i = 0; i < 4; ++i) CHECK(lockout.begin("ana", "a", now) == 0);
  CHECK(lockout.begin("eva", "a", now) == 0);
  lockout.succeeded("eva", "a");
  CHECK(lockout.begin("ana", "a", now) == 0);
  CHECK(lockout.begin("eva", "a", now) == 60);
  Lockout other;
  for (int i = 0; i < 20; ++i) {
    CHECK(other.begin("ana", "a", now) == 0);
    other.not_tried("ana", "a");
  }
  CHECK(other.entries() == 0);
}

TEST_CASE("the table of failures is bounded") {
  Lockout lockout(10);
  for (int i = 0; i < 1000; ++i) {
    const auto number = std::to_string(i);
    CHECK(lockout.begin("n" + number, "a" + number, {1 + i}) == 0);
  }
  CHECK(lockout.entries() == 10);
}

TEST_CASE("one password at a time, sixteen wait, more are turned away") {
  PasswordWorker worker;
  std::mutex gate;
  std::condition_variable begun;
  bool running = false;
  std::unique_lock closed(gate);
  REQUIRE(worker.post([&] {
    const std::lock_guard lock(gate);
    running = true;
    begun.notify_all();
  }));
  std::atomic<int> done{0};
  // The first task may or may not have been taken from the queue yet.
  int taken = 0;
  while (worker.post([&] { ++done; })) REQUIRE(++taken <= 16);
  CHECK(taken >= 15);
  begun.wait(closed, [&] { return running; });
  closed.unlock();
  worker.stop();
  CHECK(done <= taken);
  CHECK_FALSE(worker.post([] {}));
}

TEST_CASE("a person is invited, accepts with a name and a password, and logs in") {
  HouseholdDoor home;
  const auto code = home.invite("H01");
  REQUIRE(code.size() == 23);
  CHECK(home.submitter.executed.back() == "Invite by administrator: applied");
  const auto accepted = home.accept(code, "Ana@Example.org");
  REQUIRE(accepted.status == 200);
  CHECK(accepted.body["participant"] == "Resident:H01");
  CHECK(home.accept(code, "second").code() == "unknown_invitation");
  const auto in = home.log_in("ana@example.org");
  REQUIRE(in.status == 200);
  CHECK(in.body["participant"] == "Resident:H01");
  CHECK(in.header("Cache-Control") == "no-store");
  const std::string token = in.body["token"];
  const auto me = home.ask("GET", "/etms/me", token);
  REQUIRE(me.status == 200);
  CHECK(me.body["participant"] == "Resident:H01");
  CHECK(me.body["profile"].is_null());
  // Neither name nor password is in the state.
  std::string all;
  home.door.chain->state.scan({}, {}, [&](ByteView key, ByteView value) {
    all += std::string(as_text(key)) + std::string(as_text(value));
    return true;
  });
  CHECK(all.find("example") == std::string::npos);
  CHECK(all.find("correct horse") == std::string::npos);
}

TEST_CASE("what an acceptance must not be") {
  HouseholdDoor home;
  const auto code = home.invite("H01");
  const auto accept = [&](const Json& body) { return home.ask("POST", "/etms/accept", {}, body); };
  CHECK(accept({{"code", "short"}, {"public_key", hex_key(1)}}).status == 400);
  CHECK(accept({{"code", "00000-00000-00000-00000"}, {"public_key", hex_key(1)}}).status == 404);
  CHECK(accept({{"code", code}}).status == 400);
  CHECK(accept({{"code", code}, {"login", "ana"}}).status == 400);
  CHECK(accept({{"code", code}, {"login", "a b"}, {"password", test::password}}).status == 400);
  CHECK(accept({{"code", code}, {"login", "ana"}, {"password", "short"}}).status == 400);
  CHECK(accept({{"code", code}, {"login", "ana"}, {"password", std::string(257, 'x')}}).status ==
        400);
  CHECK(accept({{"code", code},
                {"login", "ana"},
                {"password", test::password},
                {"public_key", hex_key(1)}})
            .status == 400);
  CHECK(accept({{"code", code}, {"public_key", std::string(64, '0')}}).status == 400);
  CHECK(accept({{"code", code}, {"public_key", hex_key(1)}, {"role", "administrator"}}).status ==
        400);
  // The name of another household's person.
  REQUIRE(home.accept(home.invite("H02"), "ana").status == 200);
  CHECK(home.accept(code, "ANA").code() == "login_exists");
  // An own key: nothing is kept of it.
  CHECK(accept({{"code", code}, {"public_key", hex_key(1)}}).status == 200);
  CHECK(ledger::logins_of(home.door.chain->state, test::resident("H01")).empty());
  CHECK(ledger::keys_of(home.door.chain->state, "Resident:H01").size() == 1);
}

TEST_CASE("a wrong name and a wrong password say the same, and lock out") {
  HouseholdDoor home;
  REQUIRE(home.accept(home.invite("H01"), "ana").status == 200);
  const auto wrong_name = home.log_in("nobody");
  const auto wrong_word = home.log_in("ana", "wrong wrong wrong");
  CHECK(wrong_name.status == 401);
  CHECK(wrong_name.body == wrong_word.body);
  CHECK(wrong_name.headers == wrong_word.headers);
  CHECK(wrong_name.header("WWW-Authenticate").starts_with("Bearer"));
  for (int i = 0; i < 3; ++i) CHECK(home.log_in("ana", "wrong wrong wrong").status == 401);
  const auto locked = home.log_in("ana");  // 5 failures from this address
  CHECK(locked.status == 429);
  CHECK(locked.header("Retry-After") == "60");
  home.address = "192.0.2.2";
  CHECK(home.log_in("ana").status == 200);  // four of the name
  home.door.now.value += millis_per_minute;
  home.address = "192.0.2.1";
  CHECK(home.log_in("ana").status == 200);
}

TEST_CASE("forged, expired, used and foreign tokens open nothing") {
  HouseholdDoor home;
  REQUIRE(home.accept(home.invite("H01"), "ana").status == 200);
  const auto in = home.log_in("ana").body;
  const std::string token = in["token"];
  const std::string refresh = in["refresh_token"];
  const auto me = [&](const std::string& with) { return home.ask("GET", "/etms/me", with); };
  CHECK(me(token).status == 200);
  CHECK(me({}).code() == "token_needed");
  CHECK(me(refresh).code() == "bad_token");
  CHECK(me("x").code() == "bad_token");
  const crypto::Seed forged{1};
  CHECK(me(token_text(session_prefix, forged, 1)).code() == "bad_token");
  const auto behind = me(token_text(session_prefix, forged, 1'000'000));
  CHECK(behind.status == 503);
  CHECK(behind.header("Retry-After") == "1");
  CHECK(home.ask("GET", "/etms/me", token, nullptr, test::administrator_key).code() ==
        "two_credentials");
  CHECK(home.ask("GET", "/api/Resident", token).status == 403);
  // A bad token does not read as nobody.
  CHECK(home.ask("GET", "/v1/accounts", token_text(session_prefix, forged, 1)).status == 401);

  const auto renewed = home.ask("POST", "/etms/refresh", {}, {{"refresh_token", refresh}});
  REQUIRE(renewed.status == 200);
  CHECK(me(token).status == 401);
  const std::string next = renewed.body["token"];
  CHECK(me(next).status == 200);
  CHECK(home.ask("POST", "/etms/refresh", {}, {{"refresh_token", refresh}}).status == 401);
  CHECK(me(next).status == 200);  // its reuse ends nothing
  CHECK(home.ask("POST", "/etms/refresh", {}, {{"refresh_token", next}}).status == 401);

  home.let_pass(15 * millis_per_minute + 5'000);
  const auto expired = me(next);
  CHECK(expired.code() == "token_expired");
  CHECK(expired.header("WWW-Authenticate").starts_with("Bearer"));
  const auto late = home.ask("POST", "/etms/refresh", next,  // a dead token does not hinder it
                             {{"refresh_token", renewed.body["refresh_token"]}});
  CHECK(late.status == 200);
  CHECK(me(late.body["token"]).status == 200);
  home.let_pass(31 * millis_per_day);
  CHECK(home.ask("POST", "/etms/refresh", {}, {{"refresh_token", late.body["refresh_token"]}})
            .status == 401);
}

TEST_CASE("sessions are listed, and ended one by one or all at once") {
  HouseholdDoor home;
  const auto first = home.token_of("Resident:H01", "ana");
  const std::string second = home.log_in("ana").body["token"];
  const auto other = home.token_of("Resident:H02", "eva");
  const auto list = home.ask("GET", "/etms/sessions", first);
  REQUIRE(list.status == 200);
  REQUIRE(list.body["items"].size() == 2);
  std::string of_second;
  for (const auto& item : list.body["items"]) {
    if (!item["current"].get<bool>()) of_second = item["session"];
  }
  CHECK(home.ask("DELETE", "/etms/sessions/" + of_second, other).status == 422);
  CHECK(home.ask("DELETE", "/etms/sessions/xyz", first).status == 400);
  CHECK(home.ask("GET", "/etms/sessions", second).status == 200);
  CHECK(home.ask("DELETE", "/etms/sessions/" + of_second, first).status == 200);
  CHECK(home.ask("GET", "/etms/sessions", second).status == 401);
  CHECK(home.ask("POST", "/etms/logout", first).status == 200);
  CHECK(home.ask("GET", "/etms/sessions", first).status == 401);
  const std::string third = home.log_in("ana").body["token"];
  CHECK(home.ask("DELETE", "/etms/sessions/all", third).status == 200);
  CHECK(home.ask("GET", "/etms/sessions", third).status == 401);
  CHECK(home.ask("GET", "/etms/sessions", other).status == 200);
}

TEST_CASE("keys, passwords and invitations ask for the password again") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto other = home.token_of("Resident:H02", "eva");
  // A further person of the household.
  CHECK(home.ask("POST", "/etms/invitations", token, credentials("ana", "wrong wrong wrong"))
            .status == 401);
  CHECK(home.ask("POST", "/etms/invitations", token, credentials("eva")).code() == "not_yours");
  const auto invited = home.ask("POST", "/etms/invitations", token, credentials("ana"));
  REQUIRE(invited.status == 200);
  CHECK(home.ask("GET", "/etms/invitations", token).body["items"].size() == 1);
  CHECK(home.ask("GET", "/etms/invitations", other).body["items"].empty());
  const std::string invitation = invited.body["invitation"];
  CHECK(home.ask("DELETE", "/etms/invitations/" + invitation, other).status == 422);
  CHECK(home.accept(invited.body["code"], "rui").status == 200);
  const std::string of_rui = home.log_in("rui").body["token"];
  CHECK(home.ask("GET", "/etms/me", of_rui).body["participant"] == "Resident:H01");
  CHECK(home.ask("GET", "/etms/keys", token).body["items"].size() == 2);
  // Another password: the former one and its sessions are over, the other person's go on.
  auto change = credentials("ana");
  change["new_password"] = "another word entirely";
  const auto changed = home.ask("POST", "/etms/password", token, change);
  REQUIRE(changed.status == 200);
  CHECK(home.ask("GET", "/etms/me", token).status == 401);
  const std::string fresh = changed.body["token"];
  CHECK(home.ask("GET", "/etms/me", fresh).status == 200);
  CHECK(home.ask("GET", "/etms/me", of_rui).status == 200);
  CHECK(home.log_in("ana").status == 401);
  CHECK(home.log_in("ana", "another word entirely").status == 200);
  // Rui's key goes, by Ana's password.
  std::string key_of_rui;
  const auto login = ledger::find_login(
      home.door.chain->state, ledger::login_id(crypto::sha256(as_bytes("genesis")), "rui"));
  REQUIRE(login.has_value());
  key_of_rui = to_hex(ByteView(login->key));
  CHECK(home.ask("DELETE", "/etms/keys/" + key_of_rui, fresh,
                 credentials("ana", "another word entirely"))
            .status == 200);
  CHECK(home.ask("GET", "/etms/me", of_rui).status == 401);
  CHECK(home.log_in("rui").status == 401);
  // And the log-in itself.
  CHECK(home.ask("DELETE", "/etms/login", fresh, credentials("ana", "another word entirely"))
            .status == 200);
  CHECK(home.log_in("ana", "another word entirely").status == 401);
  CHECK(ledger::keys_of(home.door.chain->state, "Resident:H01").empty());
}

TEST_CASE("a household sees and changes its names, which are on no chain") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  CHECK(home.ask("PATCH", "/etms/me", token, {{"first_name", "Ana"}, {"email", "a@b.pt"}}).status ==
        200);
  CHECK(home.submitter.executed.back() == "UpdateParticipant by Resident:H01: applied");
  CHECK(home.ask("PATCH", "/etms/me", token, {{"last_name", "Sá"}}).status == 200);
  const auto me = home.ask("GET", "/etms/me", token).body;
  CHECK(me["profile"] == Json{{"first_name", "Ana"}, {"last_name", "Sá"}, {"email", "a@b.pt"}});
  CHECK(home.ask("PATCH", "/etms/me", token, {{"first_name", std::string(257, 'x')}}).status ==
        400);
  CHECK(home.ask("PATCH", "/etms/me", token, {{"supplier", "yes"}}).status == 400);
  home.door.profiles.refuses = true;
  CHECK(home.ask("PATCH", "/etms/me", token, {{"last_name", "X"}}).status == 503);
}

TEST_CASE("whoever keeps a key signs alone, with bytes that a peer prepares") {
  HouseholdDoor home;
  const auto prepare = [&](const Json& body) {
    return home.ask("POST", "/v1/transactions/prepare", {}, body);
  };
  const Json payload = {
      {"type", "CloseSession"}, {"participant", "Resident:H01"}, {"session", std::string(64, '0')}};
  const auto prepared =
      prepare({{"principal", "Resident:H01"}, {"payload", payload}, {"idempotency_key", "once"}});
  REQUIRE(prepared.status == 200);
  const auto body = from_base64(prepared.body["body"].get<std::string>());
  const auto statement = from_base64(prepared.body["statement"].get<std::string>());
  REQUIRE(body.has_value());
  REQUIRE(statement.has_value());
  CHECK(as_text(*body) == "body of Resident:H01");
  CHECK(as_text(*statement).starts_with("powershare/transaction/1"));
  CHECK(as_text(*statement).ends_with("body of Resident:H01"));
  CHECK(prepared.body["idempotency_key"] == "once");
  CHECK(prepare({{"payload", payload}}).status == 400);
  CHECK(prepare({{"principal", "nobody"}, {"payload", payload}}).status == 400);
  CHECK(prepare({{"principal", "Resident:H01"}}).status == 400);
  CHECK(prepare({{"principal", "Resident:H01"}, {"payload", payload}, {"signer", "x"}}).status ==
        400);

  const Json assembled = {{"body", prepared.body["body"]},
                          {"public_key", hex_key(1)},
                          {"signature", std::string(128, '1')}};
  home.ask("POST", "/v1/transactions", {}, assembled);
  REQUIRE(home.submitter.signed_bytes.size() == 1);
  CHECK(as_text(home.submitter.signed_bytes[0]).starts_with("body of Resident:H01"));
  auto wrong = assembled;
  wrong["signature"] = "11";
  CHECK(home.ask("POST", "/v1/transactions", {}, wrong).status == 400);
  wrong = assembled;
  wrong["more"] = "1";
  CHECK(home.ask("POST", "/v1/transactions", {}, wrong).status == 400);
  // The decoder of these tests reads everything as a trade.
  CHECK(home.ask("POST", "/etms/sessions", {}, assembled).status == 400);
}

TEST_CASE("a token's transactions are the session's, and the ledger decides") {
  HouseholdDoor home;
  const auto token = home.token_of("Resident:H01", "ana");
  const auto submit = [&](const Json& payload) {
    return home.ask("POST", "/v1/transactions", token, payload).code();
  };
  const Json mine = {
      {"type", "CloseSession"}, {"participant", "Resident:H02"}, {"session", std::string(64, '0')}};
  CHECK(submit(mine) == "forbidden");
  CHECK(submit({{"type", "BindKey"},
                {"key", hex_key(9)},
                {"principal", "Resident:H01"},
                {"scopes", {"own"}}}) == "forbidden");
  CHECK(submit({{"type", "RemoveLogin"},
                {"participant", "Resident:H01"},
                {"login", std::string(64, '1')}}) == "forbidden");
  CHECK(home.submitter.executed.back() == "RemoveLogin by Resident:H01: forbidden");
}

}  // namespace powershare::gateway
