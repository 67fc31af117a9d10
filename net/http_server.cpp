// The only file that knows Boost. Asio moves the bytes, Beast's parser reads the requests. Each
// thread has an io_context of its own and each connection belongs to one of them, so nothing of a
// connection needs a lock.
#include <utility>  // before asio: Boost 1.81 uses std::exchange without it
// clang-format off
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
// clang-format on

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "net/http_head.hpp"
#include "net/thread.hpp"

namespace powershare::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::size_t read_chunk_bytes = 4 * 1024;
constexpr std::size_t body_read_chunk_bytes = 64 * 1024;
constexpr std::size_t max_lingering_bytes = 16 * mebibyte;
constexpr std::size_t max_refusals_at_once = 256;
constexpr std::chrono::seconds lingering_time{2};
constexpr std::chrono::milliseconds accept_back_off{100};

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

// 0 = come in, 429 or 503 = refuse with that status, -1 = no room even for refusing.
int Shared::admit(const std::string& address) {
  const std::lock_guard lock(mutex);
  int status = 0;
  if (connections >= options.max_connections) {
    status = 503;
  } else if (const auto found = per_address.find(address);
             found != per_address.end() && found->second >= options.max_connections_per_address) {
    status = 429;
  }
  if (status == 0) {
    ++connections;
    ++per_address[address];
    return 0;
  }
  if (refusals >= max_refusals_at_once) return -1;
  ++refusals;
  return status;
}

void Shared::release(const std::string& address, bool admitted) {
  const std::lock_guard lock(mutex);
  if (admitted) {
    --connections;
    const auto found = per_address.find(address);
    if (--found->second == 0) per_address.erase(found);
  } else {
    --refusals;
  }
  changed.notify_all();
}

// The queue between the writer of a stream, on any thread, and its connection.
struct StreamQueue {
  std::mutex mutex;
  std::string pending;
  std::size_t being_written = 0;
  bool finished = false;   ///< by the writer
  bool abandoned = false;  ///< client gone or too slow
  bool announced = false;  ///< the connection knows that there is something
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, std::shared_ptr<Loop> loop, tcp::socket socket,
             std::string address, bool admitted)
      : shared_(std::move(shared)),
        loop_(loop),
        socket_(std::move(socket)),
        timer_(loop->context),
        address_(std::move(address)),
        admitted_(admitted) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void refuse(int status);
  void drain();
  void close();

  // From replies and streams, on the connection's thread. `number` names the request that is
  // answered.
  void respond(std::uint64_t number, HttpResponse response);
  void begin_stream(std::uint64_t number, const HttpResponse& head,
                    std::shared_ptr<StreamQueue> queue);
  void flush_stream();

 private:
  enum class State : std::uint8_t {
    idle,
    header,
    body,
    handling,
    writing,
    streaming,
    lingering,
    closed
  };

  void set_deadline(Clock::duration after);
  void clear_deadline() { deadline_ = Clock::time_point::max(); }
  void arm_timer();
  void on_timeout();

  void read_more(std::size_t bytes);
  void on_read(const error_code& error, std::size_t bytes);
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
  void end_stream();

  const HttpServerOptions& options() const { return shared_->options; }

  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Loop> loop_;  // weak: the loop's queue owns us
  tcp::socket socket_;
  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point armed_for_ = Clock::time_point::max();
  std::string address_;
  bool admitted_;

  State state_ = State::idle;
  bool reading_ = false;
  std::string input_;  ///< received and not yet parsed
  std::string chunk_;  ///< where the next read goes
  std::optional<Parser> parser_;
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
};

