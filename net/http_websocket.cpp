// WebSockets on the HTTP server's connections: the handler's end, and what the connection does.
#include "net/http_connection.hpp"

namespace powershare::net::server {
namespace {

/// For the client's part of closing, and for the rest of a frame that a slow one has begun.
constexpr std::chrono::seconds closing_time{5};
constexpr std::size_t max_controls = 64;  ///< of one read, pings mostly

class WebSocket final : public HttpWebSocket {
 public:
  WebSocket(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection,
            std::shared_ptr<StreamQueue> queue, std::size_t max_bytes)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        queue_(std::move(queue)),
        max_bytes_(max_bytes) {}
  ~WebSocket() override { close(websocket::normal_end); }
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  bool send_text(std::string_view text) override {
    bool taken = true;
    {
      const std::lock_guard lock(queue_->mutex);
      if (queue_->finished || queue_->abandoned) return false;
      // Bounded before the copy: a text that is too long by itself ends it, too.
      if (queue_->pending.size() + queue_->being_written + text.size() > max_bytes_) {
        queue_->pending = {};
        queue_->finished = true;
        queue_->close_code = websocket::try_again_later;
        taken = false;
      } else {
        queue_->pending += websocket::frame(websocket::Opcode::text, text);
      }
      if (std::exchange(queue_->announced, true) && taken) return true;
    }
    announce();
    return taken;
  }

  bool open() const override {
    const std::lock_guard lock(queue_->mutex);
    return !queue_->finished && !queue_->abandoned;
  }

  std::size_t queued_bytes() const override {
    const std::lock_guard lock(queue_->mutex);
    return queue_->pending.size() + queue_->being_written;
  }

  void close(std::uint16_t code) override {
    {
      const std::lock_guard lock(queue_->mutex);
      if (std::exchange(queue_->finished, true)) return;
      queue_->close_code = code;
    }
    announce();
  }

 private:
  void announce() {
    asio::post(loop_->context, [connection = connection_] {
      if (const auto alive = connection.lock()) alive->flush_websocket();
    });
  }

  std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  std::shared_ptr<StreamQueue> queue_;
  std::size_t max_bytes_;
};

}  // namespace

std::shared_ptr<HttpWebSocket> make_websocket(std::shared_ptr<Loop> loop,
                                              std::weak_ptr<Connection> connection,
                                              std::shared_ptr<StreamQueue> queue,
                                              std::size_t max_queued_bytes) {
  return std::make_shared<WebSocket>(std::move(loop), std::move(connection), std::move(queue),
                                     max_queued_bytes);
}

void Connection::begin_websocket(std::uint64_t number, const std::string& key,
                                 std::shared_ptr<StreamQueue> queue) {
  if (state_ != State::handling || number != number_) {
    const std::lock_guard lock(queue->mutex);
    queue->abandoned = true;
    return;
  }
  release_body();
  state_ = State::websocket;
  websocket_ = std::make_unique<WebSocketState>();
  stream_ = std::move(queue);
  output_head_ =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      websocket::accept_key(key) + "\r\n\r\n";
  set_deadline(options().websocket_ping_interval);
  flush_websocket();
  if (shared_->draining) return end_websocket(websocket::going_away);
  // What came behind the request are frames already.
  const auto early = std::exchange(input_, {});
  early.empty() ? read_more(read_chunk_bytes) : on_websocket_input(early);
}

void Connection::on_websocket_input(std::string_view bytes) {
  auto& own = *websocket_;
  own.ping_unanswered = false;
  // While it closes the deadline stands: a client that goes on talking does not move it.
  if (!own.closing) set_deadline(options().websocket_ping_interval);
  if (!own.close_received) {
    auto code = own.reader.read(bytes, own.controls);
    if (own.controls.size() > max_controls) code = websocket::protocol_error;
    for (auto& [opcode, payload] : std::exchange(own.controls, {})) {
      if (opcode == websocket::Opcode::ping) own.pong = std::move(payload);
      if (opcode != websocket::Opcode::close) continue;
      code = websocket::close_code(payload);
      break;
    }
    if (code != 0) {
      own.close_received = true;
      if (own.close_sent && !stream_writing_) return linger();
      return end_websocket(code);
    }
    flush_websocket();
    if (state_ != State::websocket) return;
  }
  read_more(read_chunk_bytes);
}

void Connection::on_websocket_silence() {
  auto& own = *websocket_;
  if (own.closing || own.ping_unanswered) return close();
  own.ping_unanswered = own.ping_due = true;
  set_deadline(options().websocket_ping_interval);
  flush_websocket();
}

// Ends it from this side: what is queued is dropped, the Close frame goes out next.
void Connection::end_websocket(std::uint16_t code) {
  {
    const std::lock_guard lock(stream_->mutex);
    if (!stream_->finished || websocket_->close_received) stream_->close_code = code;
    stream_->finished = true;
    stream_->pending = {};
  }
  flush_websocket();
  if (state_ == State::websocket) read_more(read_chunk_bytes);
}

// Writes all that is queued; runs again when that is written.
void Connection::flush_websocket() {
  if (state_ != State::websocket) return;
  auto& own = *websocket_;
  bool finished = false;
  std::uint16_t code = 0;
  {
    const std::lock_guard lock(stream_->mutex);
    finished = stream_->finished;
    code = stream_->close_code;
    if (!stream_writing_) {
      stream_->announced = false;
      output_body_ = std::exchange(stream_->pending, {});
      stream_->being_written = output_body_.size();
    }
  }
  if (finished && !std::exchange(own.closing, true)) set_deadline(closing_time);
  if (stream_writing_ || own.close_sent) return;
  if (own.pong)
    output_body_ += websocket::frame(websocket::Opcode::pong, *std::exchange(own.pong, {}));
  if (std::exchange(own.ping_due, false))
    output_body_ += websocket::frame(websocket::Opcode::ping, {});
  if (finished) {
    output_body_ += websocket::close_frame(code);
    own.close_sent = true;
  }
  if (output_body_.empty() && output_head_.empty()) return;
  stream_writing_ = true;
  write(output_head_, output_body_, &Connection::on_websocket_written);
}

void Connection::on_websocket_written() {
  stream_writing_ = false;
  output_head_.clear();
  output_body_ = {};
  {
    const std::lock_guard lock(stream_->mutex);
    stream_->being_written = 0;
  }
  if (state_ != State::websocket) return;
  if (websocket_->close_sent && websocket_->close_received) return linger();
  flush_websocket();
}

}  // namespace powershare::net::server
