#include "net/tls_session.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace powershare::net {
namespace {

Error bad_certificate(const std::string& file, const std::string& why) {
  return {NetError::bad_certificate, file + ": " + why};
}

// The oldest of OpenSSL's complaints in words; none is left behind.
std::string complaint() {
  const auto code = ::ERR_peek_error();
  const char* reason = ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason != nullptr ? reason : "not usable";
}

// Nobody sits there to type a passphrase.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  static constexpr unsigned char own[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (::SSL_select_next_proto(&found, chosen_bytes, own, sizeof own - 1, offered, offered_bytes) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_context(const SSL_METHOD* method) {
  SSL_CTX* context = ::SSL_CTX_new(method);
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed by tickets, which cost the server no memory.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  return context;
}

Result<void> check_secret(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return bad_certificate(file, std::strerror(errno));
  if ((status.st_mode & 077) != 0)
    return bad_certificate(file, "may be read by others than its owner; run: chmod 600 " + file);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const std::string& certificate,
                                                             const std::string& key) {
  if (auto secret = check_secret(key); !secret) return secret.error();
  const std::shared_ptr<const TlsContext> made(new TlsContext(make_context(::TLS_server_method())));
  auto* context = made->context_;
  ::ERR_clear_error();
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return bad_certificate(certificate, "no certificates in PEM form (" + complaint() + ")");
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad_certificate(key, "no private key in PEM form that belongs to " + certificate + " (" +
                                    complaint() + ")");
  if (::SSL_CTX_check_private_key(context) != 1)
    return bad_certificate(key, "does not belong to " + certificate);
  static constexpr unsigned char own[] = "powershare";
  ::SSL_CTX_set_session_id_context(context, own, sizeof own - 1);
  ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const std::string& authorities) {
  const std::shared_ptr<const TlsContext> made(new TlsContext(make_context(::TLS_client_method())));
  auto* context = made->context_;
  ::ERR_clear_error();
  if (::SSL_CTX_load_verify_file(context, authorities.c_str()) != 1)
    return bad_certificate(authorities, "no certificates in PEM form (" + complaint() + ")");
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char protocols[] = "\x08http/1.1";
  ::SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
  return made;
}

TlsContext::~TlsContext() {
  ::SSL_CTX_free(context_);
}

// What OpenSSL reads from and writes to instead of a socket.
struct TlsSession::Buffers {
  std::string input;
  std::size_t used = 0;  ///< of the input
  std::string output;

  static Buffers& of(BIO* bio) { return *static_cast<Buffers*>(::BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int bytes) {
    auto& own = of(bio);
    ::BIO_clear_retry_flags(bio);
    const auto count = std::min(own.input.size() - own.used, static_cast<std::size_t>(bytes));
    if (count == 0) {
      ::BIO_set_retry_read(bio);
      return -1;
    }
    std::copy_n(own.input.data() + own.used, count, to);
    own.used += count;
    if (own.used == own.input.size()) {
      own.input.clear();
      own.used = 0;
    }
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* from, int bytes) {
    of(bio).output.append(from, static_cast<std::size_t>(bytes));
    return bytes;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(Buffers* buffers) {
    static BIO_METHOD* const method = [] {
      auto* made = ::BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory");
      ::BIO_meth_set_read(made, read);
      ::BIO_meth_set_write(made, write);
      ::BIO_meth_set_ctrl(made, control);
      return made;
    }();
    BIO* bio = ::BIO_new(method);
    ::BIO_set_data(bio, buffers);
    ::BIO_set_init(bio, 1);
    return bio;
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)),
      buffers_(std::make_unique<Buffers>()),
      session_(::SSL_new(context_->context_)) {
  BIO* bio = Buffers::make(buffers_.get());
  ::SSL_set_bio(session_, bio, bio);
  ::SSL_set_accept_state(session_);
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, const std::string& host)
    : TlsSession(std::move(context)) {
  ::SSL_set_connect_state(session_);
  unsigned char address[sizeof(in6_addr)];
  if (::inet_pton(AF_INET, host.c_str(), address) == 1 ||
      ::inet_pton(AF_INET6, host.c_str(), address) == 1) {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session_), host.c_str());
  } else {
    ::SSL_set1_host(session_, host.c_str());
    ::SSL_ctrl(session_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
  }
}

TlsSession::~TlsSession() {
  ::SSL_free(session_);
}

TlsOutcome TlsSession::outcome_of(int result) {
  switch (::SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      return TlsOutcome::wants_input;
    case SSL_ERROR_ZERO_RETURN:
      return TlsOutcome::ended;
    default: {
      const auto verdict = ::SSL_get_verify_result(session_);
      failure_ = verdict == X509_V_OK ? complaint() : ::X509_verify_cert_error_string(verdict);
      ::ERR_clear_error();
      failed_ = true;
      return TlsOutcome::failed;
    }
  }
}

TlsOutcome TlsSession::handshake() {
  if (failed_) return TlsOutcome::failed;
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(session_);
  if (result != 1) return outcome_of(result);
  established_ = true;
  return TlsOutcome::done;
}

TlsOutcome TlsSession::read(std::string& plain, std::size_t max_bytes) {
  auto filled = plain.size();
  const auto full = filled + max_bytes;
  plain.resize(full);
  auto outcome = failed_ ? TlsOutcome::failed : TlsOutcome::done;
  while (outcome == TlsOutcome::done && filled < full) {
    std::size_t count = 0;
    ::ERR_clear_error();
    const int result = ::SSL_read_ex(session_, plain.data() + filled, full - filled, &count);
    if (result == 1) {
      filled += count;
    } else {
      outcome = outcome_of(result);
    }
  }
  plain.resize(filled);
  return outcome;
}

bool TlsSession::write(std::string_view plain) {
  while (!plain.empty() && !failed_ && established_) {
    std::size_t count = 0;
    ::ERR_clear_error();
    const int result = ::SSL_write_ex(session_, plain.data(), plain.size(), &count);
    if (result != 1) {
      // The memory never refuses a byte, so that there is nothing to wait for.
      outcome_of(result);
      failed_ = true;
    } else {
      plain.remove_prefix(count);
    }
  }
  return plain.empty();
}

void TlsSession::close_notify() {
  if (!established_ || failed_) return;
  ::ERR_clear_error();
  ::SSL_shutdown(session_);
  ::ERR_clear_error();
}

void TlsSession::feed(std::string_view encrypted) {
  buffers_->input.append(encrypted);
}

std::size_t TlsSession::output_bytes() const {
  return buffers_->output.size();
}

std::string TlsSession::take_output() {
  return std::exchange(buffers_->output, {});
}

}  // namespace powershare::net
