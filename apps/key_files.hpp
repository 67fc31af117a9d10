// Key files: one line of 64 hexadecimal digits (the 32-byte seed), mode 0600.
#pragma once

#include <filesystem>

#include "actors/peer_keys.hpp"
#include "crypto/keys.hpp"
#include "ledger/genesis.hpp"

namespace powershare::apps {

using actors::PeerKeys;

/// Writes consensus.key, gateway.key and transport.key into `folder`; keys that exist are kept,
/// never replaced.
Result<PeerKeys> make_peer_keys(const std::filesystem::path& folder);
/// Reads them. AppError::bad_configuration for a missing file, a bad line, or a file that others
/// may read.
Result<PeerKeys> load_peer_keys(const std::filesystem::path& folder);
/// One Ed25519 key file: made when absent, else read.
Result<crypto::KeyPair> make_key(const std::filesystem::path& file);
Result<crypto::KeyPair> load_key(const std::filesystem::path& file);

/// The public halves, as they stand in a genesis.
ledger::Member member_of(const PeerId& peer, const PeerKeys& keys);

/// A new random API key: "ps_" and 43 characters of A-Za-z0-9-_ (256 bits).
std::string generate_api_key();

}  // namespace powershare::apps
