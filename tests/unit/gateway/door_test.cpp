#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "gateway/authentication.hpp"
#include "gateway/household/trading.hpp"
#include "gateway/services.hpp"
#include "gateway/web_assets.hpp"
#include "ledger/identities.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;

std::shared_ptr<test::Reply> metrics(std::string_view method, std::string_view path) {
  auto reply = std::make_shared<test::Reply>();
  metrics_handler([] { return std::string("powershare_height 1\n"); })(
      test::request_to(method, path), reply);
  return reply;
}

/// A target with something in place of each path parameter.
std::string filled(std::string pattern) {
  while (pattern.find('{') != std::string::npos) {
    const auto open = pattern.find('{');
    pattern.replace(open, pattern.find('}') - open + 1, "1");
  }
  return pattern;
}

std::string upper_case(std::string text) {
  for (auto& letter : text) letter = static_cast<char>(std::toupper(letter));
  return text;
}

}  // namespace

TEST_CASE("paths that are not there and methods that are not taken") {
  Door door;
  for (const auto* path :
       {"/v1", "/v1/", "//v1/status", "/v1/status/", "/v1/blocks/1/2", "/v1/blocks/", "/etms"}) {
    CAPTURE(path);
    const auto reply = door.get(path);
    CHECK(reply->response.status == 404);
    CHECK(reply->json()["error"]["code"] == "not_found");
  }
  const auto reply = door.post("/v1/status", "{}");
  CHECK(reply->response.status == 405);
  CHECK(reply->header("Allow") == "GET");
  const auto both = door.ask(test::request_to("DELETE", "/v1/meters"));
  CHECK(both->response.status == 405);
  CHECK(both->header("Allow") == "GET, POST");
  CHECK(door.get("/v1/status?x=1")->response.status == 400);
}

