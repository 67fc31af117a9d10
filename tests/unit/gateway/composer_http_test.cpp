#include <doctest/doctest.h>

#include <set>

#include "gateway/composer/exchange.hpp"
#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

/// A described path with something in place of its parameters.
std::string filled(std::string path) {
  const auto open = path.find("{id}");
  if (open != std::string::npos) path.replace(open, 4, "x");
  return "/api" + path;
}

}  // namespace

TEST_CASE("only the administrator's key opens /api, exactly as it is written") {
  ComposerDoor composer;
  composer.key.clear();
  const auto refused = [&](std::string_view method, const char* path,
                           const ComposerDoor::Headers& headers = {}) {
    const auto reply = composer.ask(method, path, method == "POST" ? "{bad" : "", headers);
    CHECK(reply->response.status == 401);
    CHECK(reply->response.content_type == "text/plain; charset=utf-8");
    CHECK(reply->response.body == "Unauthorized");
    CHECK(reply->header("Access-Control-Allow-Credentials") == "true");
  };
  for (const auto* path : {"/api/system/ping", "/api/Coins", "/api/Nope", "/nope", "/api",
                           "/api/Coins?x-api-key=administrator-key-for-tests"}) {
    refused("GET", path);
    refused("HEAD", path);
    refused("POST", path);
  }
  for (const auto* key : {"", "wrong", "ADMINISTRATOR-KEY-FOR-TESTS", test::meter_key}) {
    refused("GET", "/api/Coins", {{"x-api-key", key}});
  }
  refused("GET", "/api/Coins",
          {{"authorization", "Bearer " + std::string(test::administrator_key)}});
  refused("DELETE", "/api/Coins/X");
  CHECK(composer.submitter.transactions.empty());
  for (const auto* path : {"/status", "/explorer/", "/explorer/swagger.json",
                           "/explorer/config.json", "/explorer/composer.js"}) {
    CAPTURE(path);
    CHECK(composer.get(path)->response.status == 200);
    CHECK(composer.ask("GET", path, {}, {{"x-api-key", "wrong"}})->response.status == 200);
  }
}

TEST_CASE("cross-origin requests are answered as the former server did, refusals too") {
  ComposerDoor composer;
  composer.key.clear();
  const ComposerDoor::Headers headers = {
      {"origin", "http://admin.example"},
      {"access-control-request-method", "POST"},
      {"access-control-request-headers", "x-api-key,content-type"}};
  for (const auto* path : {"/api/Coins", "/v1/status", "/nowhere"}) {
    const auto preflight = composer.ask("OPTIONS", path, {}, headers);
    CHECK(preflight->response.status == 204);
    CHECK(preflight->header("Access-Control-Allow-Origin") == "http://admin.example");
    CHECK(preflight->header("Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE");
    CHECK(preflight->header("Access-Control-Allow-Headers") == "x-api-key,content-type");
    CHECK(preflight->header("Access-Control-Max-Age") == "86400");
    CHECK(preflight->header("Access-Control-Allow-Credentials") == "true");
  }
  const auto refused = composer.ask("GET", "/api/Coins", {}, headers);
  CHECK(refused->response.status == 401);
  CHECK(refused->header("Access-Control-Allow-Origin") == "http://admin.example");
  composer.key = test::administrator_key;
  const auto unknown = composer.ask("GET", "/api/Coins/none", {}, headers);
  CHECK(unknown->header("Access-Control-Allow-Origin") == "http://admin.example");
  const auto plain = composer.get("/api/Coins");
  CHECK(plain->header("Access-Control-Allow-Origin").empty());
  CHECK(plain->header("Vary") == "Origin, Accept-Encoding");
  CHECK(plain->header("X-Frame-Options") == "DENY");
  CHECK(plain->header("X-XSS-Protection") == "1; mode=block");
  CHECK(plain->header("X-Download-Options") == "noopen");
  CHECK(plain->header("X-Content-Type-Options") == "nosniff");
}

TEST_CASE("an ETag spares the body, and Accept is honoured before anything is done") {
  ComposerDoor composer;
  composer.make("/api/Coins", test::coins("R1", 20));
  const auto etag = composer.get("/api/Coins/CO_R1")->header("ETag");
  CHECK(etag.starts_with("W/\""));
  for (const auto& match : {etag, "\"x\", " + etag, etag.substr(2), std::string("*")}) {
    const auto reply = composer.ask("GET", "/api/Coins/CO_R1", {}, {{"if-none-match", match}});
    CHECK(reply->response.status == 304);
    CHECK(reply->response.body.empty());
    CHECK(reply->header("ETag") == etag);
  }
  CHECK(
      composer.ask("GET", "/api/Coins/CO_R1", {}, {{"if-none-match", "\"x\""}})->response.status ==
      200);
  const std::pair<const char*, int> accepts[] = {
      {"*/*", 200},
      {"application/json, text/plain, */*", 200},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200},
      {"APPLICATION/JSON", 200},
      {"application/*", 200},
      {"", 200},
      {"text/html", 406},
      {"application/xml", 406},
      {"image/png", 406},
      {"application/json;q=0", 406}};
  for (const auto& [accept, status] : accepts) {
    const auto& shown_accept = accept;
    CAPTURE(shown_accept);
    const auto reply = composer.ask("GET", "/api/Coins", {}, {{"accept", accept}});
    CHECK(reply->response.status == status);
    if (status == 406) CHECK(reply->response.body == "Not Acceptable");
  }
  const auto error = composer.ask("GET", "/api/Coins/none", {}, {{"accept", "text/html"}});
  CHECK(error->response.status == 404);
  CHECK(error->json()["error"]["name"] == "Error");
  const auto made =
      composer.ask("POST", "/api/Coins", test::coins("R2", 1).dump(), {{"accept", "text/html"}});
  CHECK(made->response.status == 406);
  CHECK(composer.get("/api/Coins/CO_R2")->response.status == 404);
}

