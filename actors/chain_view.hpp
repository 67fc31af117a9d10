// What the gateway reads: one snapshot of the ledger's database per request.
#pragma once

#include <memory>

#include "gateway/ports.hpp"
#include "protocol/block_store.hpp"

namespace powershare::actors {

/// StorageError when no snapshot can be had. `genesis_hash` names the head at height 0.
Result<std::unique_ptr<gateway::ChainView>> open_chain_view(const protocol::LedgerStore& store,
                                                            const crypto::Digest& genesis_hash);

}  // namespace powershare::actors
