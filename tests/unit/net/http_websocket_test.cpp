#include <doctest/doctest.h>

#include <mutex>

#include "net/http.hpp"
#include "tests/unit/net/websocket_client.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Serves WebSockets at /ws, to all but those with "key: wrong".
struct Fixture {
  struct State {
    std::mutex mutex;
    std::vector<std::shared_ptr<HttpWebSocket>> accepted;
    int refused = 0;
  };
  std::shared_ptr<State> state = std::make_shared<State>();
  std::unique_ptr<HttpServer> server;

  explicit Fixture(HttpServerOptions options = {}) {
    auto started = HttpServer::start(
        std::move(options), [state = state](HttpRequest request, std::shared_ptr<HttpReply> reply) {
          if (request.path != "/ws") return reply->send({.body = "plain", .headers = {}});
          if (request.header("key") == "wrong")
            return reply->send({.status = 401, .body = "{}", .headers = {}});
          auto socket = reply->accept_websocket(request);
          const std::lock_guard lock(state->mutex);
          socket ? state->accepted.push_back(std::move(socket)) : void(++state->refused);
        });
    REQUIRE(started.ok());
    server = std::move(started).value();
  }

  std::uint16_t port() const { return server->port(); }
  std::size_t count() const {
    const std::lock_guard lock(state->mutex);
    return state->accepted.size();
  }
  std::shared_ptr<HttpWebSocket> take(std::size_t number = 0) const {
    REQUIRE(wait_until([&] { return count() > number; }));
    const std::lock_guard lock(state->mutex);
    return state->accepted[number];
  }
  bool serves() const {
    RawSocket socket(port());
    return socket.ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n").body == "plain";
  }
};

// Connected and past the handshake.
struct Client : RawSocket {
  explicit Client(const Fixture& fixture) : RawSocket(fixture.port()) {
    const auto answer = ask(websocket_request());
    REQUIRE(answer.status == 101);
    REQUIRE(answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    REQUIRE(answer.has("Upgrade: websocket\r\n"));
    REQUIRE(answer.has("Connection: Upgrade\r\n"));
  }
};

HttpServerOptions pinging(int interval_ms) {
  HttpServerOptions options;
  options.websocket_ping_interval = milliseconds(interval_ms);
  return options;
}

}  // namespace

