// The folder of an island on one machine, and island.json, which tells people and tests where
// everything is (DESIGN §12).
//
//   DIR/island.json                       mode 0600: it holds the administrator's API key
//   DIR/<chain>/genesis.json
//   DIR/<chain>/administrator.key feeder.key meters/<meter>.key
//   DIR/<chain>/<peer>/peer.yaml keys/ data/ peer.log
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace powershare::apps {

struct IslandPeer {
  PeerId id;
  pid_t pid = 0;
  std::filesystem::path config;
  std::uint16_t http_port = 0;
  std::uint16_t metrics_port = 0;
  std::filesystem::path data;
};

struct IslandChain {
  ChainId id;
  std::vector<IslandPeer> peers;
};

struct Island {
  std::vector<IslandChain> microgrids;
  std::string administrator_api_key;
  /// What signed the certificates of the REST ports; empty: they speak plain HTTP.
  std::filesystem::path certificate_authority{};
};

Result<void> write_island(const std::filesystem::path& folder, const Island& island);
/// AppError::bad_configuration when the file is missing or not of its shape.
Result<Island> read_island(const std::filesystem::path& folder);

/// The pid in DATA/peer.pid if that process lives and is a powershare peer on that very data
/// folder.
std::optional<pid_t> running_peer(const std::filesystem::path& data);

}  // namespace powershare::apps
