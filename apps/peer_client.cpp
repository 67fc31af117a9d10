#include "apps/peer_client.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

/// Longer than the gateway waits for a receipt.
constexpr std::chrono::milliseconds patience{15'000};

/// The sentence in {"error":{"message":…}}.
std::string message_of(const net::HttpResponse& response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    const auto& error = json["error"];
    if (error.contains("code") && error.contains("message") && error["message"].is_string() &&
        error["code"].is_string()) {
      return error["code"].get<std::string>() + ": " + error["message"].get<std::string>();
    }
  }
  return "status " + std::to_string(response.status);
}

}  // namespace

Result<PeerAddress> parse_peer_url(std::string_view url) {
  const Error wrong{
      AppError::usage,
      "a peer is http://ADDRESS:PORT, as http://127.0.0.1:8080, not " + std::string(url)};
  PeerAddress peer;
  peer.secure = url.starts_with("https://");
  const std::string_view scheme = peer.secure ? "https://" : "http://";
  if (!url.starts_with(scheme)) return wrong;
  url.remove_prefix(scheme.size());
  if (!url.empty() && url.back() == '/') url.remove_suffix(1);
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong;
  auto address = url.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  peer.address = address;
  const auto port = url.substr(colon + 1);
  const auto* end = port.data() + port.size();
  if (std::from_chars(port.data(), end, peer.port) != std::from_chars_result{end, std::errc{}} ||
      peer.port == 0) {
    return wrong;
  }
  return peer;
}

PeerClient::PeerClient(const PeerAddress& peer, const std::string& authorities)
    : name_((peer.secure ? "https://" : "http://") + peer.address + ":" +
            std::to_string(peer.port)) {
  net::HttpClientOptions options;
  options.address = peer.address;
  options.port = peer.port;
  options.timeout = patience;
  if (peer.secure) options.authorities = authorities;
  client_ = net::HttpClient::create(options);
}

Result<std::string> PeerClient::get(std::string_view target) {
  return ask("GET", target, {});
}

Result<std::string> PeerClient::post(std::string_view target, std::string_view body) {
  return ask("POST", target, body);
}

Result<std::string> PeerClient::ask(std::string_view method, std::string_view target,
                                    std::string_view body) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  auto response = client_->request(method, target, body, headers);
  if (!response && response.error().code() == NetError::bad_certificate) return response.error();
  if (!response) return Error{AppError::unavailable, name_ + " does not answer"};
  if (response->status == 200) return std::move(response->body);
  return Error{response->status == 503 ? AppError::unavailable : AppError::failed,
               name_ + std::string(target) + ": " + message_of(*response)};
}

}  // namespace powershare::apps
