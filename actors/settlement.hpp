// settlement: hosts the state machine and the ledger's database (detached). Decided batches are
// executed as they come; all that is queued becomes durable in one transaction, and only then do
// the others hear of it. It also runs state transfer: it serves blocks to peers that lag behind and
// installs those that it lacks itself.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "protocol/epoch_tracker.hpp"

namespace powershare::actors {

class SettlementHost;

struct SettlementState {
  static inline const char* name = "settlement";
  std::shared_ptr<SettlementHost> host;
};

/// What the start found in the ledger's database.
struct RestoredLedger {
  ledger::StateMachine machine;
  protocol::LedgerPosition ledger;
  std::uint64_t certified_height = 0;
  protocol::EpochTracker epochs;
};

SettlementActor::behavior_type settlement(SettlementActor::stateful_pointer<SettlementState> self,
                                          PeerContext& context,
                                          std::shared_ptr<RestoredLedger> restored);

}  // namespace powershare::actors
