#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "actors/peer_host.hpp"
#include "apps/commands.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_config.hpp"

namespace powershare::apps {
namespace {

Result<actors::PeerSetup> prepare(const PeerOptions& options) {
  auto config = load_peer_config(options.config);
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
  actors::PeerSetup setup{.genesis = std::move(*genesis),
                          .peer = config->peer,
                          .consensus_keys = keys->consensus,
                          .gateway_keys = keys->gateway,
                          .transport_keys = keys->transport,
                          .data = config->data,
                          .http_address = config->http.address,
                          .http_port = config->http.port,
                          .metrics_address = config->metrics.address,
                          .metrics_port = config->metrics.port,
                          .control_endpoint = config->control_endpoint,
                          .bulk_endpoint = config->bulk_endpoint,
                          .remotes = {},
                          .administrator_api_key_hash = key_hash,
                          .watts_per_core = config->watts_per_core,
                          .recover = options.recover};
  for (const auto& remote : config->remotes) {
    setup.remotes.push_back({remote.peer, remote.control_endpoint, remote.bulk_endpoint});
  }
  return setup;
}

/// Ends the process at once, from any thread: what is not on disk is not promised to anybody.
[[noreturn]] void die(const Error& error) {
  std::fprintf(stderr, "powershare: %s\n", error.detail().c_str());
  std::fflush(stderr);
  ::_exit(static_cast<int>(exit_code_of(error)));
}

}  // namespace

int run_peer(const PeerOptions& options) {
  crypto::initialise();
  // Blocked before the first thread is made, so that only sigwait() below gets them.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto setup = prepare(options);
  if (!setup) return report(setup.error());
  const auto data = setup->data;
  auto peer = actors::PeerHost::start(std::move(*setup), die);
  if (!peer) return report(peer.error());
  auto noted = write_file(data / "peer.pid", std::to_string(::getpid()) + "\n", 0600);
  if (!noted) return report(noted.error());
  int received = 0;
  ::sigwait(&signals, &received);
  ::alarm(10);  // an orderly stop takes at most 10 s; past that the default action of SIGALRM ends
                // the process
  (*peer)->stop();
  std::error_code ignored;
  std::filesystem::remove(data / "peer.pid", ignored);
  return 0;
}

}  // namespace powershare::apps
