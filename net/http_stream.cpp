// Replies and streams: the ends that other threads hold of a connection. WebSockets are in
// http_websocket.cpp.
#include "net/http_compression.hpp"
#include "net/http_connection.hpp"

namespace powershare::net::server {
namespace {

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

class Reply final : public HttpReply {
 public:
  Reply(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection, std::uint64_t number,
        const HttpServerOptions& options, bool accepts_gzip)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        number_(number),
        max_queued_bytes_(options.max_queued_bytes),
        gzip_above_bytes_(options.gzip_above_bytes),
        accepts_gzip_(accepts_gzip) {}
  ~Reply() override {
    if (!answered_) send(plain_response(500));
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void send(HttpResponse response) override {
    if (answered_.exchange(true)) return;
    // On the caller's thread, which serves nobody else meanwhile.
    if (gzip_above_bytes_ > 0) compress(response, gzip_above_bytes_, accepts_gzip_);
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

  std::shared_ptr<HttpWebSocket> accept_websocket(const HttpRequest& request) override {
    if (const int refusal = websocket::judge_handshake(request); refusal != 0) {
      auto response = plain_response(refusal);
      if (refusal == 426) response.headers.emplace_back("Sec-WebSocket-Version", "13");
      send(std::move(response));
      return nullptr;
    }
    if (answered_.exchange(true)) return nullptr;
    auto queue = std::make_shared<StreamQueue>();
    asio::post(loop_->context, [connection = connection_, number = number_, queue,
                                key = request.header("sec-websocket-key").value_or("")] {
      const auto alive = connection.lock();
      if (alive) return alive->begin_websocket(number, key, queue);
      const std::lock_guard lock(queue->mutex);
      queue->abandoned = true;
    });
    return make_websocket(loop_, connection_, std::move(queue), max_queued_bytes_);
  }

 private:
  std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t number_;
  std::size_t max_queued_bytes_;
  std::size_t gzip_above_bytes_;
  bool accepts_gzip_;
  std::atomic<bool> answered_{false};
};

}  // namespace

std::shared_ptr<HttpReply> make_reply(std::shared_ptr<Loop> loop,
                                      std::weak_ptr<Connection> connection, std::uint64_t number,
                                      const HttpServerOptions& options, bool accepts_gzip) {
  return std::make_shared<Reply>(std::move(loop), std::move(connection), number, options,
                                 accepts_gzip);
}

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
                           .close = close_after_,
                           .hsts = hsts()});
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
  write(text, {}, &Connection::on_stream_written);
}

void Connection::on_stream_written() {
  stream_writing_ = false;
  output_head_.clear();
  {
    const std::lock_guard lock(stream_->mutex);
    stream_->being_written = 0;
  }
  flush_stream();
}

void Connection::end_stream() {
  stream_.reset();
  state_ = State::writing;
  output_head_ = http_1_0_ ? "" : "0\r\n\r\n";
  close_after_ = close_after_ || shared_->draining;
  set_deadline(options().body_timeout);
  write(output_head_, {}, &Connection::on_written);
}

}  // namespace powershare::net::server