TEST_CASE("the handler decides who gets a WebSocket, and texts of all sizes arrive in order") {
  Fixture fixture;
  RawSocket stranger(fixture.port());
  auto with_wrong_key = websocket_request();
  with_wrong_key.insert(with_wrong_key.size() - 2, "Key: wrong\r\n");
  CHECK(stranger.ask(with_wrong_key).status == 401);
  CHECK(stranger.ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n").body == "plain");  // it goes on as HTTP

  Client client(fixture);
  const auto socket = fixture.take();
  const std::vector<std::string> texts = {"", "{\"a\":1}", std::string(125, 'x'),
                                          std::string(126, 'y'), std::string(70'000, 'z')};
  for (const auto& text : texts) CHECK(socket->send_text(text));
  for (const auto& text : texts) {
    const auto frame = next_frame(client);
    REQUIRE(frame);
    CHECK(frame->first == 0x81);
    CHECK(frame->payload == text);
  }
  CHECK(wait_until([&] { return socket->queued_bytes() == 0; }));
  CHECK(fixture.server->open_connections() == 2);  // counted as any connection
}

TEST_CASE("handshakes that are none get 400, another version 426") {
  Fixture fixture;
  const auto variant = [](std::string_view what, std::string_view by) {
    auto text = websocket_request();
    return text.replace(text.find(what), what.size(), by);
  };
  RawSocket socket(fixture.port());
  const auto version = socket.ask(variant("Version: 13", "Version: 12"));
  CHECK(version.status == 426);
  CHECK(version.has("Sec-WebSocket-Version: 13\r\n"));
  CHECK(socket.ask(variant("Upgrade: websocket", "Upgrade: h2c")).status == 400);
  CHECK(socket.ask(variant("Connection: Upgrade", "Connection: keep-alive")).status == 400);
  CHECK(socket.ask(variant("dGhlIHNhbXBsZSBub25jZQ==", "short")).status == 400);
  CHECK(socket.ask(variant("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx")).status == 400);
  CHECK(socket.ask(variant("GET", "PUT")).status == 400);
  RawSocket old(fixture.port());
  CHECK(old.ask(variant("HTTP/1.1", "HTTP/1.0")).status == 400);
  CHECK(fixture.count() == 0);
  CHECK(fixture.serves());
}

TEST_CASE("pings are answered, data is ignored, and closing is answered with its code") {
  Fixture fixture;
  Client client(fixture);
  const auto socket = fixture.take();
  REQUIRE(client.send(client_frame(0x81, "nobody reads this") + client_frame(0x02, "nor") +
                      client_frame(0x89, "are you there?") + client_frame(0x80, "that") +
                      client_frame(0x8a, "unasked")));
  const auto pong = next_frame(client);
  REQUIRE(pong);
  CHECK(pong->first == 0x8a);
  CHECK(pong->payload == "are you there?");
  REQUIRE(client.send(client_frame(0x88,
                                   "\x0f\xa1"
                                   "bye")));
  const auto closed = next_frame(client);
  REQUIRE(closed);
  CHECK(closed->close_code() == 4001);
  CHECK(client.closed_by_server());
  CHECK(wait_until([&] { return !socket->send_text("too late"); }));
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
}

TEST_CASE("frames behind the handshake in one packet are read") {
  Fixture fixture;
  RawSocket client(fixture.port());
  REQUIRE(client.send(websocket_request() + client_frame(0x89, "early")));
  CHECK(client.response().status == 101);
  const auto pong = next_frame(client);
  REQUIRE(pong);
  CHECK(pong->payload == "early");
}

TEST_CASE("the handler's end closes it after what is queued; so does dropping it") {
  Fixture fixture;
  Client client(fixture), dropped(fixture);
  fixture.take(1);
  {
    const std::lock_guard lock(fixture.state->mutex);
    auto& accepted = fixture.state->accepted;
    accepted[0]->send_text("last words");
    accepted[0]->close(1008);
    CHECK_FALSE(accepted[0]->send_text("more"));
    accepted.pop_back();
  }
  CHECK(next_frame(client)->payload == "last words");
  CHECK(next_frame(client)->close_code() == 1008);
  REQUIRE(client.send(client_frame(0x88, "\x03\xf0")));
  CHECK(client.closed_by_server());
  CHECK(next_frame(dropped)->close_code() == 1000);
  // This one never answers: the server does not wait for ever.
  CHECK(dropped.closed_by_server());
}

TEST_CASE("clients that break the rules are closed with the code for it") {
  Fixture fixture;
  const std::pair<std::string, int> cases[] = {
      {std::string("\x81\x05Hello"), 1002},
      {client_frame(0xc1, "x"), 1002},
      {client_frame(0x09, "x"), 1002},
      {client_frame(0x80, "x"), 1002},
      {std::string("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01mask", 14), 1009},
      {client_frame(0x88, "x"), 1002},
      {client_frame(0x88, "\x03\xed"), 1002},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1002},
  };
  for (const auto& [bytes, code] : cases) {
    const auto& shown_bytes = bytes.substr(0, 8);
    CAPTURE(shown_bytes);
    Client client(fixture);
    // More of it does not change the answer.
    REQUIRE(client.send(bytes + std::string(3'000, 'x')));
    const auto frame = next_frame(client);
    REQUIRE(frame);
    CHECK(frame->close_code() == code);
    CHECK(client.closed_by_server());
  }
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
  CHECK(fixture.serves());
}

TEST_CASE("a flood of pings is cut, or answered with the newest only") {
  Fixture fixture;
  Client client(fixture);
  std::string flood;
  for (int i = 0; i < 400; ++i) flood += client_frame(0x89, "");
  client.send(flood);
  CHECK(client.closed_by_server());
  CHECK(fixture.serves());
}

TEST_CASE("a client that never reads is closed when its queue is full, others go on") {
  HttpServerOptions options;
  options.max_queued_bytes = 100'000;
  Fixture fixture(options);
  Client lazy(fixture), reader(fixture);
  const auto slow = fixture.take(0), fast = fixture.take(1);
  const std::string event(10'000, 'e');
  std::size_t sent = 0;
  while (slow->send_text(event)) {
    sent += event.size();
    REQUIRE(sent < 1'000'000'000);
    CHECK(slow->queued_bytes() <= 110'000);
    wait_until([&] { return slow->queued_bytes() < 50'000; }, milliseconds(100));
  }
  CHECK_FALSE(slow->send_text("x"));
  CHECK(fast->send_text("still here"));
  CHECK(next_frame(reader)->payload == "still here");
  // It begins to read after all: whole frames, then the reason.
  std::optional<ServerFrame> frame;
  while ((frame = next_frame(lazy)) && frame->first == 0x81) CHECK(frame->payload == event);
  REQUIRE(frame);
  CHECK(frame->close_code() == 1013);
  CHECK(lazy.closed_by_server());
  // One text that is longer than the whole queue closes as well.
  Client third(fixture);
  CHECK_FALSE(fixture.take(2)->send_text(std::string(100'001, 'x')));
  CHECK(next_frame(third)->close_code() == 1013);
}

TEST_CASE("a client that never reads and never answers is cut without its Close frame") {
  HttpServerOptions options;
  options.max_queued_bytes = 100'000;
  Fixture fixture(options);
  Client lazy(fixture);
  const auto socket = fixture.take();
  const std::string event(10'000, 'e');
  while (socket->send_text(event))
    wait_until([&] { return socket->queued_bytes() < 50'000; }, milliseconds(100));
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
}

TEST_CASE("silent clients are pinged; who answers stays, who does not is cut") {
  Fixture fixture(pinging(150));
  Client alive(fixture), dead(fixture);
  const auto socket = fixture.take(0);
  for (int i = 0; i < 4; ++i) {
    const auto ping = next_frame(alive);
    REQUIRE(ping);
    CHECK(ping->first == 0x89);
    REQUIRE(alive.send(client_frame(0x8a, ping->payload)));
  }
  CHECK(dead.closed_by_server());
  CHECK(socket->send_text("you are here"));
  std::optional<ServerFrame> frame;
  while ((frame = next_frame(alive)) && frame->first == 0x89)
    REQUIRE(alive.send(client_frame(0x8a, frame->payload)));
  REQUIRE(frame);
  CHECK(frame->payload == "you are here");
}

TEST_CASE("resets and half-closed clients leave nothing behind") {
  Fixture fixture;
  for (int i = 0; i < 20; ++i) {
    Client client(fixture);
    if (i % 2 == 0) {
      const linger abort{1, 0};
      ::setsockopt(client.number(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
      client.close();
    } else {
      client.finish_sending();
      CHECK(client.closed_by_server());
    }
  }
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
  CHECK(wait_until([&] { return !fixture.take(0)->send_text("x"); }));
}

TEST_CASE("stopping tells WebSockets that the server goes away") {
  Fixture fixture;
  Client client(fixture);
  fixture.take();
  std::thread stopper([&] { fixture.server->stop(seconds(20)); });
  const auto frame = next_frame(client);
  REQUIRE(frame);
  CHECK(frame->close_code() == 1001);
  CHECK(client.send(client_frame(0x88, "\x03\xe9")));
  CHECK(client.closed_by_server());
  client.close();
  stopper.join();
  CHECK(fixture.server->open_connections() == 0);
  CHECK_FALSE(fixture.take()->send_text("x"));
}

TEST_CASE("WebSockets count against the limits of connections") {
  HttpServerOptions options;
  options.max_connections_per_address = 3;
  Fixture fixture(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<Client>(fixture));
  RawSocket crowded(fixture.port());
  CHECK(crowded.ask(websocket_request()).status == 429);
  clients.pop_back();
  CHECK(wait_until([&] { return fixture.server->open_connections() == 2; }));
  CHECK(fixture.serves());
}

TEST_CASE("many threads send to many WebSockets") {
  HttpServerOptions options;
  options.threads = 2;
  Fixture fixture(options);
  constexpr std::size_t clients = 8, writers = 4, texts = 200;
  std::vector<std::unique_ptr<Client>> sockets;
  for (std::size_t i = 0; i < clients; ++i) sockets.push_back(std::make_unique<Client>(fixture));
  fixture.take(clients - 1);
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < writers; ++w)
    threads.emplace_back([&] {
      for (std::size_t t = 0; t < texts; ++t)
        for (std::size_t c = 0; c < clients; ++c)
          fixture.state->accepted[c]->send_text(std::to_string(t));
    });
  std::size_t received = 0;
  for (auto& socket : sockets)
    for (std::size_t i = 0; i < writers * texts; ++i)
      if (const auto frame = next_frame(*socket); frame && frame->first == 0x81) ++received;
  for (auto& thread : threads) thread.join();
  CHECK(received == clients * writers * texts);
}
