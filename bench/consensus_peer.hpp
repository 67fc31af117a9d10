// One peer of `powershare bench consensus`: the very link, verifier, consensus and transport of a
// peer, the real replica and its durable log, with OrderSettlement in place of ledger and a
// ClientDoor in place of the REST door.
#pragma once

#include "actors/peer_host.hpp"

namespace powershare::bench {

struct ConsensusPeerSetup {
  actors::PeerSetup peer;  ///< its http_port is where clients come
  bool signed_requests = true;
};

class ConsensusPeer {
 public:
  /// `fatal` as in actors::PeerHost::start.
  static Result<std::unique_ptr<ConsensusPeer>> start(ConsensusPeerSetup setup,
                                                      std::function<void(const Error&)> fatal);
  virtual ~ConsensusPeer() = default;
};

}  // namespace powershare::bench
