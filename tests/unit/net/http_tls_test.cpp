#include <doctest/doctest.h>

#include <atomic>
#include <ctime>
#include <mutex>

#include "net/http_client.hpp"
#include "net/http_redirect.hpp"
#include "tests/unit/net/tls_fixture.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::string_view probe = "GET /probe HTTP/1.1\r\nHost: x\r\n\r\n";

struct Fixture {
  CertificateFolder files;
  std::mutex mutex;
  std::vector<Result<void>> reloads;
  std::vector<std::shared_ptr<HttpStream>> streams;
  std::atomic<int> requests{0};
  std::unique_ptr<HttpServer> server;

  explicit Fixture(HttpServerOptions options = {}) {
    options.tls = files.options();
    options.tls->reload_interval = milliseconds(20);
    options.tls->on_reload = [this](const Result<void>& read) {
      const std::lock_guard lock(mutex);
      reloads.push_back(read);
    };
    auto started = HttpServer::start(
        std::move(options), [this](HttpRequest request, std::shared_ptr<HttpReply> reply) {
          ++requests;
          if (request.path == "/events") {
            const std::lock_guard lock(mutex);
            streams.push_back(
                reply->stream({.content_type = "text/event-stream", .body = {}, .headers = {}}));
            streams.back()->write("data: hello\n\n");
          } else if (request.path == "/big") {
            reply->send({.content_type = "text/plain",
                         .body = std::string(5'000'000, 'b') + request.body,
                         .headers = {}});
          } else {
            reply->send({.content_type = "text/plain",
                         .body = request.method + " " + request.path + " " + request.body,
                         .headers = {}});
          }
        });
    REQUIRE(started.ok());
    server = std::move(started).value();
  }
  ~Fixture() { server->stop(milliseconds(0)); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  std::uint16_t port() const { return server->port(); }
  bool serves() const {
    TlsSocket socket(port());
    return socket.handshake() && socket.ask(probe).body == "GET /probe ";
  }
  std::size_t reload_count() {
    const std::lock_guard lock(mutex);
    return reloads.size();
  }
  std::unique_ptr<HttpClient> client() const {
    HttpClientOptions options;
    options.port = port();
    options.authorities = files.file("ca.pem");
    return HttpClient::create(options);
  }
};

HttpServerOptions quick() {
  HttpServerOptions options;
  options.header_timeout = seconds(1);
  options.body_timeout = seconds(1);
  options.idle_timeout = seconds(2);
  return options;
}

}  // namespace

