// The bytes of one connection of the HTTP server: its socket, with TLS where the server has it. All
// of it on the connection's own thread. Not for other rooms.
#pragma once

#include <utility>  // before asio: Boost 1.81 uses std::exchange without it
// clang-format off
#include <boost/asio/ip/tcp.hpp>
// clang-format on

#include <functional>

#include "net/tls_session.hpp"

namespace powershare::net::server {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class ByteStream : public std::enable_shared_from_this<ByteStream> {
 public:
  using Done = std::function<void(const error_code&)>;
  /// The bytes are there until the next call of read().
  using Received = std::function<void(const error_code&, std::string_view)>;

  /// `tls`: null for plain TCP.
  ByteStream(tcp::socket socket, std::unique_ptr<TlsSession> tls)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  bool secure() const { return tls_ != nullptr; }
  /// Before the first read or write, and only where secure().
  void handshake(Done done);
  /// Up to about `bytes`; one read at a time. The end of the stream is asio::error::eof.
  void read(std::size_t bytes, Received received);
  /// Both texts must stay as they are until `done`; one write at a time.
  void write(std::string_view head, std::string_view body, Done done);
  /// Says that nothing more follows, and goes on reading.
  void finish_sending();
  /// At once, with TLS's close_notify where nothing is being sent. What waits may then hear
  /// operation_aborted, or nothing.
  void close();

 private:
  void receive();
  void pull();
  void deliver(const error_code& error, std::string_view bytes);
  void pump();
  void say_goodbye();

  tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  bool closed_ = false;
  std::string chunk_;  ///< where the next read goes
  // The rest only with TLS.
  std::size_t wanted_ = 0;
  Received received_;
  Done handshake_done_;
  std::string plain_;
  bool drained_ = false;  ///< all that was received is decrypted
  std::string_view head_, body_;
  Done written_;
  std::string outgoing_;  ///< encrypted, being sent
  bool sending_ = false;
};

}  // namespace powershare::net::server
