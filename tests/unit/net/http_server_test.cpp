#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "net/http_client.hpp"
#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Keeps what the test's handler was asked, and the replies of the paths that never answer.
struct Inbox {
  std::mutex mutex;
  std::vector<std::shared_ptr<HttpReply>> unanswered;
  std::vector<std::shared_ptr<HttpStream>> streams;
  std::atomic<int> requests{0};

  std::size_t waiting() {
    const std::lock_guard lock(mutex);
    return unanswered.size();
  }
  std::shared_ptr<HttpStream> stream() {
    const std::lock_guard lock(mutex);
    return streams.empty() ? nullptr : streams.front();
  }
};

struct Fixture {
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::unique_ptr<HttpServer> server;

  explicit Fixture(HttpServerOptions options = {}) {
    auto started = HttpServer::start(std::move(options), handler());
    REQUIRE(started.ok());
    server = std::move(started).value();
  }

  HttpHandler handler() {
    return [inbox = inbox](HttpRequest request, std::shared_ptr<HttpReply> reply) {
      ++inbox->requests;
      const std::lock_guard lock(inbox->mutex);
      if (request.path == "/never") {
        inbox->unanswered.push_back(std::move(reply));
      } else if (request.path == "/drop") {
        return;
      } else if (request.path == "/throw") {
        throw std::runtime_error("a bug");
      } else if (request.path == "/events") {
        inbox->streams.push_back(
            reply->stream({.content_type = "text/event-stream", .body = {}, .headers = {}}));
        inbox->streams.back()->write("data: hello\n\n");
      } else if (request.path == "/empty") {
        reply->send({.status = 204, .body = {}, .headers = {}});
      } else if (request.path == "/split") {
        reply->send(
            {.body = "{}", .headers = {{"X-Echo", "a\r\nX-Evil: 1"}, {"Content-Length", "9"}}});
      } else {
        reply->send({.content_type = "text/plain",
                     .body = request.method + " " + request.path + " " + request.body,
                     .headers = {}});
      }
    };
  }

  std::uint16_t port() const { return server->port(); }
  RawResponse ask(std::string_view text) const {
    RawSocket socket(port());
    return socket.ask(text);
  }
  bool serves() const {
    return ask("GET /probe HTTP/1.1\r\nHost: x\r\n\r\n").body == "GET /probe ";
  }
};

HttpServerOptions quick() {
  HttpServerOptions options;
  options.header_timeout = seconds(1);
  options.body_timeout = seconds(1);
  options.handler_timeout = seconds(1);
  options.idle_timeout = seconds(2);
  return options;
}

}  // namespace

TEST_CASE("requests are answered over one kept connection, pipelined ones in order") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  auto answer = socket.ask("POST /a?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(answer.status == 200);
  CHECK(answer.body == "POST /a abc");
  CHECK(answer.has("Content-Type: text/plain\r\n"));
  CHECK_FALSE(answer.has("Connection: close"));

  std::string pipeline;
  for (int i = 0; i < 200; ++i)
    pipeline += "PUT /" + std::to_string(i) +
                " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                "chunked\r\n\r\n2;ext=1\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
  REQUIRE(socket.send(pipeline));
  for (int i = 0; i < 200; ++i)
    CHECK(socket.response().body == "PUT /" + std::to_string(i) + " abc");
  CHECK(fixture.server->open_connections() == 1);
}

TEST_CASE("a request may come byte by byte") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  for (const char c :
       std::string_view("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"))
    REQUIRE(socket.send({&c, 1}));
  CHECK(socket.response().body == "POST /slow hi");
}

