#include <signal.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "apps/commands.hpp"
#include "apps/exit.hpp"
#include "apps/island_files.hpp"
#include "apps/processes.hpp"
#include "apps/up_folder.hpp"

namespace powershare::apps {

int run_down(const DataOptions& options) {
  auto island = read_island(options.data);
  if (!island) return report(island.error());
  // `up` itself first: it stops its meters, then its peers, in order.
  if (const auto up = running_up(options.data)) {
    std::fprintf(stderr, "stopping powershare up (pid %d)\n", *up);
    stop_processes({*up}, std::chrono::seconds(30));
  }
  std::vector<pid_t> peers;
  for (const auto& chain : island->microgrids) {
    for (const auto& peer : chain.peers) {
      if (const auto pid = running_peer(peer.data)) peers.push_back(*pid);
    }
  }
  if (!stop_processes(peers, std::chrono::seconds(15)).empty()) {
    std::fprintf(stderr,
                 "powershare: a peer did not stop within 15 s and was killed; its data is safe\n");
    return static_cast<int>(ExitCode::failed);
  }
  std::printf("down: %s\n", options.data.c_str());
  return 0;
}

}  // namespace powershare::apps
