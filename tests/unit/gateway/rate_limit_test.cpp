#include "gateway/rate_limit.hpp"

#include <doctest/doctest.h>

#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {

TEST_CASE("a bucket lets a burst through and then its rate") {
  RateLimit limit(10, 5, 100);
  for (int i = 0; i < 5; ++i) CHECK(limit.take("a", {0}) == 0);
  CHECK(limit.take("a", {0}) == 1);
  CHECK(limit.take("a", {99}) == 1);
  CHECK(limit.take("a", {100}) == 0);
  CHECK(limit.take("a", {100}) == 1);
  CHECK(limit.take("b", {100}) == 0);
  for (int i = 0; i < 5; ++i) CHECK(limit.take("a", {1'000'000'000'000}) == 0);
  CHECK(limit.take("a", {1'000'000'000'000}) == 1);
  CHECK(limit.take("a", {5}) == 1);  // a clock that goes back gives nothing
}

TEST_CASE("the table of callers is bounded and forgets the one silent the longest") {
  RateLimit limit(1, 1, 3);
  for (const auto* caller : {"a", "b", "c"}) CHECK(limit.take(caller, {0}) == 0);
  CHECK(limit.take("a", {0}) == 1);
  CHECK(limit.take("d", {0}) == 0);  // b goes
  CHECK(limit.entries() == 3);
  CHECK(limit.take("a", {0}) == 1);
  CHECK(limit.take("b", {0}) == 0);
  for (int i = 0; i < 1000; ++i) limit.take(std::to_string(i), {0});
  CHECK(limit.entries() == 3);
}

TEST_CASE("callers beyond the rate get 429 with Retry-After, others and probes do not") {
  test::Door door;
  door.options.requests_per_second = 1;
  door.options.request_burst = 2;
  CHECK(door.get("/v1/status")->response.status == 200);
  CHECK(door.get("/v1/status")->response.status == 200);
  const auto refused = door.get("/v1/status");
  CHECK(refused->response.status == 429);
  CHECK(refused->header("Retry-After") == "1");
  CHECK(refused->json()["error"]["code"] == "too_many_requests");
  CHECK(door.get("/livez")->response.status == 200);
  CHECK(door.get("/v1/status", test::administrator_key)->response.status == 200);
  door.now = {1000};
  CHECK(door.get("/v1/status")->response.status == 200);
}

TEST_CASE("guessing API keys is limited like everything else") {
  test::Door door;
  door.options.request_burst = 2;
  door.options.requests_per_second = 1;
  CHECK(door.get("/v1/status", "guess-1")->response.status == 401);
  CHECK(door.get("/v1/status", "guess-2")->response.status == 401);
  CHECK(door.get("/v1/status", "guess-3")->response.status == 429);
}

}  // namespace powershare::gateway
