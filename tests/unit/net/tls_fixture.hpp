// Certificates in a folder of their own, and a raw TLS client (OpenSSL on a blocking socket) of
// this folder's tests.
#pragma once

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "net/http.hpp"
#include "net/tls_certificates.hpp"
#include "tests/unit/net/raw_socket.hpp"

namespace powershare::net::test {

struct CertificateFolder {
  std::filesystem::path path;
  std::string authority_key, authority_certificate;

  CertificateFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    authority_key = make_private_key().value();
    authority_certificate = make_authority_certificate(authority_key, 30).value();
    write("ca.pem", authority_certificate);
    issue({"localhost", "127.0.0.1"});
  }
  ~CertificateFolder() { std::filesystem::remove_all(path); }
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  std::string file(const char* name) const { return (path / name).string(); }
  /// By way of rename, as renewal does it.
  void write(const char* name, const std::string& text, int mode = 0644) const {
    const auto beside = file(name) + ".new";
    std::ofstream(beside) << text;
    REQUIRE(::chmod(beside.c_str(), static_cast<mode_t>(mode)) == 0);
    std::filesystem::rename(beside, file(name));
  }
  /// A new pair of key and certificate.
  void issue(std::vector<std::string> names) const {
    const auto key = make_private_key().value();
    write("server.key", key, 0600);
    write("server.pem", make_server_certificate({.key = key, .names = std::move(names), .days = 30},
                                                authority_certificate, authority_key)
                            .value());
  }
  HttpTlsOptions options() const {
    HttpTlsOptions tls;
    tls.certificate = file("server.pem");
    tls.key = file("server.key");
    return tls;
  }
};

struct ClientSettings {
  int max_version = 0;  ///< TLS1_2_VERSION, …; 0: what there is
  int min_version = 0;
  std::string protocols = "\x08http/1.1";  ///< ALPN; empty: none
  std::string ciphers;                     ///< of TLS 1.2
};

/// Trusts anybody: who a server is, is tested with HttpClient.
class TlsSocket {
 public:
  explicit TlsSocket(std::uint16_t port, const ClientSettings& settings = {}) : socket_(port) {
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX_set_security_level(context_.get(), 0);
    ::SSL_CTX_set_min_proto_version(context_.get(), settings.min_version);
    ::SSL_CTX_set_max_proto_version(context_.get(), settings.max_version);
    if (!settings.ciphers.empty())
      REQUIRE(::SSL_CTX_set_cipher_list(context_.get(), settings.ciphers.c_str()) == 1);
    session_.reset(::SSL_new(context_.get()));
    if (!settings.protocols.empty())
      ::SSL_set_alpn_protos(session_.get(),
                            reinterpret_cast<const unsigned char*>(settings.protocols.data()),
                            static_cast<unsigned>(settings.protocols.size()));
    // A server that keeps silent fails a test instead of hanging it.
    const timeval limit{20, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::SSL_set_fd(session_.get(), socket_.number());
  }

  bool handshake() { return ::SSL_connect(session_.get()) == 1; }
  bool send(std::string_view text) {
    std::size_t count = 0;
    return text.empty() || ::SSL_write_ex(session_.get(), text.data(), text.size(), &count) == 1;
  }
  bool receive() {
    char buffer[16384];
    std::size_t count = 0;
    if (::SSL_read_ex(session_.get(), buffer, sizeof buffer, &count) != 1) return false;
    input_.append(buffer, count);
    return true;
  }
  RawResponse response() {
    RawResponse result;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return result;
    result.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    result.status = std::stoi(result.head.substr(9, 3));
    const auto length = result.head.find("Content-Length: ");
    if (length == std::string::npos) return result;
    const auto bytes = std::stoul(result.head.substr(length + 16));
    while (input_.size() < bytes)
      if (!receive()) return {};
    result.body = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return result;
  }
  RawResponse ask(std::string_view text) { return send(text) ? response() : RawResponse{}; }
  /// True when the server has said close_notify.
  bool ended_in_order() {
    while (receive()) {
    }
    return (::SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  /// The serial number of its certificate, to tell them apart.
  std::string serial() const {
    const std::unique_ptr<X509, decltype(&::X509_free)> certificate(
        ::SSL_get1_peer_certificate(session_.get()), ::X509_free);
    if (!certificate) return {};
    const auto* number = ::X509_get0_serialNumber(certificate.get());
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(number)),
            static_cast<std::size_t>(::ASN1_STRING_length(number))};
  }

  SSL* session() const { return session_.get(); }
  RawSocket& socket() { return socket_; }

 private:
  RawSocket socket_;
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_{nullptr, ::SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&::SSL_free)> session_{nullptr, ::SSL_free};
  std::string input_;
};

}  // namespace powershare::net::test
