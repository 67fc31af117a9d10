// A small blocking HTTP/1.1 client with keep-alive, over TCP or TLS: for `powershare up`'s
// simulated meters and for commands that ask peers.
#pragma once

#include "net/http.hpp"

namespace powershare::net {

struct HttpClientOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::chrono::milliseconds timeout{2000};  ///< for each request in all
  std::size_t max_response_bytes = 64 * 1024 * 1024;
  /// PEM file: speaks TLS, to a server whose certificate one of these has signed. Empty: plain.
  std::string authorities{};
  std::string server_name{};  ///< what the certificate must be for; empty: `address`
};

class HttpClient {
 public:
  static std::unique_ptr<HttpClient> create(HttpClientOptions options);
  virtual ~HttpClient() = default;
  /// Connects where there is no live connection. NetError::closed on refusal, time-out or a broken
  /// answer; NetError::bad_certificate where the server cannot prove who it is, or the file of
  /// authorities cannot be read.
  virtual Result<HttpResponse> request(
      std::string_view method, std::string_view target, std::string_view body = {},
      const std::vector<std::pair<std::string, std::string>>& headers = {}) = 0;
};

}  // namespace powershare::net
