// HTTP as the rest of the house sees it: requests, responses, streams and WebSockets. Only the
// server's own files know Beast, Asio and OpenSSL.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace powershare {

enum class NetError {
  address_in_use = 1,  ///< exit 69, with the number of the port in the detail
  bad_address,
  closed,
  refused_by_self_test,  ///< the CURVE self-test let a stranger in: exit 70
  bad_key,
  malformed,        ///< a request target that does not spell a path
  refused_address,  ///< an address outside that this peer does not speak to
  not_delivered,    ///< the other side could not be reached or said no, with its words
  bad_certificate,  ///< a certificate or key that cannot be used: exit 78, the file in the detail
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::NetError, "net");

namespace powershare::net {

struct HttpRequest {
  std::string method;                                       ///< upper case
  std::string path;                                         ///< percent-decoded, without query
  std::vector<std::pair<std::string, std::string>> query;   ///< percent-decoded, in order
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
  std::string body;
  std::string remote_address;  ///< without port
  /// The path's parts between the slashes, each percent-decoded: an encoded "/" stays inside its
  /// part.
  std::vector<std::string> segments{};
  std::string target{};  ///< path and query as received, for logs and signatures

  std::optional<std::string> header(std::string_view lower_case_name) const;
  std::optional<std::string> parameter(std::string_view name) const;  ///< first of the query
  /// True for a GET that asks for "Upgrade: websocket".
  bool asks_for_websocket() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// A response that goes on: Server-Sent Events. Safe from any thread. Past `max_queued_bytes` the
/// stream is closed: a reader that never reads costs nobody else anything.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// False once the client is gone or too slow.
  virtual bool write(std::string chunk) = 0;
  /// What was written and the client has not taken yet; for writers of long lists that pace
  /// themselves.
  virtual std::size_t queued_bytes() const { return 0; }
  virtual void close() = 0;
};

/// The server's end of a WebSocket (RFC 6455): text frames to the client. What a client sends is
/// checked for its framing, then thrown away unread; pings, pongs and closing are the server's own
/// business. Safe from any thread. Dropping the last reference closes it with 1000.
class HttpWebSocket {
 public:
  virtual ~HttpWebSocket() = default;
  /// Queues one text frame; `text` is UTF-8. False once the client is gone, or so slow that more
  /// than `max_queued_bytes` would wait for it: it is then closed with 1013.
  virtual bool send_text(std::string_view text) = 0;
  /// False once the client is gone or the end has begun.
  virtual bool open() const = 0;
  /// What was sent and the client has not taken yet.
  virtual std::size_t queued_bytes() const = 0;
  /// Ends in order after what is queued; 1000 is a normal end, 1008 a broken rule (RFC 6455 §7.4).
  virtual void close(std::uint16_t code = 1000) = 0;
};

/// Answers one request, once, from any thread.
/// A client that is gone by then changes nothing for the caller; second answers are ignored.
class HttpReply {
 public:
  virtual ~HttpReply() = default;
  virtual void send(HttpResponse response) = 0;
  /// Sends status and headers and leaves the body open.
  virtual std::shared_ptr<HttpStream> stream(HttpResponse head) = 0;
  /// Answers 101 and turns the connection into a WebSocket. `request` is the one that this reply
  /// answers. Null where it is no good handshake: it is then answered already (400, or 426 for
  /// another version than 13); null too from a reply that has no connection. A handler refuses
  /// whom it will not have with send(), as any request.
  virtual std::shared_ptr<HttpWebSocket> accept_websocket(const HttpRequest& request);
};

/// Called on a server thread, which serves other connections too: it must not block. A reply that
/// is dropped without an answer becomes a 500, and so does an exception.
using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<HttpReply>)>;

/// TLS of a server (1.2 and 1.3, ALPN http/1.1).
struct HttpTlsOptions {
  std::string certificate;  ///< PEM file: the server's certificate, then its chain
  std::string key;          ///< PEM file, which only its owner may read
  /// Strict-Transport-Security: max-age of every answer; 0: no such header (RFC 6797).
  std::chrono::seconds hsts{365 * 24 * 3600};
  /// How often the files are looked at. New connections get what is new there; running ones go on.
  std::chrono::milliseconds reload_interval{3000};
  /// On a server thread, after each reading of changed files; on an error the former ones stay in
  /// use.
  std::function<void(const Result<void>&)> on_reload;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one, see port()
  std::optional<HttpTlsOptions> tls;
  int threads = 1;
  std::chrono::seconds header_timeout{5};
  std::chrono::seconds body_timeout{10};     ///< for each further MiB the same again
  std::chrono::seconds handler_timeout{15};  ///< then 503
  std::chrono::seconds idle_timeout{60};
  /// A WebSocket whose client was silent for so long is pinged, and cut when it stays so again.
  std::chrono::milliseconds websocket_ping_interval{30'000};
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 8 * 1024 * 1024;  ///< then 413; `body_limit` may lower it per path
  std::function<std::size_t(std::string_view method, std::string_view path)> body_limit;
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_address = 1024;           ///< then 429
  std::size_t max_queued_bytes = 1024 * 1024;               ///< per stream or WebSocket
  std::size_t max_buffered_body_bytes = 256 * 1024 * 1024;  ///< of all connections; then 503
  /// Text of more bytes is sent with gzip to clients that accept it; 0: never. Streams never are.
  std::size_t gzip_above_bytes = 0;
};

/// An HTTP/1.1 server on threads of its own. Keep-alive and pipelining; every limit of the options
/// is answered with its own status (408, 413, 414/431, 429, 503), never with silence. With TLS what
/// is not a handshake, or not finished within `header_timeout`, is closed without an answer.
class HttpServer {
 public:
  /// Binds at once: NetError::address_in_use names the port, bad_certificate the file.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler);
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  /// Takes no new connections, lets running requests end for at most `grace`, then closes
  /// everything.
  /// Not to be called on a server thread. Streams end at once.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  virtual std::size_t open_connections() const = 0;
};

/// Reads a request target (RFC 9112 §3.2: origin form, absolute form or "*") into path, segments
/// and query. In the query
/// "+" is a space. NetError::malformed on a bad escape, an encoded NUL, control characters or
/// anything else.
Result<void> parse_target(std::string_view target, HttpRequest& request);

/// The standard reason phrase of a status, "Unknown" for others.
std::string_view reason_phrase(int status);

}  // namespace powershare::net
