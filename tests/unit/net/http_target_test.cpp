#include <doctest/doctest.h>

#include "net/http.hpp"

using namespace powershare::net;

TEST_CASE("a target is decoded into path, segments and query") {
  HttpRequest request;
  REQUIRE(
      parse_target("/api/Resident/a%2Fb%20c?filter=%7B%22x%22%3A1%7D&a=1&a=2&flag&s=x+y", request));
  CHECK(request.path == "/api/Resident/a/b c");
  CHECK(request.segments == std::vector<std::string>{"api", "Resident", "a/b c"});
  CHECK(request.parameter("filter") == "{\"x\":1}");
  CHECK(request.parameter("a") == "1");
  CHECK(request.query.size() == 5);
  CHECK(request.parameter("flag") == "");
  CHECK(request.parameter("s") == "x y");
  CHECK_FALSE(request.parameter("missing"));

  REQUIRE(parse_target("http://example.org:8080/v1/status?x=%C3%A1", request));
  CHECK(request.path == "/v1/status");
  CHECK(request.parameter("x") == "\xC3\xA1");
  REQUIRE(parse_target("/", request));
  CHECK(request.segments.empty());
  CHECK(request.query.empty());
  REQUIRE(parse_target("/a//b/", request));
  CHECK(request.segments == std::vector<std::string>{"a", "b"});
  REQUIRE(parse_target("*", request));
}

TEST_CASE("a target that does not spell a path is refused") {
  for (const std::string bad : {"", "a", "/%", "/%4", "/%zz", "/%4g", "/%00", "/a?b=%", "/a?b=%00",
                                "/a?%=1", "/a#b", "/a b", "/a?x=\t", "/\x7f", "?a=1", "host:443"}) {
    CAPTURE(bad);
    HttpRequest request;
    CHECK_FALSE(parse_target(bad, request));
  }
  HttpRequest request;
  CHECK_FALSE(parse_target(std::string_view("/a\0b", 4), request));
}
