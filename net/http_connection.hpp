// One connection of the HTTP server. Only the files net/http_* know Boost: Asio moves the bytes,
// Beast's parser reads the requests. Each thread has an
// io_context of its own and each connection belongs to one of them, so nothing of a connection
// needs a lock. Not for other rooms.
#pragma once

#include <utility>  // before asio: Boost 1.81 uses std::exchange without it
// clang-format off
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
// clang-format on

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "net/http_byte_stream.hpp"
#include "net/http_head.hpp"
#include "net/websocket_frame.hpp"

namespace powershare::net::server {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;

/// What a read asks for while nothing bigger is expected.
inline constexpr std::size_t read_chunk_bytes = 4 * 1024;

class Connection;

// One thread with its connections. Replies and streams keep it alive: posting to it is always safe.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::set<std::shared_ptr<Connection>> connections;  ///< touched on this thread only
  std::thread thread;
};

// What all connections of a server share.
struct Shared {
  HttpServerOptions options;
  HttpHandler handler;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> buffered_body_bytes{0};

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::size_t> per_address;
  std::size_t connections = 0;
  std::size_t refusals = 0;

  int admit(const std::string& address);
  void release(const std::string& address, bool admitted);
};

// The queue between the writer of a stream or WebSocket, on any thread, and its connection.
struct StreamQueue {
  std::mutex mutex;
  std::string pending;
  std::size_t being_written = 0;
  bool finished = false;   ///< by the writer
  bool abandoned = false;  ///< client gone or too slow
  bool announced = false;  ///< the connection knows that there is something
  std::uint16_t close_code = websocket::normal_end;  ///< with finished, of a WebSocket
};

// Where a connection that has become a WebSocket stands.
struct WebSocketState {
  websocket::Reader reader;
  std::vector<websocket::Control> controls;  ///< read and not yet looked at
  std::optional<std::string> pong;           ///< owed for the newest ping
  bool ping_due = false;
  bool ping_unanswered = false;
  bool closing = false;  ///< the deadline for that runs
  bool close_sent = false;
  bool close_received = false;  ///< or the client broke a rule: no more is expected of it
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, std::shared_ptr<Loop> loop,
             std::shared_ptr<ByteStream> bytes, std::string address, bool admitted)
      : shared_(std::move(shared)),
        loop_(loop),
        bytes_(std::move(bytes)),
        timer_(loop->context),
        address_(std::move(address)),
        admitted_(admitted) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `refusal`: the status that every request is to be answered with, 0 to serve.
  void start(int refusal);
  void drain();
  void close();

  // From replies and streams, on the connection's thread. `number` names the request that is
  // answered.
  void respond(std::uint64_t number, HttpResponse response);
  void begin_stream(std::uint64_t number, const HttpResponse& head,
                    std::shared_ptr<StreamQueue> queue);
  void begin_websocket(std::uint64_t number, const std::string& key,
                       std::shared_ptr<StreamQueue> queue);
  void flush_stream();
  void flush_websocket();

 private:
  enum class State : std::uint8_t {
    handshake,
    idle,
    header,
    body,
    handling,
    writing,
    streaming,
    websocket,
    lingering,
    closed
  };

  void set_deadline(Clock::duration after);
  void clear_deadline() { deadline_ = Clock::time_point::max(); }
  void arm_timer();
  void on_timeout();

  void read_more(std::size_t bytes);
  void on_read(const error_code& error, std::string_view bytes);
  void write(std::string_view head, std::string_view body, void (Connection::*then)());
  void advance();
  bool parse_some();
  void begin_request();
  bool accept_header();
  bool accept_body();
  int judge_header();
  void send_continue();
  void dispatch();

  void fail(int status);
  void fail_parsing(const error_code& error);
  void write_response(HttpResponse response, bool close_after);
  void on_written();
  void linger();
  void release_body();
  void on_stream_written();
  void end_stream();
  void on_websocket_input(std::string_view bytes);
  void on_websocket_silence();
  void on_websocket_written();
  void end_websocket(std::uint16_t code);
  std::chrono::seconds hsts() const;

  const HttpServerOptions& options() const { return shared_->options; }

  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Loop> loop_;  // weak: the loop's queue owns us
  std::shared_ptr<ByteStream> bytes_;
  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point armed_for_ = Clock::time_point::max();
  std::string address_;
  bool admitted_;

  State state_ = State::idle;
  bool reading_ = false;
  std::string input_;  ///< received and not yet parsed
  std::optional<Parser> parser_;
  std::size_t header_bytes_ = 0;  ///< of this request's header, parsed so far
  HttpRequest request_;
  std::uint64_t number_ = 0;
  Clock::time_point body_start_;
  std::size_t body_bytes_ = 0;  ///< of this request, counted in shared_
  bool head_only_ = false;
  bool http_1_0_ = false;
  bool keep_alive_ = false;

  std::string output_head_;
  std::string output_body_;
  bool close_after_ = false;
  bool unread_input_ = false;  ///< the request was refused before all of it was read
  std::size_t lingered_bytes_ = 0;
  std::shared_ptr<StreamQueue> stream_;
  bool stream_writing_ = false;
  std::unique_ptr<WebSocketState> websocket_;
};

/// What answers request `number` of the connection, from any thread.
std::shared_ptr<HttpReply> make_reply(std::shared_ptr<Loop> loop,
                                      std::weak_ptr<Connection> connection, std::uint64_t number,
                                      const HttpServerOptions& options, bool accepts_gzip);

/// The handler's end of a WebSocket.
std::shared_ptr<HttpWebSocket> make_websocket(std::shared_ptr<Loop> loop,
                                              std::weak_ptr<Connection> connection,
                                              std::shared_ptr<StreamQueue> queue,
                                              std::size_t max_queued_bytes);

/// A JSON body that names the status; with Retry-After where the status asks for it.
HttpResponse plain_response(int status);

}  // namespace powershare::net::server