class Stream final : public HttpStream {
 public:
  Stream(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection,
         std::shared_ptr<StreamQueue> queue, std::size_t max_bytes)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        queue_(std::move(queue)),
        max_bytes_(max_bytes) {}
  ~Stream() override { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool write(std::string chunk) override {
    {
      const std::lock_guard lock(queue_->mutex);
      if (queue_->finished || queue_->abandoned) return false;
      if (queue_->pending.size() + queue_->being_written + chunk.size() > max_bytes_) {
        queue_->abandoned = true;
      } else {
        queue_->pending += chunk;
      }
      if (std::exchange(queue_->announced, true) && !queue_->abandoned) return true;
    }
    announce();
    const std::lock_guard lock(queue_->mutex);
    return !queue_->abandoned;
  }

  std::size_t queued_bytes() const override {
    const std::lock_guard lock(queue_->mutex);
    return queue_->pending.size() + queue_->being_written;
  }

  void close() override {
    {
      const std::lock_guard lock(queue_->mutex);
      if (std::exchange(queue_->finished, true)) return;
    }
    announce();
  }

 private:
  void announce() {
    asio::post(loop_->context, [connection = connection_] {
      if (const auto alive = connection.lock()) alive->flush_stream();
    });
  }

  std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  std::shared_ptr<StreamQueue> queue_;
  std::size_t max_bytes_;
};

HttpResponse plain_response(int status) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"error\":{\"statusCode\":" + std::to_string(status) + ",\"message\":\"" +
                  std::string(reason_phrase(status)) + "\"}}";
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

class Reply final : public HttpReply {
 public:
  Reply(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection, std::uint64_t number,
        std::size_t max_queued_bytes)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        number_(number),
        max_queued_bytes_(max_queued_bytes) {}
  ~Reply() override {
    if (!answered_) send(plain_response(500));
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void send(HttpResponse response) override {
    if (answered_.exchange(true)) return;
    asio::post(loop_->context, [connection = connection_, number = number_,
                                response = std::move(response)]() mutable {
      if (const auto alive = connection.lock()) alive->respond(number, std::move(response));
    });
  }

  std::shared_ptr<HttpStream> stream(HttpResponse head) override {
    auto queue = std::make_shared<StreamQueue>();
    if (answered_.exchange(true)) {
      queue->abandoned = true;
    } else {
      asio::post(loop_->context,
                 [connection = connection_, number = number_, head = std::move(head), queue] {
                   if (const auto alive = connection.lock()) {
                     alive->begin_stream(number, head, queue);
                   } else {
                     const std::lock_guard lock(queue->mutex);
                     queue->abandoned = true;
                   }
                 });
    }
    return std::make_shared<Stream>(loop_, connection_, std::move(queue), max_queued_bytes_);
  }

 private:
  std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t number_;
  std::size_t max_queued_bytes_;
  std::atomic<bool> answered_{false};
};

// --- time
// ------------------------------------------------------------------------------------------------------------

// The timer is moved only when the deadline comes nearer; a later one is noticed when it fires.
void Connection::set_deadline(Clock::duration after) {
  deadline_ = Clock::now() + after;
  if (deadline_ < armed_for_) arm_timer();
}

void Connection::arm_timer() {
  armed_for_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->state_ == State::closed) return;
    self->armed_for_ = Clock::time_point::max();
    if (Clock::now() >= self->deadline_) {
      self->on_timeout();
    } else if (self->deadline_ != Clock::time_point::max()) {
      self->arm_timer();
    }
  });
}

void Connection::on_timeout() {
  switch (state_) {
    case State::header:
    case State::body:
      return fail(408);
    case State::handling:
      ++number_;  // the answer that comes later belongs to nobody
      return write_response(plain_response(503), !keep_alive_);
    default:
      return close();
  }
}

// --- reading
// ---------------------------------------------------------------------------------------------------------

void Connection::start() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  if (shared_->draining) return close();
  advance();
}

void Connection::read_more(std::size_t bytes) {
  if (reading_) return;
  reading_ = true;
  if (chunk_.capacity() > 2 * bytes) chunk_ = {};
  chunk_.resize(bytes);
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->on_read(error, count);
                          });
}

void Connection::on_read(const error_code& error, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (error) {
    // A client that stops sending in the middle of a request hears nothing; one that waits for its
    // answer gets it.
    if (state_ != State::writing) close();
    return;
  }
  if (state_ == State::lingering) {
    lingered_bytes_ += bytes;
    if (lingered_bytes_ > max_lingering_bytes) return close();
    return read_more(body_read_chunk_bytes);
  }
  input_.append(chunk_, 0, bytes);
  if (state_ == State::streaming) {
    // Watched only to notice that the client goes; a little pipelining is kept for later.
    if (input_.size() > options().max_header_bytes) return close();
    return read_more(read_chunk_bytes);
  }
  if (state_ == State::idle || state_ == State::header || state_ == State::body) advance();
}

// Goes on with what was received, until more is needed or a request is with the handler.
void Connection::advance() {
  while (state_ == State::idle || state_ == State::header || state_ == State::body) {
    if (input_.empty()) {
      if (state_ == State::idle) {
        if (shared_->draining) return close();
        input_.shrink_to_fit();
        set_deadline(options().idle_timeout);
      }
      return read_more(state_ == State::body ? body_read_chunk_bytes : read_chunk_bytes);
    }
    if (state_ == State::idle) begin_request();
    if (!parse_some()) return;
  }
}

