// One peer of one chain, whole: what `powershare peer` runs. Opens the data folder, restores the
// ledger, starts link, actors and door, and stops them in order.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/peer_keys.hpp"
#include "base/ids.hpp"
#include "crypto/keys.hpp"
#include "gateway/gateway.hpp"
#include "ledger/genesis.hpp"
#include "net/http.hpp"
#include "net/outgoing.hpp"
#include "net/zmq_link.hpp"

namespace powershare::actors {

/// What the operator allows and offers to bring households' news out of the house.
struct NewsWays {
  std::optional<net::MailRelay> relay;  ///< none: this peer sends no mail
  net::WebhookRules webhooks;
};

struct PeerSetup {
  ledger::Genesis genesis;
  PeerId peer;
  /// The own keys; while they are being replaced the new set first, then the former one.
  std::vector<PeerKeys> keys;
  std::filesystem::path data;
  std::string http_address = "127.0.0.1";
  std::uint16_t http_port = 0;
  std::optional<net::HttpTlsOptions> http_tls;      ///< none: plain HTTP
  std::optional<std::uint16_t> http_redirect_port;  ///< plain, sends everybody to https
  std::string metrics_address = "127.0.0.1";
  std::uint16_t metrics_port = 0;
  std::string control_endpoint;
  std::string bulk_endpoint;
  /// Where other peers listen; their keys are the chain's. For those that are not named here the
  /// chain may know an address.
  struct Endpoints {
    PeerId peer;
    std::string control;
    std::string bulk;
  };
  std::vector<Endpoints> remotes;
  std::optional<crypto::Digest> administrator_api_key_hash;
  bool require_key_for_reads = false;  ///< gateway::GatewayOptions
  gateway::ComposerNamespaces composer_namespaces = gateway::ComposerNamespaces::never;
  std::vector<std::string> web_peers = {};  ///< gateway::GatewayOptions
  NewsWays news_ways = {};                  ///< how households' news leave the house
  bool composer_multiuser = false;  ///< its wallets are kept in composer-wallets.json of `data`
  double watts_per_core = 10.0;
  /// The peer stops, as an older program would, where an epoch of a higher level begins.
  std::uint32_t feature_level_max = ledger::known_feature_level;
  /// Start anew from the other peers where IDENTITY or the whole folder is lost (DECISIONS 13).
  bool recover = false;
};

class PeerHost {
 public:
  /// `fatal` is called, from any thread, for what the process must not outlive; it must not return.
  /// Errors of the start itself are returned: StorageError, NetError,
  /// ActorError::bad_configuration.
  static Result<std::unique_ptr<PeerHost>> start(PeerSetup setup,
                                                 std::function<void(const Error&)> fatal);
  virtual ~PeerHost() = default;
  /// Orderly: stops the intake, hands over the primary, makes durable what is pending, closes
  /// everything.
  virtual void stop() = 0;
};

}  // namespace powershare::actors
