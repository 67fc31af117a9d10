// Offline audit of one peer's ledger: replays every block from the genesis and compares (DESIGN
// §12).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/peer_config.hpp"
#include "base/ids.hpp"
#include "crypto/hash.hpp"
#include "ledger/genesis.hpp"
#include "ledger/origin.hpp"

namespace powershare::apps {

/// What the audit of one peer found.
struct AuditResult {
  PeerId peer;
  ChainId chain;
  std::uint64_t height = 0;
  crypto::Digest head{};
  crypto::Digest state_root{};
  std::uint64_t transactions = 0;
  std::uint64_t readings = 0;                 ///< accepted, by the receipts
  ledger::OriginBalance origin{};             ///< certificates of origin, by source
  std::vector<crypto::Digest> header_hashes;  ///< of block 1, 2, …
  std::vector<std::string> problems;          ///< one sentence each; empty: all holds
};

/// Replays the ledger under `config.data`: each transaction's signature, each block's ordering
/// certificate, header and block certificate (the newest blocks may be covered by their ordering
/// certificate alone), the invariants after each block, and at the end the stored state. `progress`
/// is called now and then with (height, newest height). An Error only when nothing can be read at
/// all: StorageError::locked while the peer runs.
Result<AuditResult> audit_ledger(const PeerConfig& config, const ledger::Genesis& genesis,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress);

/// One sentence for each block at which two peers of a chain differ; their heights may differ.
std::vector<std::string> compare_peers(const std::vector<AuditResult>& peers);

}  // namespace powershare::apps
