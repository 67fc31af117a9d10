// A small blocking HTTP/1.1 client with keep-alive: for `powershare up`'s simulated meters and its
// own questions to peers.
#pragma once

#include "net/http.hpp"

namespace powershare::net {

struct HttpClientOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::chrono::milliseconds timeout{2000};  ///< for each request in all
  std::size_t max_response_bytes = 64 * 1024 * 1024;
};

class HttpClient {
 public:
  static std::unique_ptr<HttpClient> create(HttpClientOptions options);
  virtual ~HttpClient() = default;
  /// Connects where there is no live connection. NetError::closed on refusal, time-out or a broken
  /// answer.
  virtual Result<HttpResponse> request(
      std::string_view method, std::string_view target, std::string_view body = {},
      const std::vector<std::pair<std::string, std::string>>& headers = {}) = 0;
};

}  // namespace powershare::net