TEST_CASE("HEAD, 204 and HTTP/1.0") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  REQUIRE(socket.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(socket.response(true).has("Content-Length: 8\r\n"));
  CHECK(socket.response().body == "GET /g ");
  const auto empty = socket.ask("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(empty.status == 204);
  CHECK_FALSE(empty.has("Content-Length"));

  const auto old = fixture.ask("GET /o HTTP/1.0\r\n\r\n");
  CHECK(old.body == "GET /o ");
  CHECK(old.has("Connection: close"));
  RawSocket closing(fixture.port());
  CHECK(closing.ask("GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status == 200);
  CHECK(closing.closed_by_server());
  RawSocket half(fixture.port());
  REQUIRE(half.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n"));
  half.finish_sending();
  CHECK(half.response().body == "GET /half ");
}

TEST_CASE("malformed requests are refused with their own status") {
  Fixture fixture;
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: me@x\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /?q=% HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 33), 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\n", 417},
      {"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
  };
  for (const auto& [text, status] : cases) {
    const auto& shown_text = text;
    CAPTURE(shown_text);
    RawSocket socket(fixture.port());
    const auto answer = socket.ask(text);
    CHECK(answer.status == status);
    CHECK(answer.has("Connection: close"));
  }
  CHECK(fixture.inbox->requests == 0);
  CHECK(fixture.serves());
}

TEST_CASE("what a handler echoes cannot split the response") {
  Fixture fixture;
  const auto answer = fixture.ask("GET /split HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.has("X-Echo: aX-Evil: 1\r\n"));
  CHECK_FALSE(answer.has("\r\nX-Evil"));
  CHECK(answer.body == "{}");
}

TEST_CASE("long request lines get 414, long headers 431") {
  Fixture fixture;
  CHECK(fixture.ask("GET /" + std::string(20'000, 'a')).status == 414);
  CHECK(fixture.ask("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n").status ==
        414);
  CHECK(fixture.ask("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(20'000, 'a')).status == 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 2'000; ++i) many += "A" + std::to_string(i) + ": b\r\n";
  CHECK(fixture.ask(many + "\r\n").status == 431);
  // Just below the limit is served.
  CHECK(fixture.ask("GET /p HTTP/1.1\r\nHost: x\r\nA: " + std::string(16'000, 'a') + "\r\n\r\n")
            .status == 200);
}

TEST_CASE("a body of 1 GB is refused on its header, before a byte of it is read") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  const auto answer =
      socket.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n");
  CHECK(answer.status == 413);
  CHECK(answer.has("Connection: close"));
  // A client that sends on all the same still gets the answer, and then the end.
  RawSocket pushing(fixture.port());
  const std::string piece(1 << 20, 'x');
  REQUIRE(pushing.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n"));
  CHECK(pushing.send(piece));
  CHECK(pushing.response().status == 413);
  bool cut = false;
  for (int i = 0; i < 1024 && !cut; ++i) cut = !pushing.send(piece);
  CHECK(cut);
  CHECK(fixture.inbox->requests == 0);
}

TEST_CASE("chunked bodies that grow past the limit get 413, also per path") {
  HttpServerOptions options;
  options.max_body_bytes = 100'000;
  options.body_limit = [](std::string_view, std::string_view path) {
    return path == "/small" ? std::size_t{10} : std::size_t{1'000'000};
  };
  Fixture fixture(options);
  const std::string head = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  RawSocket socket(fixture.port());
  REQUIRE(socket.send("POST /" + head));
  const std::string piece = "2710\r\n" + std::string(10'000, 'x') + "\r\n";
  for (int i = 0; i < 11; ++i) REQUIRE(socket.send(piece));
  CHECK(socket.response().status == 413);
  CHECK(fixture.ask("POST /" + head + "ffffffffffffffff\r\n").status == 413);
  CHECK(fixture.ask("POST /" + head + "1ffffffffffffffff\r\n").status == 400);
  CHECK(fixture.ask("POST /small" + head + "b\r\n12345678901\r\n0\r\n\r\n").status == 413);
  CHECK(fixture.ask("POST /small" + head + "a\r\n1234567890\r\n0\r\n\r\n").status == 200);
  CHECK(fixture.ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n").status == 413);
  // Neither a chunk's extension nor the trailers may grow without end.
  CHECK(fixture.ask("POST /" + head + "1;" + std::string(200'000, 'e')).status == 431);
  CHECK(fixture.ask("POST /" + head + "0\r\nT: " + std::string(200'000, 't')).status == 431);
  // All bodies together are bounded too.
  options.max_buffered_body_bytes = 50'000;
  Fixture tight(options);
  const auto refused = tight.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" +
                                 std::string(90'000, 'x'));
  CHECK(refused.status == 503);
  CHECK(refused.has("Retry-After"));
  CHECK(tight.serves());
}

TEST_CASE("100-continue is sent before the body, never for a body that is refused") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  REQUIRE(socket.send(
      "POST /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  CHECK(socket.response().status == 100);
  CHECK(socket.ask("ok").body == "POST /c ok");
  CHECK(socket
            .ask("POST /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
                 "99999999\r\n\r\n")
            .status == 413);
}

TEST_CASE("slow headers, slow bodies and idle connections are cut, others are served meanwhile") {
  Fixture fixture(quick());
  RawSocket idle(fixture.port());
  RawSocket header(fixture.port()), body(fixture.port()), chunked(fixture.port());
  REQUIRE(header.send("GET / HTTP/1.1\r\nHost: x\r\n"));
  REQUIRE(body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"));
  REQUIRE(chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  // They go on dripping, which must not buy them time.
  std::atomic<bool> done{false};
  std::thread drip([&] {
    while (!done) {
      header.send("A: b\r\n");
      body.send("x");
      chunked.send("1\r\nx\r\n");
      pollfd nothing{-1, 0, 0};
      ::poll(&nothing, 1, 50);
    }
  });
  const auto start = std::chrono::steady_clock::now();
  CHECK(fixture.serves());
  CHECK(header.response().status == 408);
  CHECK(body.response().status == 408);
  CHECK(chunked.response().status == 408);
  CHECK(std::chrono::steady_clock::now() - start >= milliseconds(900));
  done = true;
  drip.join();
  CHECK(idle.closed_by_server());
  CHECK(fixture.inbox->requests == 1);
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
}

TEST_CASE("a handler that never answers costs its own request only") {
  Fixture fixture(quick());
  RawSocket socket(fixture.port());
  const auto answer = socket.ask("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After"));
  CHECK(socket.ask("GET /next HTTP/1.1\r\nHost: x\r\n\r\n").body == "GET /next ");
  fixture.inbox->unanswered.front()->send({.body = "late", .headers = {}});  // belongs to nobody
  CHECK(socket.ask("GET /more HTTP/1.1\r\nHost: x\r\n\r\n").body == "GET /more ");
}

TEST_CASE("a dropped reply and an exception become 500") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  CHECK(socket.ask("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n").status == 500);
  CHECK(socket.ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n").status == 500);
  CHECK(socket.ask("GET /fine HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
}

TEST_CASE("a reply outlives its connection and its server") {
  auto inbox = std::make_shared<Inbox>();
  std::shared_ptr<HttpStream> stream;
  {
    Fixture fixture;
    inbox = fixture.inbox;
    RawSocket socket(fixture.port()), streaming(fixture.port());
    REQUIRE(socket.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
    REQUIRE(wait_until([&] { return inbox->waiting() == 1; }));
    socket.close();
    REQUIRE(socket.number() == -1);
    REQUIRE(streaming.send(
        "GET /never HTTP/1.1\r\nHost: x\r\n\r\nGET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
    REQUIRE(wait_until([&] { return inbox->waiting() == 2; }));
    inbox->unanswered[0]->send({.body = "to nobody", .headers = {}});
    inbox->unanswered[0]->send({.body = "again", .headers = {}});
    CHECK(fixture.serves());
  }
  inbox->unanswered[1]->send({.body = "after the end", .headers = {}});
  inbox->unanswered.clear();
}

TEST_CASE("more connections than allowed: 429 per address, 503 in all, and room again later") {
  HttpServerOptions options;
  options.max_connections_per_address = 3;
  options.max_connections = 5;
  Fixture fixture(options);
  std::vector<RawSocket> first;
  for (int i = 0; i < 3; ++i) {
    first.emplace_back(fixture.port());
    REQUIRE(first.back().ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
  }
  const auto crowded = fixture.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(crowded.status == 429);
  CHECK(crowded.has("Retry-After"));
  std::vector<RawSocket> second(2);
  for (auto& socket : second) {
    REQUIRE(socket.connect(fixture.port(), INADDR_LOOPBACK + 1));
    REQUIRE(socket.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
  }
  RawSocket third;
  REQUIRE(third.connect(fixture.port(), INADDR_LOOPBACK + 2));
  const auto full = third.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(full.status == 503);
  CHECK(full.has("Retry-After"));
  CHECK(fixture.server->open_connections() == 5);
  first.clear();
  CHECK(wait_until([&] { return fixture.server->open_connections() == 2; }));
  CHECK(fixture.serves());
}

TEST_CASE("300 idle connections do not keep others waiting") {
  HttpServerOptions options;
  options.threads = 2;
  Fixture fixture(options);
  std::vector<RawSocket> idle;
  for (int i = 0; i < 300; ++i) idle.emplace_back(fixture.port());
  REQUIRE(wait_until([&] { return fixture.server->open_connections() == 300; }));
  for (int i = 0; i < 50; ++i) CHECK(fixture.serves());
  for (auto& socket : idle) CHECK(socket.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
}

TEST_CASE("a stream reaches its reader as chunks and ends in good order") {
  Fixture fixture;
  RawSocket socket(fixture.port());
  REQUIRE(
      socket.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(socket.wait_for("\r\n\r\nd\r\ndata: hello\n\n\r\n"));
  CHECK(socket.input().find("Transfer-Encoding: chunked") != std::string::npos);
  const auto stream = fixture.inbox->stream();
  CHECK(stream->write("data: two\n\n"));
  REQUIRE(socket.wait_for("b\r\ndata: two\n\n\r\n"));
  CHECK(wait_until([&] { return stream->queued_bytes() == 0; }));
  stream->close();
  CHECK_FALSE(stream->write("no more"));
  CHECK(socket.wait_for("0\r\n\r\nHTTP/1.1 200 OK"));
  CHECK(socket.wait_for("GET /after "));

  RawSocket old(fixture.port());
  REQUIRE(old.send("GET /events HTTP/1.0\r\n\r\n"));
  REQUIRE(old.wait_for("\r\n\r\ndata: hello\n\n"));
}

TEST_CASE("a stream notices that its client is gone") {
  Fixture fixture;
  {
    RawSocket socket(fixture.port());
    REQUIRE(socket.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
    REQUIRE(socket.wait_for("data: hello"));
  }
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
  CHECK_FALSE(fixture.inbox->stream()->write("data: x\n\n"));
}

TEST_CASE("a stream to a reader that never reads is closed when its queue is full") {
  HttpServerOptions options;
  options.max_queued_bytes = 100'000;
  Fixture fixture(options);
  RawSocket lazy(fixture.port()), reader(fixture.port());
  REQUIRE(lazy.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(wait_until([&] { return fixture.inbox->stream() != nullptr; }));
  const auto stream = fixture.inbox->stream();
  const std::string event(10'000, 'e');
  std::size_t written = 0;
  while (stream->write(event)) {
    written += event.size();
    REQUIRE(written < 1'000'000'000);
    CHECK(stream->queued_bytes() <= 100'000);
    // As long as the kernel takes it, the writer waits for that.
    wait_until([&] { return stream->queued_bytes() < 50'000; }, milliseconds(100));
  }
  CHECK_FALSE(stream->write("x"));
  CHECK(wait_until([&] { return fixture.server->open_connections() == 1; }));
  CHECK(fixture.serves());
}

TEST_CASE("without file descriptors the server waits and then goes on") {
  Fixture fixture;
  RawSocket waiting;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = ::dup(0);  // the lowest free number
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const bool connected = waiting.connect(fixture.port());
  const bool asked = waiting.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
  const bool answered = waiting.receive(300);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(connected);
  CHECK(asked);
  CHECK_FALSE(answered);
  CHECK(waiting.response().body == "GET /late ");
}

TEST_CASE("stopping lets running requests end and takes no new ones") {
  Fixture fixture;
  RawSocket idle(fixture.port()), busy(fixture.port()), streaming(fixture.port());
  REQUIRE(streaming.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(streaming.wait_for("data: hello"));
  REQUIRE(busy.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(wait_until([&] { return fixture.inbox->waiting() == 1; }));
  std::thread stopper([&] { fixture.server->stop(seconds(20)); });
  CHECK(idle.closed_by_server());
  CHECK(streaming.wait_for("0\r\n\r\n"));
  fixture.inbox->unanswered.front()->send({.body = "done", .headers = {}});
  const auto answer = busy.response();
  CHECK(answer.body == "done");
  CHECK(answer.has("Connection: close"));
  stopper.join();
  CHECK(fixture.server->open_connections() == 0);
  RawSocket late;
  CHECK_FALSE(late.connect(fixture.port()));
}

TEST_CASE("stopping does not wait longer than its grace") {
  Fixture fixture;
  RawSocket busy(fixture.port());
  REQUIRE(busy.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(wait_until([&] { return fixture.inbox->waiting() == 1; }));
  fixture.server->stop(milliseconds(50));
  CHECK(busy.closed_by_server());
  CHECK(fixture.server->open_connections() == 0);
}

TEST_CASE("a taken port and a bad address are errors") {
  Fixture fixture;
  HttpServerOptions options;
  options.port = fixture.port();
  const auto taken = HttpServer::start(options, [](HttpRequest, std::shared_ptr<HttpReply>) {});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code() == NetError::address_in_use);
  CHECK(taken.error().detail().find(std::to_string(options.port)) != std::string::npos);
  options.address = "not an address";
  const auto bad = HttpServer::start(options, [](HttpRequest, std::shared_ptr<HttpReply>) {});
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().code() == NetError::bad_address);
}

TEST_CASE("many clients at once, several threads") {
  HttpServerOptions options;
  options.threads = 2;
  Fixture fixture(options);
  constexpr int clients = 8, rounds = 250;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  const auto start = std::chrono::steady_clock::now();
  for (int t = 0; t < clients; ++t)
    threads.emplace_back([&, t] {
      const auto client = HttpClient::create({.port = fixture.port()});
      for (int i = 0; i < rounds; ++i) {
        const auto body = std::to_string(t * rounds + i);
        const auto answer = client->request("POST", "/n", body);
        if (answer.ok() && answer->body == "POST /n " + body) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  CHECK(good == clients * rounds);
  MESSAGE("requests per second: " << static_cast<int>(clients * rounds / passed.count()));
}
