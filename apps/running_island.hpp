// The peers of one island as child processes: started, waited for, watched, stopped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/up_folder.hpp"

namespace powershare::apps {

struct RunOptions {
  bool restart = false;   ///< bring back a peer that has died
  bool detached = false;  ///< the peers outlive this process
};

/// The peers' processes and what the island's folder says of them. Waits end early once
/// stop_requested (apps/stop_signal.hpp) is set.
class RunningIsland {
 public:
  /// `folder` must outlive this object.
  RunningIsland(UpFolder& folder, RunOptions options) : folder_(folder), options_(options) {}

  /// Starts every peer and writes island.json.
  Result<void> start();
  /// Waits until every peer says that it is ready. AppError::unavailable after 60 s or when one
  /// dies.
  Result<void> wait_ready();
  /// Reports peers that have died; brings them back with RunOptions::restart. True when one died.
  bool watch();
  /// Waits until all peers that live stand at the same block; false when they do not within 60 s.
  bool wait_agreed();
  /// Ends the peers in order; says so and gives false when one had to be killed or ended badly.
  bool stop();

 private:
  bool is_ready(const IslandPeer& peer) const;
  std::optional<std::string> head_of(const IslandPeer& peer) const;
  std::vector<IslandPeer>& peers() { return folder_.island.microgrids.front().peers; }
  Result<void> start(IslandPeer& peer);
  void restart(IslandPeer& peer);
  bool report_deaths(bool bring_back);
  std::optional<std::string> first_death();

  UpFolder& folder_;
  RunOptions options_;
};

}  // namespace powershare::apps
