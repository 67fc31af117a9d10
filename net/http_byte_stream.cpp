#include "net/http_byte_stream.hpp"
// clang-format off
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
// clang-format on

#include <algorithm>
#include <array>

namespace powershare::net::server {
namespace {

constexpr std::size_t handshake_read_bytes = 4 * 1024;
constexpr std::size_t record_bytes = 16 * 1024;
/// So much is encrypted ahead of the socket. What reading adds to it (answers to KeyUpdate, alerts)
/// may not grow past twice that.
constexpr std::size_t max_output_bytes = 64 * 1024;

}  // namespace

void ByteStream::handshake(Done done) {
  handshake_done_ = std::move(done);
  wanted_ = handshake_read_bytes;
  receive();
}

void ByteStream::read(std::size_t bytes, Received received) {
  received_ = std::move(received);
  wanted_ = bytes;
  if (tls_ && !drained_) {
    // By way of the loop, so that reading never nests.
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->pull(); });
  } else {
    receive();
  }
}

void ByteStream::receive() {
  if (chunk_.capacity() > 2 * wanted_) chunk_ = {};
  chunk_.resize(wanted_);
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            if (self->closed_) return;
                            const auto bytes = std::string_view(self->chunk_).substr(0, count);
                            if (error || !self->tls_) {
                              if (const auto done = std::exchange(self->handshake_done_, {}))
                                return done(error);
                              return self->deliver(error, bytes);
                            }
                            self->tls_->feed(bytes);
                            self->pull();
                          });
}

void ByteStream::deliver(const error_code& error, std::string_view bytes) {
  if (const auto received = std::exchange(received_, {})) received(error, bytes);
}

// Decrypts what is there and hands it on, or asks for more.
void ByteStream::pull() {
  if (closed_) return;
  if (handshake_done_) {
    const auto outcome = tls_->handshake();
    pump();
    if (outcome == TlsOutcome::wants_input) return receive();
    const auto done = std::exchange(handshake_done_, {});
    return done(outcome == TlsOutcome::done ? error_code()
                                            : error_code(asio::error::connection_aborted));
  }
  if (plain_.capacity() > 2 * wanted_) plain_ = {};
  plain_.clear();
  auto outcome = tls_->read(plain_, wanted_);
  pump();
  if (tls_->output_bytes() > 2 * max_output_bytes) outcome = TlsOutcome::failed;
  drained_ = outcome == TlsOutcome::wants_input;
  if (!plain_.empty()) return deliver({}, plain_);
  if (drained_) return receive();
  deliver(outcome == TlsOutcome::ended ? error_code(asio::error::eof)
                                       : error_code(asio::error::connection_aborted),
          {});
}

void ByteStream::write(std::string_view head, std::string_view body, Done done) {
  if (!tls_) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    asio::async_write(socket_, buffers,
                      [self = shared_from_this(), done = std::move(done)](
                          const error_code& error, std::size_t) { done(error); });
    return;
  }
  head_ = head;
  body_ = body;
  written_ = std::move(done);
  pump();
}

// Encrypts a little ahead of the socket and sends; runs again when that is sent.
void ByteStream::pump() {
  if (sending_ || closed_) return;
  std::string record;
  while ((!head_.empty() || !body_.empty()) && tls_->output_bytes() < max_output_bytes) {
    record.clear();
    for (auto* part : {&head_, &body_}) {
      const auto piece = part->substr(0, record_bytes - record.size());
      record.append(piece);
      part->remove_prefix(piece.size());
    }
    if (tls_->write(record)) continue;
    head_ = body_ = {};
    if (const auto written = std::exchange(written_, {}))
      asio::post(socket_.get_executor(), [written] { written(asio::error::connection_aborted); });
  }
  outgoing_ = tls_->take_output();
  if (outgoing_.empty()) {
    if (const auto written = std::exchange(written_, {})) written({});
    return;
  }
  sending_ = true;
  asio::async_write(socket_, asio::buffer(outgoing_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->sending_ = false;
                      self->outgoing_ = {};
                      if (self->closed_) return;
                      if (!error) return self->pump();
                      if (const auto written = std::exchange(self->written_, {})) written(error);
                    });
}

// A few bytes, which the kernel nearly always takes at once; nobody waits for them.
void ByteStream::say_goodbye() {
  if (!tls_ || sending_) return;
  tls_->close_notify();
  const auto text = tls_->take_output();
  error_code ignored;
  socket_.non_blocking(true, ignored);
  if (!text.empty()) socket_.write_some(asio::buffer(text), ignored);
}

void ByteStream::finish_sending() {
  say_goodbye();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void ByteStream::close() {
  if (std::exchange(closed_, true)) return;
  say_goodbye();
  error_code ignored;
  socket_.close(ignored);
  received_ = {};
  handshake_done_ = {};
  written_ = {};
}

}  // namespace powershare::net::server