void Connection::begin_request() {
  state_ = State::header;
  set_deadline(options().header_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options().max_header_bytes));
  parser_->body_limit(boost::none);  // judged by accept_header()
  request_ = {};
  unread_input_ = false;
  head_only_ = false;
  http_1_0_ = false;
}

// False when advance() has to stop: answered, dispatched, or waiting for more.
bool Connection::parse_some() {
  error_code error;
  const auto used = parser_->put(asio::buffer(input_), error);
  input_.erase(0, used);
  if (error == http::error::need_more) {
    // Beast bounds neither the line of a chunk's size nor the trailers.
    if (input_.size() > options().max_header_bytes + body_read_chunk_bytes) {
      fail(431);
      return false;
    }
    if (state_ == State::body && !accept_body()) return false;
    read_more(state_ == State::body ? body_read_chunk_bytes : read_chunk_bytes);
    return false;
  }
  if (error) {
    fail_parsing(error);
    return false;
  }
  if (state_ == State::header && parser_->is_header_done() && !accept_header()) return false;
  if (state_ == State::body) {
    if (!accept_body()) return false;
    if (parser_->is_done()) {
      dispatch();
      return false;
    }
  }
  return true;
}

// The status that the header is refused with, 0 when it is good.
int Connection::judge_header() {
  const auto& message = parser_->get();
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) return 400;
  if (!parse_target({message.target().data(), message.target().size()}, request_)) return 400;
  if (message.find(http::field::transfer_encoding) != message.end()) {
    if (http_1_0_) return 400;
    if (!boost::beast::iequals(message[http::field::transfer_encoding], "chunked")) return 501;
  }
  auto limit = options().max_body_bytes;
  if (options().body_limit)
    limit = std::min(limit, options().body_limit(request_.method, request_.path));
  const auto length = parser_->content_length();
  if (length && *length > limit) return 413;
  parser_->body_limit(limit);
  const auto expect = message[http::field::expect];
  if (!expect.empty() && !boost::beast::iequals(expect, "100-continue")) return 417;
  return 0;
}

bool Connection::accept_header() {
  const auto& message = parser_->get();
  http_1_0_ = message.version() == 10;
  head_only_ = message.method() == http::verb::head;
  keep_alive_ = message.keep_alive();
  request_.method = std::string(message.method_string());
  request_.remote_address = address_;
  if (const int status = judge_header(); status != 0) {
    fail(status);
    return false;
  }
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (auto& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    auto& value = request_.headers[std::move(name)];
    if (!value.empty()) value += ", ";
    value += std::string_view(field.value().data(), field.value().size());
  }
  state_ = State::body;
  body_start_ = Clock::now();
  set_deadline(options().body_timeout);
  const bool wants_continue = !http_1_0_ && !message[http::field::expect].empty();
  parser_->eager(true);
  if (wants_continue && !parser_->is_done() && input_.empty()) {
    send_continue();
    return false;
  }
  return true;
}

void Connection::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(text),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->advance();
                    });
}

// Counts what the body holds by now and moves the deadline with every MiB.
bool Connection::accept_body() {
  const auto size = parser_->get().body().size();
  const auto more = size - body_bytes_;
  body_bytes_ = size;
  if (shared_->buffered_body_bytes.fetch_add(more) + more > options().max_buffered_body_bytes) {
    fail(503);
    return false;
  }
  const auto allowed = options().body_timeout * static_cast<std::int64_t>(1 + size / mebibyte);
  set_deadline(body_start_ + allowed - Clock::now());
  return true;
}

void Connection::dispatch() {
  state_ = State::handling;
  set_deadline(options().handler_timeout);
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  const auto reply = std::make_shared<Reply>(loop_.lock(), weak_from_this(), ++number_,
                                             options().max_queued_bytes);
  try {
    shared_->handler(std::move(request_), reply);
  } catch (...) {
    reply->send(plain_response(500));
  }
}

// --- answering
// -------------------------------------------------------------------------------------------------------

void Connection::fail_parsing(const error_code& error) {
  if (error == http::error::header_limit) {
    const bool in_request_line =
        parser_->get().target().empty() && input_.find("\r\n") >= options().max_header_bytes;
    return fail(in_request_line ? 414 : 431);
  }
  if (error == http::error::body_limit) return fail(413);
  if (error == http::error::bad_version) return fail(505);
  fail(400);
}

// Refuses the request that is being read. What follows it on the connection cannot be trusted to be
// a request.
void Connection::fail(int status) {
  unread_input_ = true;
  write_response(plain_response(status), true);
}

