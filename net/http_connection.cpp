#include "net/http_connection.hpp"
#include "net/http_compression.hpp"

namespace powershare::net::server {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::size_t body_read_chunk_bytes = 64 * 1024;
constexpr std::size_t max_lingering_bytes = 16 * mebibyte;
constexpr std::chrono::seconds lingering_time{2};

}  // namespace

HttpResponse plain_response(int status) {
  HttpResponse response;
  response.status = status;
  // Both the native error's "code" and the "statusCode" of /api's clients.
  const auto number = std::to_string(status);
  response.body = "{\"error\":{\"code\":\"http_" + number + "\",\"statusCode\":" + number +
                  ",\"message\":\"" + std::string(reason_phrase(status)) + "\"}}";
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

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
    case State::websocket:
      return on_websocket_silence();
    default:
      return close();
  }
}

void Connection::start(int refusal) {
  if (shared_->draining) return close();
  const auto begin = [refusal](Connection& connection) {
    connection.state_ = State::idle;
    refusal == 0 ? connection.advance() : connection.fail(refusal);
  };
  if (!bytes_->secure()) return begin(*this);
  state_ = State::handshake;
  set_deadline(options().header_timeout);
  bytes_->handshake([self = shared_from_this(), begin](const error_code& error) {
    if (self->state_ == State::closed) return;
    error ? self->close() : begin(*self);
  });
}

void Connection::read_more(std::size_t bytes) {
  if (reading_) return;
  reading_ = true;
  bytes_->read(bytes,
               [self = shared_from_this()](const error_code& error, std::string_view received) {
                 self->on_read(error, received);
               });
}

void Connection::write(std::string_view head, std::string_view body, void (Connection::*then)()) {
  bytes_->write(head, body, [self = shared_from_this(), then](const error_code& error) {
    if (self->state_ == State::closed) return;
    error ? self->close() : ((*self).*then)();
  });
}

void Connection::on_read(const error_code& error, std::string_view bytes) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (error) {
    // A client that stops sending in the middle of a request hears nothing; one that waits for its
    // answer gets it.
    if (state_ != State::writing) close();
    return;
  }
  if (state_ == State::lingering) {
    lingered_bytes_ += bytes.size();
    if (lingered_bytes_ > max_lingering_bytes) return close();
    return read_more(body_read_chunk_bytes);
  }
  if (state_ == State::websocket) return on_websocket_input(bytes);
  input_.append(bytes);
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
  header_bytes_ = 0;
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
  // Beast's own limit holds for what lies before it at once, not for the sum.
  if (state_ == State::header) {
    header_bytes_ += used;
    const bool done = !error && parser_->is_header_done();
    if (header_bytes_ + (done ? 0 : input_.size()) > options().max_header_bytes)
      error = http::error::header_limit;
  }
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
  const auto host = message[http::field::host];
  if (!is_host({host.data(), host.size()})) return 400;
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
  if (http_1_0_) request_.headers.erase("upgrade");  // RFC 9110 §7.8
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
  write("HTTP/1.1 100 Continue\r\n\r\n", {}, &Connection::advance);
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
  const auto reply = make_reply(loop_.lock(), weak_from_this(), ++number_, options(),
                                accepts_gzip(request_.header("accept-encoding").value_or("")));
  try {
    shared_->handler(std::move(request_), reply);
  } catch (...) {
    reply->send(plain_response(500));
  }
}

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

void Connection::respond(std::uint64_t number, HttpResponse response) {
  if (state_ != State::handling || number != number_) return;
  write_response(std::move(response), !keep_alive_);
}

void Connection::write_response(HttpResponse response, bool close_after) {
  state_ = State::writing;
  close_after_ = close_after || shared_->draining;
  release_body();
  output_head_ = response_head(response, {.framing = BodyFraming::length,
                                          .http_1_0 = http_1_0_,
                                          .close = close_after_,
                                          .hsts = hsts()});
  output_body_ =
      head_only_ || has_no_body(response.status) ? std::string() : std::move(response.body);
  const auto megabytes = static_cast<std::int64_t>(output_body_.size() / mebibyte);
  set_deadline(options().body_timeout * (1 + megabytes));
  write(output_head_, output_body_, &Connection::on_written);
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
  bytes_->finish_sending();
  input_ = {};
  parser_.reset();
  set_deadline(lingering_time);
  read_more(body_read_chunk_bytes);
}

std::chrono::seconds Connection::hsts() const {
  return bytes_->secure() ? options().tls->hsts : std::chrono::seconds(0);
}

void Connection::release_body() {
  shared_->buffered_body_bytes -= std::exchange(body_bytes_, 0);
}

void Connection::drain() {
  if (state_ == State::handshake || state_ == State::idle || state_ == State::lingering)
    return close();
  if (state_ == State::websocket) return end_websocket(websocket::going_away);
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
  bytes_->close();
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

}  // namespace powershare::net::server
