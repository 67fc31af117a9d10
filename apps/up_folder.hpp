// What `powershare up` lays out in its folder: keys, genesis, peers' configurations. What exists is
// kept.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "apps/commands.hpp"
#include "apps/island_files.hpp"
#include "apps/profiles.hpp"
#include "crypto/keys.hpp"
#include "ledger/genesis.hpp"

namespace powershare::apps {

/// An island's folder, ready to be started.
struct UpFolder {
  std::filesystem::path folder;
  Island island;  ///< pids are 0
  ledger::Genesis genesis;
  bool fresh = false;                         ///< the genesis has just been made
  std::optional<crypto::KeyPair> feeder_key;  ///< where the genesis is simulated
  std::vector<crypto::KeyPair> meter_keys;    ///< one per home
};

/// Creates what is missing. `profiles` is null with --empty. AppError::bad_configuration when the
/// folder was made with other options that a genesis fixes; AppError::unavailable naming the port
/// when one that is needed is taken.
Result<UpFolder> prepare_folder(const UpOptions& options, const std::filesystem::path& folder,
                                const Profiles* profiles, UtcMillis start);

/// The pid of the `powershare up` that runs on this folder.
std::optional<pid_t> running_up(const std::filesystem::path& folder);
Result<void> note_running_up(const std::filesystem::path& folder);

}  // namespace powershare::apps