TEST_CASE("API keys are found by their hash only") {
  const Authenticator authenticator({{hash_api_key("right"), Role::administrator, "a"},
                                     {hash_api_key("other"), Role::meter, "m"}});
  CHECK(authenticator.find("right")->role == Role::administrator);
  CHECK(authenticator.find("other")->label == "m");
  CHECK_FALSE(authenticator.find("wrong").has_value());
  CHECK_FALSE(authenticator.find("").has_value());
  CHECK_FALSE(authenticator.find(crypto::to_hex(hash_api_key("right"))).has_value());
  CHECK_FALSE(authenticator.find(std::string(100'000, 'x')).has_value());
}

TEST_CASE("an API key that the chain knows opens every peer's door, as far as its role goes") {
  Door door;
  door.options.require_key_for_reads = true;
  const auto add = [&](const char* key, Role role, std::uint32_t per_second = 0,
                       UtcMillis expires = {}) {
    ledger::put_api_key(door.chain->state,
                        {hash_api_key(key), role, std::string(key) + "'s", per_second, expires});
  };
  add("operator", Role::operator_);
  add("auditor", Role::auditor);
  add("gateway", Role::gateway);
  add("chief", Role::administrator);
  add("slow", Role::auditor, 1);
  add("old", Role::auditor, 0, UtcMillis{1});
  door.chain->append({});
  door.chain->blocks.back().header.time = {2};
  const auto status = [&](std::string_view path, std::string_view key) {
    return door.get(path, key)->response.status;
  };
  for (const auto* key : {"operator", "auditor", "chief"})
    CHECK(status("/v1/accounts", key) == 200);
  CHECK(status("/v1/accounts", "gateway") == 403);
  CHECK(status("/v1/accounts", "old") == 401);
  CHECK(status("/v1/accounts", "nobody's") == 401);
  const std::string payload = R"({"type":"RetireMeter","meter":"M1"})";
  CHECK(door.post("/v1/transactions", payload, "operator")->response.status == 403);
  CHECK(door.submitter.calls.empty());
  door.post("/v1/transactions", payload, "chief");
  REQUIRE(door.submitter.calls.size() == 1);
  CHECK(door.submitter.calls[0].initiator == "api-key:chief's");
  CHECK(door.get("/api/Resident", "operator")->response.status == 200);
  CHECK(door.post("/api/Resident", "{}", "operator")->response.status == 401);
  // Two at once, then one a second.
  CHECK(status("/v1/accounts", "slow") == 200);
  CHECK(status("/v1/accounts", "slow") == 200);
  CHECK(status("/v1/accounts", "slow") == 429);
  CHECK(status("/v1/accounts", "auditor") == 200);
  door.now.value += 1'000;
  CHECK(status("/v1/accounts", "slow") == 200);
  const std::string unsigned_reading =
      R"([{"meter":"M1","seq":1,"start":"2019-10-21T09:00:00Z","seconds":900,)"
      R"("imported_kwh":0.1,"exported_kwh":0}])";
  const auto rejected = [&](std::string_view key) {
    return door.post("/etms/readings", unsigned_reading, key)->json()["rejected"].size();
  };
  CHECK(rejected("auditor") == 1);
}

TEST_CASE("reading needs a key where the host asks for one, and a meter's key is not enough") {
  Door door;
  door.options.require_key_for_reads = true;
  for (const auto* path : {"/v1/trades", "/v1/accounts", "/v1/blocks", "/v1/bills",
                           "/v1/participants", "/v1/events", "/v1/blocks/1"}) {
    CAPTURE(path);
    CHECK(door.get(path)->response.status == 401);
    CHECK(door.get(path, test::meter_key)->response.status == 403);
    CHECK(door.get(path, "wrong")->response.status == 401);
  }
  CHECK(door.get("/v1/accounts", test::administrator_key)->response.status == 200);
  for (const auto* path : {"/v1/status", "/v1/ledger/totals", "/v1/openapi.json", "/livez"}) {
    CHECK(door.get(path)->response.status == 200);
  }
}

TEST_CASE("the OpenAPI document describes every route, and every described route answers") {
  Door door;
  const auto reply = door.get("/v1/openapi.json");
  const auto document = reply->json();
  CHECK(document["openapi"] == "3.1.0");
  std::set<std::string> operations;
  int count = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      ++count;
      const auto& shown_path = path;
      CAPTURE(shown_path);
      CHECK(operations.insert(operation["operationId"]).second);
      CHECK_FALSE(operation["summary"].get<std::string>().empty());
      CHECK(operation["responses"].size() > 0);
      const bool page = path == "/" || path.starts_with("/explorer");
      CHECK((page || operation["responses"].contains("200")));
      // Each {name} of the path is described as a path parameter.
      std::size_t names = 0;
      for (const auto& parameter : operation["parameters"]) names += parameter["in"] == "path";
      CHECK(names == static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
      auto request = test::request_to(upper_case(method), filled(path));
      request.headers["x-api-key"] = test::administrator_key;
      request.body = "{";
      const auto answer = door.ask(std::move(request));
      CHECK(answer->answers == 1);
      CHECK(operation["responses"].contains(std::to_string(answer->response.status)));
      // A described query parameter is known to the route.
      for (const auto& parameter : operation["parameters"]) {
        if (parameter["in"] != "query") continue;
        const auto name = parameter["name"].get<std::string>();
        const auto odd = door.get(filled(path) + "?" + name + "=%");
        if (odd->response.status == 400) {
          CHECK(odd->json()["error"]["message"].get<std::string>().find("no such query") ==
                std::string::npos);
        }
      }
    }
  }
  // What DESIGN §12 promises is there; and the count of routes equals what the router holds.
  for (const auto* path : {"/livez",
                           "/healthz",
                           "/readyz",
                           "/v1/status",
                           "/v1/blocks",
                           "/v1/blocks/{height}",
                           "/v1/blocks/{height}/certificate",
                           "/v1/members",
                           "/v1/transactions/{id}",
                           "/v1/transactions",
                           "/v1/accounts",
                           "/v1/ledger/totals",
                           "/v1/slots",
                           "/v1/slots/{start}",
                           "/v1/trades",
                           "/v1/bills",
                           "/v1/events",
                           "/v1/participants",
                           "/v1/meters",
                           "/v1/genesis",
                           "/v1/parameters",
                           "/v1/openapi.json",
                           "/etms/readings",
                           "/",
                           "/explorer/v1"}) {
    CAPTURE(path);
    CHECK(document["paths"].contains(path));
  }
  Router router;
  const auto services = std::make_shared<Services>(GatewayOptions{}, Ports{});
  add_node_routes(router, services);
  add_block_routes(router, services);
  add_member_routes(router, services);
  add_transaction_routes(router, services);
  add_transaction_list_routes(router, services);
  add_slot_book_routes(router, services);
  add_slot_proof_routes(router, services);
  add_origin_routes(router, services);
  add_account_routes(router, services);
  add_account_proof_routes(router, services);
  add_usage_routes(router, services);
  add_registry_routes(router, services);
  add_market_routes(router, services);
  add_event_routes(router, services);
  add_prepare_routes(router, services);
  add_etms_routes(router, services);
  add_meter_routes(router, services);
  add_live_routes(router, services);
  add_household_metering_routes(router, services);
  add_household_access_routes(router, services);
  add_household_trading_routes(router, services);
  add_household_account_routes(router, services);
  add_page_routes(router, services);
  CHECK(static_cast<int>(router.routes().size()) == count);
  for (const auto& route : router.routes()) {
    CAPTURE(route.info.pattern);
    const auto& methods = document["paths"][route.info.pattern];
    CHECK(std::any_of(methods.items().begin(), methods.items().end(), [&](const auto& entry) {
      return upper_case(entry.key()) == route.info.method;
    }));
  }
}

TEST_CASE("answers have the fields that the OpenAPI document says") {
  Door door;
  door.chain->append({to_bytes("t")});
  const auto document = door.get("/v1/openapi.json")->json();
  const auto id = crypto::to_hex(door.chain->blocks[0].receipts[0].transaction);
  for (const auto& [pattern, target] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/status", "/v1/status"},
           {"/v1/blocks", "/v1/blocks"},
           {"/v1/blocks/{height}", "/v1/blocks/1"},
           {"/v1/members", "/v1/members"},
           {"/v1/transactions/{id}", "/v1/transactions/" + id},
           {"/v1/accounts", "/v1/accounts"},
           {"/v1/parameters", "/v1/parameters"},
           {"/v1/bills", "/v1/bills"},
           {"/v1/trades", "/v1/trades"}}) {
    const auto& shown_pattern = pattern;
    CAPTURE(shown_pattern);
    const auto schema = document["paths"][pattern]["get"]["responses"]["200"]["content"]
                                ["application/json"]["schema"];
    const auto answer = door.get(target)->json();
    std::set<std::string> said;
    std::set<std::string> given;
    for (const auto& [name, value] : schema["properties"].items()) said.insert(name);
    for (const auto& [name, value] : answer.items()) given.insert(name);
    CHECK(said == given);
  }
}

TEST_CASE("the pages hold no script of their own and forbid any but the peer's") {
  Door door;
  auto request = test::request_to("GET", "/");
  CHECK(door.ask(request)->response.status == 302);
  CHECK(door.ask(request)->header("Location") == "/explorer/");
  request.headers["accept"] = "text/html,application/xhtml+xml";
  const auto home = door.ask(request);
  CHECK(home->response.status == 200);
  // The application where the program was built with it, else a page that leads to the explorer.
  const auto* landmark = web_assets().empty() ? "/explorer/v1" : "id=\"root\"";
  CHECK(home->response.body.find(landmark) != std::string::npos);
  CHECK(home->response.body.find("<script>") == std::string::npos);
  CHECK(home->header("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
  const auto explorer = door.get("/explorer/v1");
  CHECK(explorer->header("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
  CHECK(explorer->response.body.find("<script>") == std::string::npos);
  CHECK(explorer->response.body.find(" style=") == std::string::npos);
  for (const auto* page : {"/explorer/v1/explorer.js", "/explorer/v1/style.css"}) {
    CHECK(explorer->response.body.find(page) != std::string::npos);
    CHECK(door.get(page)->response.status == 200);
  }
}

TEST_CASE("each file of the application is answered as it is, to anybody") {
  if (web_assets().empty()) {
    MESSAGE("skipped, the program was built without the application: its files");
    return;
  }
  Door door;
  for (const auto& asset : web_assets()) {
    CAPTURE(asset.path);
    const auto answer = door.get(std::string(asset.path));
    CHECK(answer->response.status == 200);
    CHECK(answer->response.content_type == asset.content_type);
    CHECK(answer->response.body == asset.content);
  }
  auto request = test::request_to("GET", "/console/slots");
  request.headers["accept"] = "text/html";
  const auto console = door.ask(request);
  CHECK(console->response.status == 200);
  CHECK(console->response.body.find("id=\"root\"") != std::string::npos);
  // A file that is not there is Composer's to refuse, as each path that nobody knows.
  CHECK(door.get("/assets/none.js")->response.status == 401);
}

TEST_CASE("each request is reported once with its route's pattern, status and seconds") {
  Door door;
  door.get("/v1/blocks/77");
  door.get("/no/such/path/with/many/names");
  door.post("/v1/blocks/1", "");
  REQUIRE(door.requests.size() == 3);
  CHECK(door.requests[0] == std::tuple<std::string, int, double>("/v1/blocks/{height}", 404, 0.0));
  // Never the path itself: labels made by strangers would fill the memory.
  CHECK(std::get<0>(door.requests[1]) == "unknown");
  CHECK(std::get<0>(door.requests[2]) == "unknown");
}

TEST_CASE("a handler that drops its responder still answers, once") {
  auto reply = std::make_shared<test::Reply>();
  int observed = 0;
  {
    const Responder responder(reply, [&](int status) { observed = status; });
    const auto copy = responder;
  }
  CHECK(reply->response.status == 500);
  CHECK(observed == 500);
  auto twice = std::make_shared<test::Reply>();
  const Responder responder(twice, {});
  responder.send({});
  net::HttpResponse other;
  other.status = 404;
  responder.send(other);
  CHECK(twice->answers == 1);
  CHECK(twice->response.status == 200);
}

TEST_CASE("the metrics port serves rendered text and nothing else") {
  CHECK(metrics("GET", "/metrics")->response.body == "powershare_height 1\n");
  CHECK(metrics("GET", "/metrics")->response.content_type.starts_with("text/plain; version=0.0.4"));
  CHECK(metrics("GET", "/")->response.status == 404);
  CHECK(metrics("POST", "/metrics")->response.status == 405);
}

}  // namespace powershare::gateway
