#include <signal.h>
#include <unistd.h>

#include "apps/commands.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/peer_setup.hpp"

namespace powershare::apps {
int run_peer(const PeerOptions& options) {
  crypto::initialise();
  // Blocked before the first thread is made, so that only sigwait() below gets them.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto setup = load_peer_setup(options.config, options.recover, options.composer_namespaces,
                               options.composer_multiuser);
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