TEST_CASE("requests over TLS: kept, pipelined, large both ways, with HSTS, and an orderly end") {
  Fixture fixture;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsSocket socket(fixture.port(), {.max_version = version, .ciphers = {}});
    REQUIRE(socket.handshake());
    CHECK(::SSL_version(socket.session()) == version);
    const unsigned char* protocol = nullptr;
    unsigned bytes = 0;
    ::SSL_get0_alpn_selected(socket.session(), &protocol, &bytes);
    CHECK(std::string(reinterpret_cast<const char*>(protocol), bytes) == "http/1.1");
    const auto answer = socket.ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    CHECK(answer.body == "POST /a abc");
    CHECK(answer.has("Strict-Transport-Security: max-age=31536000\r\n"));
    std::string pipeline;
    for (int i = 0; i < 50; ++i)
      pipeline += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(socket.send(pipeline));
    for (int i = 0; i < 50; ++i) CHECK(socket.response().body == "GET /" + std::to_string(i) + " ");
    const std::string upload(1'000'000, 'u');
    REQUIRE(socket.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"));
    REQUIRE(socket.send(upload));
    CHECK(socket.response().body == std::string(5'000'000, 'b') + upload);
    const auto last = socket.ask("GET /z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(last.has("Connection: close"));
    CHECK(socket.ended_in_order());
  }
}

TEST_CASE("what is no handshake is closed without an answer") {
  Fixture fixture;
  const std::string garbage[] = {
      std::string(probe), "\r\n\r\n", std::string(100, '\0'), std::string(5'000, '\xff'),
      // A client hello that claims to be longer than it is, and then the end.
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)};
  for (const auto& text : garbage) {
    CAPTURE(text.substr(0, 11));
    RawSocket socket(fixture.port());
    REQUIRE(socket.send(text));
    socket.finish_sending();
    CHECK(socket.closed_by_server());
    CHECK(socket.input().find("HTTP/") == std::string::npos);
  }
  RawSocket plain(fixture.port());
  CHECK(plain.ask(probe).status == 0);
  CHECK(fixture.requests == 0);
  CHECK(fixture.serves());
}

TEST_CASE("old versions, weak ciphers and other protocols get no connection") {
  Fixture fixture;
  const ClientSettings refused[] = {
      {.max_version = TLS1_1_VERSION, .min_version = TLS1_VERSION, .ciphers = {}},
      {.max_version = TLS1_2_VERSION, .ciphers = "AES128-SHA"},
      {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"},
      {.protocols = "\x02h2", .ciphers = {}},
  };
  for (const auto& settings : refused) {
    CAPTURE(settings.ciphers);
    TlsSocket socket(fixture.port(), settings);
    CHECK_FALSE(socket.handshake());
  }
  TlsSocket without_alpn(fixture.port(), {.protocols = {}, .ciphers = {}});
  CHECK(without_alpn.handshake());
  CHECK(without_alpn.ask(probe).status == 200);
}

TEST_CASE("renegotiation is refused") {
  Fixture fixture;
  TlsSocket socket(fixture.port(), {.max_version = TLS1_2_VERSION, .ciphers = {}});
  REQUIRE(socket.handshake());
  REQUIRE(socket.ask(probe).status == 200);
  ::SSL_renegotiate(socket.session());
  CHECK(::SSL_do_handshake(socket.session()) != 1);
  CHECK(fixture.serves());
}

TEST_CASE("many KeyUpdates of a client that reads nothing do not grow the server's memory") {
  Fixture fixture;
  TlsSocket socket(fixture.port());
  REQUIRE(socket.handshake());
  const timeval limit{2, 0};
  ::setsockopt(socket.socket().number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  bool cut = false;
  for (int i = 0; i < 2'000'000 && !cut; ++i)
    cut = ::SSL_key_update(socket.session(), SSL_KEY_UPDATE_REQUESTED) != 1 ||
          ::SSL_do_handshake(socket.session()) != 1;
  CHECK(cut);
  CHECK(fixture.serves());
}

TEST_CASE("handshakes, headers and bodies that stop are cut, others are served meanwhile") {
  Fixture fixture(quick());
  RawSocket silent(fixture.port()), half(fixture.port());
  REQUIRE(half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)));
  TlsSocket header(fixture.port()), body(fixture.port()), idle(fixture.port());
  REQUIRE(header.handshake());
  REQUIRE(body.handshake());
  REQUIRE(idle.handshake());
  REQUIRE(header.send("GET / HTTP/1.1\r\nHost: x\r\n"));
  REQUIRE(body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"));
  CHECK(fixture.serves());
  CHECK(silent.closed_by_server());
  CHECK(half.closed_by_server());
  CHECK(header.response().status == 408);
  CHECK(body.response().status == 408);
  CHECK(idle.ended_in_order());
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
}

TEST_CASE("huge headers over TLS get 431, and a refused body its status") {
  Fixture fixture;
  TlsSocket socket(fixture.port());
  REQUIRE(socket.handshake());
  CHECK(socket.ask("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(50'000, 'a')).status == 431);
  CHECK(socket.ended_in_order());
  TlsSocket large(fixture.port());
  REQUIRE(large.handshake());
  CHECK(large.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n").status ==
        413);
}

TEST_CASE("half-closed clients get their answer, resets leave nothing behind") {
  Fixture fixture;
  TlsSocket half(fixture.port(), {.min_version = TLS1_3_VERSION, .ciphers = {}});
  REQUIRE(half.handshake());
  REQUIRE(half.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n"));
  ::SSL_shutdown(half.session());
  CHECK(half.response().body == "GET /half ");
  for (int i = 0; i < 30; ++i) {
    TlsSocket socket(fixture.port());
    if (i % 3 > 0) REQUIRE(socket.handshake());
    if (i % 3 > 1) REQUIRE(socket.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
    if (i % 3 == 0) socket.socket().send(std::string("\x16\x03\x01\x02", 4));
    const linger abort{1, 0};
    ::setsockopt(socket.socket().number(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    socket.socket().close();
  }
  half.socket().close();
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
  CHECK(fixture.serves());
}

TEST_CASE("a stream over TLS reaches its reader; one that never reads is cut") {
  HttpServerOptions options;
  options.max_queued_bytes = 100'000;
  Fixture fixture(options);
  TlsSocket reader(fixture.port()), lazy(fixture.port());
  REQUIRE(reader.handshake());
  REQUIRE(lazy.handshake());
  REQUIRE(reader.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(reader.response().has("Transfer-Encoding: chunked"));
  REQUIRE(lazy.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(wait_until([&] { return fixture.requests == 2; }));
  std::shared_ptr<HttpStream> slow;
  {
    const std::lock_guard lock(fixture.mutex);
    slow = fixture.streams[1];
  }
  const std::string event(10'000, 'e');
  std::size_t written = 0;
  while (slow->write(event)) {
    written += event.size();
    REQUIRE(written < 1'000'000'000);
    wait_until([&] { return slow->queued_bytes() < 50'000; }, milliseconds(100));
  }
  CHECK(wait_until([&] { return fixture.server->open_connections() == 1; }));
  CHECK(fixture.serves());
}

TEST_CASE(
    "more TLS connections than allowed are told so over TLS, handshakes that hang count too") {
  HttpServerOptions options = quick();
  options.max_connections_per_address = 3;
  options.header_timeout = seconds(5);
  Fixture fixture(options);
  std::vector<RawSocket> hanging;
  for (int i = 0; i < 3; ++i) hanging.emplace_back(fixture.port());
  REQUIRE(wait_until([&] { return fixture.server->open_connections() == 3; }));
  TlsSocket crowded(fixture.port());
  REQUIRE(crowded.handshake());
  const auto answer = crowded.ask(probe);
  CHECK(answer.status == 429);
  CHECK(answer.has("Retry-After"));
  hanging.clear();
  CHECK(wait_until([&] { return fixture.server->open_connections() == 0; }));
  CHECK(fixture.serves());
}

TEST_CASE(
    "a new certificate is used by new connections, running ones go on; a bad one changes nothing") {
  Fixture fixture;
  TlsSocket before(fixture.port());
  REQUIRE(before.handshake());
  REQUIRE(before.ask(probe).status == 200);
  const auto served = [&] {
    TlsSocket socket(fixture.port());
    REQUIRE(socket.handshake());
    REQUIRE(socket.ask(probe).status == 200);
    return socket.serial();
  };
  const auto first = served();
  CHECK(first == before.serial());

  const auto count = fixture.reload_count();
  fixture.files.write("server.pem", "no certificate");
  REQUIRE(wait_until([&] { return fixture.reload_count() > count; }));
  {
    const std::lock_guard lock(fixture.mutex);
    REQUIRE_FALSE(fixture.reloads.back().ok());
    CHECK(fixture.reloads.back().error().detail().find("server.pem") != std::string::npos);
  }
  CHECK(served() == first);

  fixture.files.issue({"127.0.0.1", "localhost"});
  REQUIRE(wait_until([&] { return served() != first; }));
  CHECK(before.ask(probe).body == "GET /probe ");
  CHECK(before.serial() == first);
  {
    const std::lock_guard lock(fixture.mutex);
    CHECK(fixture.reloads.back().ok());
  }
  // A key that others may read now is not taken either.
  const auto second = served();
  const auto reloads = fixture.reload_count();
  REQUIRE(::chmod(fixture.files.file("server.key").c_str(), 0640) == 0);
  REQUIRE(wait_until([&] { return fixture.reload_count() > reloads; }));
  CHECK(served() == second);
}

TEST_CASE("certificates change under traffic and no request is lost") {
  HttpServerOptions options;
  options.threads = 2;
  Fixture fixture(options);
  std::atomic<bool> done{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 3; ++t)
    clients.emplace_back([&] {
      for (int i = 0; !done; ++i) {
        auto client = fixture.client();  // a new connection, then a kept one
        for (int k = 0; k < 3; ++k) {
          const auto answer = client->request("POST", "/n", std::to_string(i));
          answer.ok() && answer->body == "POST /n " + std::to_string(i) ? ++good : ++bad;
        }
      }
    });
  for (int renewal = 1; renewal <= 5; ++renewal) {
    const auto count = fixture.reload_count();
    fixture.files.issue({"localhost", "127.0.0.1"});
    CHECK(wait_until([&] { return fixture.reload_count() > count; }));
  }
  CHECK(wait_until([&] { return good > 50; }));
  done = true;
  for (auto& client : clients) client.join();
  CHECK(bad == 0);
}

TEST_CASE("a certificate or key that cannot be used keeps the server from starting") {
  CertificateFolder files;
  const auto refused = [](const HttpTlsOptions& tls, std::string_view named) {
    HttpServerOptions options;
    options.tls = tls;
    const auto started = HttpServer::start(options, [](HttpRequest, std::shared_ptr<HttpReply>) {});
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().code() == NetError::bad_certificate);
    CHECK_MESSAGE(started.error().detail().find(named) != std::string::npos,
                  started.error().detail());
  };
  auto tls = files.options();
  tls.certificate = files.file("nowhere.pem");
  refused(tls, "nowhere.pem");
  tls = files.options();
  tls.key = files.file("nowhere.key");
  refused(tls, "nowhere.key");
  tls.key = tls.certificate;
  refused(tls, "may be read by others");
  files.write("other.key", make_private_key().value(), 0600);
  tls.key = files.file("other.key");
  refused(tls, "other.key");
  files.write("empty.key", "", 0600);
  tls.key = files.file("empty.key");
  refused(tls, "empty.key");
}

TEST_CASE("the client speaks only to a server that proves who it is") {
  Fixture fixture;
  auto client = fixture.client();
  CHECK(client->request("GET", "/a")->body == "GET /a ");
  CHECK(client->request("POST", "/big", "x")->body.size() == 5'000'001);
  CHECK(fixture.server->open_connections() == 1);

  HttpClientOptions options;
  options.port = fixture.port();
  options.authorities = fixture.files.file("ca.pem");
  options.server_name = "localhost";
  CHECK(HttpClient::create(options)->request("GET", "/").ok());
  options.server_name = "example.org";
  const auto wrong_name = HttpClient::create(options)->request("GET", "/");
  REQUIRE_FALSE(wrong_name.ok());
  CHECK(wrong_name.error().code() == NetError::bad_certificate);

  const CertificateFolder others;
  options.server_name.clear();
  options.authorities = others.file("ca.pem");
  const auto stranger = HttpClient::create(options)->request("GET", "/");
  REQUIRE_FALSE(stranger.ok());
  CHECK(stranger.error().code() == NetError::bad_certificate);
  options.authorities = others.file("nowhere.pem");
  CHECK(HttpClient::create(options)->request("GET", "/").error().code() ==
        NetError::bad_certificate);
  fixture.files.issue({"elsewhere.example", "192.0.2.1"});
  CHECK(wait_until([&] { return !fixture.client()->request("GET", "/").ok(); }));

  // To a plain server, TLS fails; a plain client gets nothing from a TLS server.
  HttpClientOptions plain;
  plain.port = fixture.port();
  CHECK(HttpClient::create(plain)->request("GET", "/").error().code() == NetError::closed);
}

TEST_CASE("certificates are made for names only, and by the authority's own key") {
  const CertificateFolder files;
  const auto key = make_private_key().value();
  const auto make = [&](std::vector<std::string> names, const std::string& signer) {
    return make_server_certificate({.key = key, .names = std::move(names)},
                                   files.authority_certificate, signer);
  };
  CHECK(make({"a.example", "*.b.example", "::1", "10.0.0.1"}, files.authority_key).ok());
  for (const char* name : {"", "a b", "a,DNS:evil.example", "a.example\n", "@section", "a/b", "*"})
    CHECK_MESSAGE(!make({name}, files.authority_key).ok(), name);
  CHECK_FALSE(make({}, files.authority_key).ok());
  CHECK_FALSE(make({"a.example"}, key).ok());
  CHECK_FALSE(make({"a.example"}, "no key").ok());
  CHECK_FALSE(make_authority_certificate("no key", 1).ok());
}

TEST_CASE("the end of a certificate is read from its file") {
  const CertificateFolder files;
  const auto end = certificate_expiry(files.file("server.pem"));
  REQUIRE(end.ok());
  const auto days = (*end - static_cast<std::int64_t>(std::time(nullptr))) / 86'400;
  CHECK((days == 29 || days == 30));
  for (const char* name : {"server.key", "gone.pem"})
    CHECK(certificate_expiry(files.file(name)).error().code() == NetError::bad_certificate);
}

TEST_CASE("every request to the plain port is sent to https at the same place") {
  auto started = HttpServer::start({}, redirect_to_https(8443));
  REQUIRE(started.ok());
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"GET /a/b?c=%20d", "Host: example.org", "https://example.org:8443/a/b?c=%20d"},
      {"POST /v1/x", "Host: example.org:8080", "https://example.org:8443/v1/x"},
      {"HEAD /", "Host: [::1]:8080", "https://[::1]:8443/"},
      {"GET http://example.org/p?q", "Host: 127.0.0.1", "https://127.0.0.1:8443/p?q"},
      {"OPTIONS *", "Host: x", "https://x:8443/"},
      {"GET //evil.example/", "Host: x", "https://x:8443//evil.example/"},
  };
  for (const auto& [line, host, location] : cases) {
    RawSocket socket((*started)->port());
    const auto answer =
        socket.ask(std::string(line) + " HTTP/1.1\r\n" + host + "\r\nConnection: close\r\n\r\n");
    CHECK(answer.status == 308);
    CHECK_MESSAGE(answer.has("Location: " + std::string(location) + "\r\n"), answer.head);
    CHECK_FALSE(answer.has("Strict-Transport-Security"));
  }
  for (const char* host :
       {"Host: ", "Host: a b", "Host: evil.example/x", "Host: a@b", "Host: [::1"}) {
    RawSocket socket((*started)->port());
    CHECK_MESSAGE(socket.ask("GET / HTTP/1.1\r\n" + std::string(host) + "\r\n\r\n").status == 400,
                  host);
  }
}