TEST_CASE("too many requests are refused in /api's own shape") {
  ComposerDoor composer;
  composer.door.options.requests_per_second = 1;
  composer.door.options.request_burst = 1;
  CHECK(composer.get("/api/Coins")->response.status == 200);
  const auto reply = composer.get("/api/Coins");
  CHECK(reply->response.status == 429);
  CHECK(reply->json()["error"]["statusCode"] == 429);
  CHECK_FALSE(reply->header("Retry-After").empty());
}

TEST_CASE("metrics name routes, not what clients put into paths") {
  ComposerDoor composer;
  for (const auto* path :
       {"/api/Coins", "/api/anything", "/api/Coins/1", "/api/Coins/2", "/api/queries/x",
        "/api/system/ping", "/api/system/y", "/random", "/explorer/z", "/v1/status"}) {
    composer.get(path);
  }
  std::set<std::string> routes;
  for (const auto& request : composer.door.requests) routes.insert(std::get<0>(request));
  CHECK(routes == std::set<std::string>{"/api/{model}", "/api/{model}/{id}", "/api/queries/{name}",
                                        "/api/system/ping", "/api/system", "unknown", "/explorer",
                                        "/v1/status"});
}

TEST_CASE("the pages around the API") {
  ComposerDoor composer;
  composer.key.clear();
  CHECK(composer.get("/explorer")->response.status == 301);
  CHECK(composer.get("/explorer")->header("Location") == "/explorer/");
  CHECK(composer.get("/explorer/config.json")->json()["url"] == "/explorer/swagger.json");
  CHECK(composer.get("/explorer/nothing")->json()["error"]["message"] ==
        "Cannot GET /explorer/nothing");
  CHECK(composer.get("/explorer/v1")->response.status == 200);
  const auto page = composer.get("/explorer/");
  CHECK(page->header("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
  CHECK(page->response.body.find("http://") == std::string::npos);
  CHECK(page->response.body.find("<script>") == std::string::npos);
  composer.door.now = {31'415};
  const auto status = composer.get("/status");
  CHECK(status->json()["started"].get<std::string>().size() == 24);
  CHECK(status->response.body.ends_with("\"uptime\":31.415}"));
}

TEST_CASE("swagger.json describes every route that is served, and no other") {
  for (const auto namespaces : {ComposerNamespaces::never, ComposerNamespaces::always}) {
    ComposerDoor composer;
    composer.door.options.composer_namespaces = namespaces;
    const auto document = composer.get("/explorer/swagger.json")->json();
    CHECK(document["swagger"] == "2.0");
    CHECK(document["basePath"] == "/api");
    std::set<std::pair<std::string, std::string>> described;
    std::set<std::string> operations;
    for (const auto& [path, methods] : document["paths"].items()) {
      for (const auto& [method, operation] : methods.items()) {
        CHECK(operations.insert(operation["operationId"]).second);
        described.insert({method, path});
        for (const auto& parameter : operation["parameters"]) {
          if (parameter.contains("schema")) {
            const auto ref = parameter["schema"]["$ref"].get<std::string>();
            CHECK(document["definitions"].contains(ref.substr(ref.rfind('/') + 1)));
          }
        }
      }
    }
    // Each method of each path, and of paths that look alike, is served if and only if it is
    // described.
    std::set<std::string> paths = {"/queries", "/system", "/system/nope", "/Nope"};
    for (const auto& [path, methods] : document["paths"].items()) {
      paths.insert(path);
      paths.insert(path + "/more/of/it");
    }
    for (const auto& path : paths) {
      for (const std::string method : {"get", "post", "put", "delete", "patch", "head"}) {
        const auto& shown_path = path;
        CAPTURE(shown_path);
        const auto& shown_method = method;
        CAPTURE(shown_method);
        std::string upper = method;
        for (auto& c : upper) c = static_cast<char>(c - 'a' + 'A');
        const auto reply = composer.ask(upper, filled(path), method == "get" ? "" : "{}");
        const auto& body = reply->response.body;
        const bool served = body.find("has no method handling") == std::string::npos &&
                            body.find("There is no method") == std::string::npos;
        // HEAD of what GET answers is served, as express does, and described for items only.
        const bool known =
            described.contains({method, path}) ||
            (method == "head" && described.contains({"get", path})) ||
            (path == "/system/identities/issue" && (method == "get" || method == "head")) ||
            (path == "/system/identities/bind" && (method == "get" || method == "head"));
        CHECK(served == known);
      }
    }
    CHECK(described.size() == 2U * 7 + 4U * 7 + 2U * 5 + 2U * 5 + 8 + 17);
    const auto& definitions = document["definitions"];
    const std::string coins =
        namespaces == ComposerNamespaces::never ? "Coins" : "org_smile_energy_network_Coins";
    CHECK(definitions[coins]["required"] == Json({"coinsID", "value", "ownerID", "ownerEntity"}));
    CHECK(definitions[coins]["properties"]["$class"]["default"] ==
          "org.smile.energy.network.Coins");
    CHECK(definitions[coins]["additionalProperties"] == false);
    for (const auto* other : {"PingResponse", "IssueIdentityRequest", "BindIdentityRequest"}) {
      CHECK(definitions.contains(other));
    }
    CHECK(document["tags"][2]["description"] == "A participant named Resident");
  }
}

}  // namespace powershare::gateway
