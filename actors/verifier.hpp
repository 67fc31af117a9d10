// verifier: decodes a frame and checks chain, sender and signature, off the consensus thread. A
// small pool; each sender always has the same one, so that its messages stay in order.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

struct VerifierState {
  static inline const char* name = "verifier";
  std::shared_ptr<const Links> links;
};

VerifierActor::behavior_type verifier(VerifierActor::stateful_pointer<VerifierState> self,
                                      PeerContext& context);

}  // namespace powershare::actors
