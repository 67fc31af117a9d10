#include "apps/peer_setup.hpp"

#include <unistd.h>

#include <cstdio>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_config.hpp"

namespace powershare::apps {

namespace {

gateway::ComposerNamespaces namespaces_of(const std::string& text) {
  if (text == "always") return gateway::ComposerNamespaces::always;
  if (text == "required") return gateway::ComposerNamespaces::required;
  return gateway::ComposerNamespaces::never;
}

/// A password is one line of a file that only its owner may read.
Result<actors::NewsWays> news_ways_of(const std::optional<NotificationConfig>& config) {
  actors::NewsWays ways;
  if (!config) return ways;
  const auto authority =
      config->certificate_authority ? config->certificate_authority->string() : std::string();
  ways.webhooks.private_networks = config->private_webhooks;
  ways.webhooks.certificate_authority = authority;
  if (!config->mail) return ways;
  net::MailRelay relay;
  relay.url = config->mail->relay;
  relay.from = config->mail->from;
  relay.user = config->mail->user;
  relay.require_tls = config->mail->require_tls;
  relay.certificate_authority = authority;
  if (const auto& file = config->mail->password_file) {
    auto read = read_secret_file(*file);
    if (!read) return read.error();
    relay.password = read->substr(0, read->find_first_of("\r\n"));
  }
  ways.relay = std::move(relay);
  return ways;
}

}  // namespace

Result<actors::PeerSetup> load_peer_setup(const std::filesystem::path& file, bool recover,
                                          const std::string& composer_namespaces,
                                          bool composer_multiuser) {
  auto config = load_peer_config(file);
  if (!config) return config.error();
  auto genesis = load_genesis(config->genesis);
  if (!genesis) return genesis.error();
  auto keys = load_peer_keys(config->keys);
  if (!keys) return keys.error();
  std::optional<crypto::Digest> key_hash;
  if (config->administrator_key_sha256) {
    auto hash = crypto::digest_from_hex(*config->administrator_key_sha256);
    if (!hash)
      return Error{AppError::bad_configuration,
                   "administrator_key_sha256: " + hash.error().detail()};
    key_hash = *hash;
  }
  auto news_ways = news_ways_of(config->notifications);
  if (!news_ways) return news_ways.error();
  actors::PeerSetup setup{
      .genesis = std::move(*genesis),
      .peer = config->peer,
      .keys = {*keys},
      .data = config->data,
      .http_address = config->http.address,
      .http_port = config->http.port,
      .http_tls = std::nullopt,
      .http_redirect_port = std::nullopt,
      .metrics_address = config->metrics.address,
      .metrics_port = config->metrics.port,
      .control_endpoint = config->control_endpoint,
      .bulk_endpoint = config->bulk_endpoint,
      .remotes = {},
      .administrator_api_key_hash = key_hash,
      .require_key_for_reads = config->reads_need_key(),
      .composer_namespaces = namespaces_of(composer_namespaces.empty() ? config->composer_namespaces
                                                                       : composer_namespaces),
      .composer_multiuser = config->composer_multiuser || composer_multiuser,
      .watts_per_core = config->watts_per_core,
      .feature_level_max = config->feature_level_max,
      .recover = recover};
  if (config->http_tls) {
    net::HttpTlsOptions tls;
    tls.certificate = config->http_tls->certificate.string();
    tls.key = config->http_tls->key.string();
    tls.hsts = std::chrono::seconds(config->http_tls->hsts_seconds);
    setup.http_tls = std::move(tls);
    setup.http_redirect_port = config->http_tls->redirect_port;
  }
  if (config->former_keys) {
    auto former = load_peer_keys(*config->former_keys);
    if (!former) return former.error();
    setup.keys.push_back(*former);
  }
  setup.web_peers = config->web_peers;
  setup.news_ways = std::move(*news_ways);
  for (const auto& remote : config->remotes) {
    setup.remotes.push_back({remote.peer, remote.control_endpoint, remote.bulk_endpoint});
  }
  return setup;
}

void die(const Error& error) {
  std::fprintf(stderr, "powershare: %s\n", error.detail().c_str());
  std::fflush(stderr);
  ::_exit(static_cast<int>(exit_code_of(error)));
}

}  // namespace powershare::apps
