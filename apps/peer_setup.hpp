// From a peer.yaml to everything that a peer is started with.
#pragma once

#include <filesystem>

#include "actors/peer_host.hpp"

namespace powershare::apps {

/// Reads the configuration and the genesis and keys that it names.
Result<actors::PeerSetup> load_peer_setup(const std::filesystem::path& config, bool recover,
                                          const std::string& composer_namespaces = {},
                                          bool composer_multiuser = false);

/// Ends the process at once, from any thread: what is not on disk is not promised to anybody.
[[noreturn]] void die(const Error& error);

}  // namespace powershare::apps