void Connection::refuse(int status) {
  if (shared_->draining) return close();
  fail(status);
}

void Connection::respond(std::uint64_t number, HttpResponse response) {
  if (state_ != State::handling || number != number_) return;
  write_response(std::move(response), !keep_alive_);
}

void Connection::write_response(HttpResponse response, bool close_after) {
  state_ = State::writing;
  close_after_ = close_after || shared_->draining;
  release_body();
  output_head_ = response_head(
      response, {.framing = BodyFraming::length, .http_1_0 = http_1_0_, .close = close_after_});
  output_body_ =
      head_only_ || has_no_body(response.status) ? std::string() : std::move(response.body);
  const auto megabytes = static_cast<std::int64_t>(output_body_.size() / mebibyte);
  set_deadline(options().body_timeout * (1 + megabytes));
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(output_head_),
                                                  asio::buffer(output_body_)};
  asio::async_write(socket_, buffers,
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->on_written();
                    });
}

void Connection::on_written() {
  output_head_.clear();
  output_body_ = {};
  if (close_after_) {
    if (unread_input_ || !input_.empty()) return linger();
    return close();
  }
  state_ = State::idle;
  advance();
}

// Closing with unread input would reset the connection and take the answer back from a client that
// is still sending.
void Connection::linger() {
  state_ = State::lingering;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  input_ = {};
  parser_.reset();
  set_deadline(lingering_time);
  read_more(body_read_chunk_bytes);
}

void Connection::release_body() {
  shared_->buffered_body_bytes -= std::exchange(body_bytes_, 0);
}

void Connection::drain() {
  if (state_ == State::idle || state_ == State::lingering) return close();
  if (state_ == State::streaming) {
    {
      const std::lock_guard lock(stream_->mutex);
      stream_->finished = true;
    }
    flush_stream();
  }
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  release_body();
  if (stream_) {
    const std::lock_guard lock(stream_->mutex);
    stream_->abandoned = true;
    stream_->pending = {};
  }
  shared_->release(address_, admitted_);
  const auto self = shared_from_this();
  if (const auto loop = loop_.lock()) loop->connections.erase(self);
}

// --- streams
// ---------------------------------------------------------------------------------------------------------

void Connection::begin_stream(std::uint64_t number, const HttpResponse& head,
                              std::shared_ptr<StreamQueue> queue) {
  if (state_ != State::handling || number != number_ || head_only_ || has_no_body(head.status)) {
    {
      const std::lock_guard lock(queue->mutex);
      queue->abandoned = true;
    }
    // For HEAD the header is all there is.
    if (state_ == State::handling && number == number_)
      write_response({.status = head.status,
                      .content_type = head.content_type,
                      .body = {},
                      .headers = head.headers},
                     true);
    return;
  }
  release_body();
  state_ = State::streaming;
  stream_ = std::move(queue);
  close_after_ = http_1_0_ || !keep_alive_ || shared_->draining;
  output_head_ =
      response_head(head, {.framing = http_1_0_ ? BodyFraming::close : BodyFraming::chunked,
                           .http_1_0 = http_1_0_,
                           .close = close_after_});
  {
    const std::lock_guard lock(stream_->mutex);
    stream_->pending.insert(0, head.body);
    if (shared_->draining) stream_->finished = true;
  }
  read_more(read_chunk_bytes);
  flush_stream();
}

// Writes all that is queued as one chunk; runs again when that is written.
void Connection::flush_stream() {
  if (state_ != State::streaming) return;
  bool finished = false, abandoned = false;
  {
    const std::lock_guard lock(stream_->mutex);
    abandoned = stream_->abandoned;
    if (!abandoned && !stream_writing_) {
      stream_->announced = false;
      finished = stream_->finished;
      output_body_ = std::exchange(stream_->pending, {});
      stream_->being_written = output_body_.size();
    }
  }
  if (abandoned) return close();  // without the last chunk, so that the client can tell
  if (stream_writing_) return;
  if (output_body_.empty() && output_head_.empty())
    return finished ? end_stream() : clear_deadline();
  std::string& text = output_head_;
  if (!output_body_.empty()) {
    if (!http_1_0_) {
      char size[20];
      std::snprintf(size, sizeof size, "%zx\r\n", output_body_.size());
      text += size;
    }
    text += output_body_;
    if (!http_1_0_) text += "\r\n";
    output_body_ = {};
  }
  stream_writing_ = true;
  set_deadline(options().idle_timeout);
  asio::async_write(socket_, asio::buffer(text),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->stream_writing_ = false;
                      self->output_head_.clear();
                      {
                        const std::lock_guard lock(self->stream_->mutex);
                        self->stream_->being_written = 0;
                      }
                      self->flush_stream();
                    });
}

