// TLS over memory (OpenSSL 3): encrypted bytes in, plain bytes out, and back. The HTTP server and
// client move the bytes. Not for other rooms.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace powershare::net {

/// What sessions are made from: certificate and key of a server, or whom a client trusts. TLS 1.2
/// and 1.3 with ECDHE and AEAD ciphers, no compression, no renegotiation.
class TlsContext {
 public:
  /// NetError::bad_certificate for a file that is missing, no PEM, or not a pair with the other,
  /// and for a key file that others than its owner may read.
  static Result<std::shared_ptr<const TlsContext>> server(const std::string& certificate,
                                                          const std::string& key);
  /// `authorities`: PEM file of the certificates that a server's certificate must lead to.
  static Result<std::shared_ptr<const TlsContext>> client(const std::string& authorities);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

enum class TlsOutcome {
  done,
  wants_input,
  ended,   ///< the other side said so (close_notify)
  failed,  ///< and stays so; an alert may stand in the output
};

/// One end of one connection. What it wants to send gathers in its output.
class TlsSession {
 public:
  /// A server's end.
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  /// A client's end: the server must show a certificate for `host`, a name or an IP address.
  TlsSession(std::shared_ptr<const TlsContext> context, const std::string& host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  TlsOutcome handshake();
  bool established() const { return established_; }
  /// Appends up to `max_bytes` to `plain`. Output may arise from reading, too.
  TlsOutcome read(std::string& plain, std::size_t max_bytes);
  /// Encrypts all of it; false when the session is over.
  bool write(std::string_view plain);
  /// Tells the other side that nothing more follows.
  void close_notify();

  /// Why it failed, in OpenSSL's words; for a client first of all what is wrong with the server's
  /// certificate.
  const std::string& failure() const { return failure_; }

  void feed(std::string_view encrypted);
  std::size_t output_bytes() const;
  std::string take_output();

 private:
  struct Buffers;
  TlsOutcome outcome_of(int result);

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Buffers> buffers_;
  ssl_st* session_ = nullptr;
  bool established_ = false;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace powershare::net
