// The gateway behind the real HTTP server, on loopback.
#include <doctest/doctest.h>

#include "net/http_client.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;

struct Served {
  Door door;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpClient> client;

  Served() {
    auto& gateway = door.gateway();
    net::HttpServerOptions options;
    options.body_limit = [&gateway](std::string_view method, std::string_view path) {
      return gateway.body_limit(method, path);
    };
    auto started = net::HttpServer::start(
        options, [&gateway](net::HttpRequest request, std::shared_ptr<net::HttpReply> reply) {
          gateway.handle(std::move(request), std::move(reply));
        });
    REQUIRE(started.ok());
    server = std::move(*started);
    net::HttpClientOptions to;
    to.port = server->port();
    to.timeout = std::chrono::seconds(30);
    client = net::HttpClient::create(to);
  }
  ~Served() {
    door.gateway().close_streams();
    server->stop(std::chrono::milliseconds(1000));
  }
};

}  // namespace

TEST_CASE(
    "over HTTP: keys, percent-encoded parameters, limits and errors are what they are within") {
  Served served;
  auto& client = *served.client;
  const auto status = client.request("GET", "/v1/status");
  REQUIRE(status.ok());
  CHECK(status->status == 200);
  CHECK(test::Json::parse(status->body)["peer"] == "p1");
  CHECK(client.request("GET", "/v1/accounts?owner=Resident%3AH01")->status == 200);
  CHECK(client.request("GET", "/v1/accounts?owner=%00")->status == 400);
  CHECK(client.request("GET", "/v1/slots/2019-10-21T09%3A00%3A00Z")->status == 404);
  CHECK(client.request("POST", "/v1/participants", "{}")->status == 401);
  const auto keyed =
      client.request("POST", "/v1/participants", "{}", {{"X-API-Key", test::administrator_key}});
  REQUIRE(keyed.ok());
  CHECK(keyed->status == 400);
  const std::string reading =
      R"({"meter":"m1","seq":1,"start":"2019-10-21T09:00:00Z","seconds":900,"imported_kwh":0.1,)"
      R"("exported_kwh":0})";
  const auto taken =
      client.request("POST", "/etms/readings", reading, {{"x-api-key", test::meter_key}});
  REQUIRE(taken.ok());
  CHECK(test::Json::parse(taken->body)["accepted"] == 1);
  CHECK(client.request("DELETE", "/v1/status")->status == 405);
  CHECK(client.request("HEAD", "/v1/status")->status == 200);
  CHECK(client.request("HEAD", "/v1/status")->body.empty());
}

TEST_CASE("over HTTP: a body past the path's limit is 413, and the server goes on") {
  Served served;
  const auto large = served.client->request("POST", "/v1/transactions", std::string(400'000, ' '));
  if (large.ok()) CHECK(large->status == 413);  // or the server hung up while the body was sent
  const auto next = served.client->request("GET", "/livez");
  REQUIRE(next.ok());
  CHECK(next->status == 200);
  const auto backlog =
      served.client->request("POST", "/etms/readings", "[" + std::string(400'000, ' ') + "]");
  REQUIRE(backlog.ok());
  CHECK(backlog->status == 200);
}

}  // namespace powershare::gateway
