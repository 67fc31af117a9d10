// meter_ingestion: takes readings from the door (detached). Judges them by the committed ledger,
// makes the good ones durable in the inbox, acknowledges, batches them into transactions, and drops
// an entry once the ledger has it (DECISIONS 19).
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

class IngestionHost;

struct MeterIngestionState {
  static inline const char* name = "meter_ingestion";
  std::shared_ptr<IngestionHost> host;
};

/// `inbox` is what the start found on disk.
MeterIngestionActor::behavior_type meter_ingestion(
    MeterIngestionActor::stateful_pointer<MeterIngestionState> self, PeerContext& context,
    std::shared_ptr<std::vector<std::pair<Bytes, Bytes>>> inbox);

}  // namespace powershare::actors
