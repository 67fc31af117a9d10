// The door of a peer: takes HTTP requests, answers them from what is committed or through the
// ports.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ports.hpp"
#include "net/http.hpp"

namespace powershare::gateway {

using ledger::Role;

/// An API key as it is kept: only its SHA-256. See hash_api_key(). It is one that this peer's
/// configuration names, or one that the chain knows and every peer takes (ledger::AddApiKey).
struct ApiKey {
  Digest hash{};
  Role role = Role::meter;
  std::string label;                          ///< for people; never the key
  std::uint32_t max_requests_per_second = 0;  ///< 0: GatewayOptions::requests_per_second
};

Digest hash_api_key(std::string_view key);
/// Administrators, operators and auditors.
constexpr bool reads_everything(Role role) {
  return role == Role::administrator || role == Role::operator_ || role == Role::auditor;
}
/// Whether a key of that role may bring readings that no meter has signed.
constexpr bool brings_unsigned_readings(Role role) {
  return role == Role::administrator || role == Role::gateway || role == Role::meter;
}

/// How /api names the types of the former server's model (COMPOSER-REST §1).
enum class ComposerNamespaces : std::uint8_t {
  never = 1,  ///< /api/Coins
  required,   ///< the same, since no two types have one name
  always,     ///< /api/org.smile.energy.network.Coins
};

struct GatewayOptions {
  std::vector<ApiKey> api_keys;  ///< besides those that the chain knows
  /// When set, GET /v1 routes that show accounts, trades, bills, readings or transactions need an
  /// API key (DECISIONS 60); until residents can log in, the host leaves it off on loopback.
  bool require_key_for_reads = false;
  std::int64_t submit_timeout_ms =
      10'000;  ///< then 503, Retry-After and the transaction id (DECISIONS 58)
  std::int64_t max_body_bytes = 8 * 1024 * 1024;   ///< /etms (DECISIONS 58)
  std::int64_t max_small_body_bytes = 256 * 1024;  ///< every other path
  ComposerNamespaces composer_namespaces = ComposerNamespaces::never;
  /// Where the chain's peers answer browsers, as "https://b.example.org", this one's address too: a
  /// page that came from one of them may go on with the others (DECISIONS 61).
  std::vector<std::string> web_peers;
  /// Each API key imports cards at /api/wallet and acts as their participants.
  bool composer_multiuser = false;
  /// What save_composer_wallets() was given last; no secrets. It is called under a lock.
  std::string composer_wallets{};
  std::function<Result<void>(const std::string&)> save_composer_wallets{};
  /// Households may name webhooks with plain HTTP, as at the operator's own machine; whether one is
  /// spoken to is decided where it is dialled.
  bool private_webhooks = false;
  /// What save_usage() was given last: counters of screens and faults, by day. It is called about
  /// once a minute, on tick()'s thread, and by close_streams().
  std::string usage{};
  std::function<Result<void>(const std::string&)> save_usage{};
  std::uint32_t requests_per_second = 5'000;  ///< per API key or address, then 429
  std::uint32_t request_burst = 10'000;
  std::size_t max_rate_entries = 10'000;  ///< callers remembered by the rate limit
  std::size_t max_event_streams = 64;     ///< then 503
  std::size_t max_event_streams_per_address = 16;
};

class Gateway {
 public:
  static std::unique_ptr<Gateway> create(GatewayOptions options, Ports ports);
  virtual ~Gateway() = default;
  /// Answers `request` once, now or later; give it to net::HttpServer as its handler. Thread-safe.
  virtual void handle(net::HttpRequest request, std::shared_ptr<net::HttpReply> reply) = 0;
  /// The body limit of a path, for net::HttpServerOptions::body_limit.
  virtual std::size_t body_limit(std::string_view method, std::string_view path) const = 0;
  /// Tells event streams that there are new blocks. Thread-safe; reads a few blocks, never waits.
  virtual void block_committed() = 0;
  /// About once a second: keeps idle event streams open and lets those behind catch up.
  /// Thread-safe.
  virtual void tick() = 0;
  /// Ends all event streams; for an orderly stop.
  virtual void close_streams() = 0;
};

/// The handler of the metrics port: GET /metrics from rendered text, everything else 404.
net::HttpHandler metrics_handler(std::function<std::string()> render);

}  // namespace powershare::gateway
