// The door of the former server's clients (Hyperledger Composer's REST server): everything under
// /api, its explorer, /status, CORS preflights, and the answer to paths that nobody serves. What is
// compatible and what is deliberately not: docs/composer-rest.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/composer/context.hpp"

namespace powershare::gateway::composer {

/// What the HTTP server takes of a body; more than max_body_bytes is then refused by this API.
inline constexpr std::size_t max_request_bytes = 1024 * 1024;
/// Whether a decoded path is one of /api, in any case of letters.
bool is_api_path(std::string_view path);

class Api {
 public:
  explicit Api(const ServicesPtr& services);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// The route's name in metrics where the request is this API's; nothing for a request of /v1 or
  /// /etms. `routed` says whether the router of /v1 has that path.
  std::optional<std::string> route_of(const net::HttpRequest& request, bool routed) const;
  /// Answers once, now or later. `key` is the API key that came with the request;
  /// `wait_seconds` > 0 where its sender asks too much.
  void handle(net::HttpRequest request, const std::optional<ApiKey>& key, std::int64_t wait_seconds,
              const Responder& responder) const;
  /// Tells WebSockets what has been committed since. Thread-safe; reads a few blocks.
  void pump_events();
  /// Drops the long lists under way and closes the WebSockets; for an orderly stop.
  void stop();

 private:
  ContextPtr context_;
};

}  // namespace powershare::gateway::composer
