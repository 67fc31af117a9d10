// peer.yaml: everything that one peer needs to know to start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "ledger/genesis.hpp"

namespace powershare::apps {

struct SocketAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

/// TLS of the REST port.
struct TlsConfig {
  std::filesystem::path certificate;  ///< PEM, the server's own and its chain
  std::filesystem::path key;          ///< PEM, mode 0600
  /// A plain port at the same address that sends everybody to https.
  std::optional<std::uint16_t> redirect_port;
  std::uint32_t hsts_seconds = 365 * 24 * 3600;  ///< 0: no Strict-Transport-Security
};

struct RemotePeer {
  PeerId peer;
  std::string control_endpoint;
  std::string bulk_endpoint;
};

/// How households' news leave the house (docs/household-api.md).
struct NotificationConfig {
  struct Mail {
    std::string relay;  ///< "smtp://mail.example.org:587" or "smtps://…"
    std::string from;   ///< address
    std::string user;   ///< empty: no log-in
    std::optional<std::filesystem::path> password_file;
    bool require_tls = true;
  };
  std::optional<Mail> mail;                                    ///< none: this peer sends no mail
  bool private_webhooks = false;                               ///< net::WebhookRules
  std::optional<std::filesystem::path> certificate_authority;  ///< PEM, instead of the system's
};

struct PeerConfig {
  PeerId peer;
  std::filesystem::path genesis;  ///< JSON file
  std::filesystem::path keys;     ///< folder with consensus.key, gateway.key, transport.key
  /// While the keys are being replaced: the folder with those that the chain still knows.
  std::optional<std::filesystem::path> former_keys;
  std::filesystem::path data;  ///< folder of this peer's databases
  SocketAddress http;
  std::optional<TlsConfig> http_tls;  ///< none: plain HTTP
  /// Where all peers of the chain answer browsers, as "https://b.example.org" (DECISIONS 61).
  std::vector<std::string> web_peers;
  /// Whether reading the ledger needs an API key or a log-in's token. Not given: it does, unless
  /// `http` is an address of loopback.
  std::optional<bool> require_key_for_reads;
  bool reads_need_key() const;
  SocketAddress metrics;
  std::string control_endpoint;  ///< what to bind, "tcp://127.0.0.1:7400"
  std::string bulk_endpoint;
  std::vector<RemotePeer> remotes;
  std::optional<std::string>
      administrator_key_sha256;               ///< hex; without it no administrator's API key works
  std::string composer_namespaces = "never";  ///< of /api: never, required or always
  bool composer_multiuser = false;            ///< cards at /api/wallet
  std::optional<NotificationConfig> notifications;
  /// Lower than what the program knows while an upgrade is rehearsed: it then stops, as an older
  /// program would, where a higher level begins.
  std::uint32_t feature_level_max = ledger::known_feature_level;
  double watts_per_core = 10.0;  ///< model of the machine's power draw where RAPL is not readable

  /// YAML text; paths as given.
  std::string to_yaml() const;
};

/// Reads a configuration; relative paths are taken from the file's own folder.
/// AppError::bad_configuration in one sentence for an unknown field, a missing one, or a value that
/// is not of its kind.
Result<PeerConfig> load_peer_config(const std::filesystem::path& file);

}  // namespace powershare::apps
