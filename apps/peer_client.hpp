// One peer's REST API, for commands that people run.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/http_client.hpp"

namespace powershare::apps {

struct PeerAddress {
  std::string address;
  std::uint16_t port = 0;
  bool secure = false;  ///< https
};
/// "http://127.0.0.1:8080" or "https://…", the address as IPv4 or [IPv6]. AppError::usage
/// otherwise.
Result<PeerAddress> parse_peer_url(std::string_view url);

class PeerClient {
 public:
  /// `authorities`: PEM file, for https.
  explicit PeerClient(const PeerAddress& peer, const std::string& authorities = {});
  /// The body of a 200 answer. AppError::unavailable where the peer does not answer or says 503,
  /// AppError::failed with the peer's own sentence for every other refusal.
  Result<std::string> get(std::string_view target);
  Result<std::string> post(std::string_view target, std::string_view body);

 private:
  Result<std::string> ask(std::string_view method, std::string_view target, std::string_view body);
  std::string name_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace powershare::apps