void Connection::end_stream() {
  stream_.reset();
  state_ = State::writing;
  output_head_ = http_1_0_ ? "" : "0\r\n\r\n";
  close_after_ = close_after_ || shared_->draining;
  set_deadline(options().body_timeout);
  asio::async_write(socket_, asio::buffer(output_head_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->on_written();
                    });
}

// --- the server
// ------------------------------------------------------------------------------------------------------

std::string address_text(const tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

class Server final : public HttpServer {
 public:
  Server(HttpServerOptions options, HttpHandler handler) : shared_(std::make_shared<Shared>()) {
    shared_->options = std::move(options);
    shared_->handler = std::move(handler);
    for (int i = 0; i < std::max(1, shared_->options.threads); ++i)
      loops_.push_back(std::make_shared<Loop>());
    acceptor_.emplace(loops_.front()->context);
    back_off_.emplace(loops_.front()->context);
  }
  ~Server() override { stop(std::chrono::milliseconds(0)); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> bind();
  void run();
  std::uint16_t port() const override { return port_; }
  void stop(std::chrono::milliseconds grace) override;
  std::size_t open_connections() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->connections;
  }

 private:
  void accept();
  void admit(const std::shared_ptr<Loop>& loop, tcp::socket socket);
  template <class Action>
  void for_each_connection(Action action);

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> back_off_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
};

Result<void> Server::bind() {
  const auto& options = shared_->options;
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Error{NetError::bad_address, "not an IP address: " + options.address};
  const tcp::endpoint endpoint(address, options.port);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  const auto place = options.address + " port " + std::to_string(options.port);
  if (error == asio::error::address_in_use)
    return Error{NetError::address_in_use, place + " is in use"};
  if (error) return Error{NetError::bad_address, place + ": " + error.message()};
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void Server::run() {
  accept();
  for (auto& loop : loops_)
    loop->thread = start_thread([&context = loop->context] { context.run(); });
}

void Server::accept() {
  auto loop = loops_[next_loop_++ % loops_.size()];
  auto& context = loop->context;
  acceptor_->async_accept(
      context, [this, loop = std::move(loop)](const error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || shared_->draining) return;
        if (!error) admit(loop, std::move(socket));
        const bool exhausted = error == asio::error::no_descriptors ||
                               error == asio::error::no_buffer_space ||
                               error == asio::error::no_memory ||
                               error == boost::system::errc::too_many_files_open_in_system;
        if (!exhausted) return accept();
        back_off_->expires_after(accept_back_off);
        back_off_->async_wait([this](const error_code& cancelled) {
          if (!cancelled && !shared_->draining) accept();
        });
      });
}

void Server::admit(const std::shared_ptr<Loop>& loop, tcp::socket socket) {
  const auto address = address_text(socket);
  const int status = shared_->admit(address);
  if (status < 0) return;  // closes it
  auto connection =
      std::make_shared<Connection>(shared_, loop, std::move(socket), address, status == 0);
  asio::post(loop->context, [loop_pointer = loop.get(), connection, status] {
    loop_pointer->connections.insert(connection);
    if (status == 0) {
      connection->start();
    } else {
      connection->refuse(status);
    }
  });
}

template <class Action>
void Server::for_each_connection(Action action) {
  for (auto& loop : loops_)
    asio::post(loop->context, [pointer = loop.get(), action] {
      const auto connections = pointer->connections;  // the action may take one out
      for (const auto& connection : connections) action(*connection);
    });
}

void Server::stop(std::chrono::milliseconds grace) {
  const std::lock_guard only_once(stop_mutex_);
  if (!loops_.front()->thread.joinable()) return;
  shared_->draining = true;
  asio::post(loops_.front()->context, [this] {
    error_code ignored;
    acceptor_->close(ignored);
    back_off_->cancel();
  });
  for_each_connection([](Connection& connection) { connection.drain(); });
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(
        lock, grace, [this] { return shared_->connections == 0 && shared_->refusals == 0; });
  }
  for_each_connection([](Connection& connection) { connection.close(); });
  for (auto& loop : loops_) {
    loop->work.reset();
    loop->thread.join();
  }
  acceptor_.reset();
  back_off_.reset();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options,
                                                      HttpHandler handler) {
  auto server = std::make_unique<Server>(std::move(options), std::move(handler));
  if (auto bound = server->bind(); !bound) return bound.error();
  server->run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace powershare::net
