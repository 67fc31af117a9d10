// consensus: hosts the PBFT replica (detached). What is queued is stepped first, then one durable
// write to the consensus log, then the sends: the walk of a PBFT message.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "protocol/pbft/replica.hpp"

namespace powershare::actors {

class ConsensusHost;

struct ConsensusState {
  static inline const char* name = "consensus";
  std::shared_ptr<ConsensusHost> host;
};

/// `recovered` is what the start found on disk (DECISIONS 11, 13); `link` must outlive the actor.
/// What the start found: the epoch in which the ledger stands, and what was promised.
struct ConsensusStart {
  std::shared_ptr<const pbft::Committee> committee;
  pbft::Recovered recovered;
};

ConsensusActor::behavior_type consensus(ConsensusActor::stateful_pointer<ConsensusState> self,
                                        PeerContext& context, std::shared_ptr<ConsensusStart> start,
                                        net::ZmqLink& link);

}  // namespace powershare::actors
