#include "net/http_client.hpp"

#include <doctest/doctest.h>

#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view request_end = "\r\n\r\n";

// A server that says what it is told, whatever it is asked: one text per request, one list per
// connection. An empty text closes the connection without an answer.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::vector<std::string>> connections)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto place = loopback(0);
    socklen_t size = sizeof place;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&place), size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = ntohs(place.sin_port);
    thread_ = std::thread([this, connections = std::move(connections)] {
      for (const auto& answers : connections) serve(answers);
    });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::unique_ptr<HttpClient> client(milliseconds timeout = milliseconds(5'000)) const {
    return HttpClient::create({.port = port_, .timeout = timeout, .max_response_bytes = 1'000'000});
  }
  /// All that was received; after the destructor's join or when the answer has come.
  const std::string& received() const { return received_; }

 private:
  void serve(const std::vector<std::string>& answers) {
    const int number = ::accept(listener_, nullptr, nullptr);
    if (number < 0) return;
    for (const auto& answer : answers) {
      if (!read_request(number) || answer.empty()) break;
      if (::send(number, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(number);
  }
  bool read_request(int number) {
    std::string request;
    while (request.find(request_end) == std::string::npos) {
      char buffer[4096];
      const auto count = ::recv(number, buffer, sizeof buffer, 0);
      if (count <= 0) return false;
      request.append(buffer, static_cast<std::size_t>(count));
    }
    received_ += request;
    return true;
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::string received_;
  std::thread thread_;
};

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";

}  // namespace

TEST_CASE("the client reads every kind of body and keeps its connection") {
  ScriptedServer server({{
      ok,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Reason: "
      "none\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  }});
  const auto client = server.client();
  const auto plain = client->request("GET", "/a?b=c", {}, {{"x-api-key", "k"}});
  REQUIRE(plain.ok());
  CHECK(plain->body == "ok");
  CHECK(plain->content_type == "text/plain");
  CHECK(server.received().starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(server.received().find("x-api-key: k\r\n") != std::string::npos);
  CHECK(server.received().find("Content-Length") == std::string::npos);
  CHECK(client->request("GET", "/")->body == "abc0123456789");
  CHECK(client->request("GET", "/")->status == 204);
  const auto missing = client->request("GET", "/");
  REQUIRE(missing.ok());
  CHECK(missing->status == 404);
  CHECK(missing->headers.back() == std::pair<std::string, std::string>{"x-reason", "none"});
  CHECK(client->request("GET", "/")->body == "until the end");
}

TEST_CASE("a kept connection that the server closed is replaced") {
  ScriptedServer server({{ok}, {ok, ""}, {ok}});
  const auto client = server.client();
  CHECK(client->request("POST", "/", "x").ok());
  CHECK(client->request("GET", "/").ok());
  // Closed only after the request went out: repeated because GET may be.
  CHECK(client->request("GET", "/").ok());
}

TEST_CASE("a request that may have had an effect is not repeated") {
  ScriptedServer server({{ok, ""}, {ok}});
  const auto client = server.client();
  CHECK(client->request("GET", "/").ok());
  CHECK_FALSE(client->request("POST", "/").ok());
  CHECK(client->request("POST", "/").ok());
}

TEST_CASE("broken answers, refusals and silence are errors within the time-out") {
  const std::string broken[] = {
      "nonsense\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'),
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(1'000'001, 'x'),
  };
  for (const auto& answer : broken) {
    CAPTURE(answer.substr(0, 80));
    ScriptedServer server({{answer}});
    const auto result = server.client()->request("GET", "/");
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code() == NetError::closed);
  }
  CHECK_FALSE(HttpClient::create({.port = free_port()})->request("GET", "/").ok());
  CHECK_FALSE(HttpClient::create({.address = "not an address"})->request("GET", "/").ok());

  RawSocket silent;  // listens, never answers
  const auto place = loopback(0);
  REQUIRE(::bind(silent.number(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
  REQUIRE(::listen(silent.number(), 1) == 0);
  auto bound = loopback(0);
  socklen_t size = sizeof bound;
  ::getsockname(silent.number(), reinterpret_cast<sockaddr*>(&bound), &size);
  const auto start = std::chrono::steady_clock::now();
  const auto client =
      HttpClient::create({.port = ntohs(bound.sin_port), .timeout = milliseconds(100)});
  CHECK_FALSE(client->request("GET", "/").ok());
  const auto passed = std::chrono::steady_clock::now() - start;
  CHECK(passed >= milliseconds(100));
  CHECK(passed < milliseconds(5'000));
}
