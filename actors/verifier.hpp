// verifier: decodes a frame and checks chain, sender and signature, off the consensus thread. A
// small pool: each sender's control messages always have the same one, so that they stay in order,
// and what comes over the bulk channel has one of its own, so that no vote waits behind thousands
// of requests.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

inline constexpr std::size_t verifier_count = 3;

struct VerifierState {
  static inline const char* name = "verifier";
  std::shared_ptr<const Links> links;
};

VerifierActor::behavior_type verifier(VerifierActor::stateful_pointer<VerifierState> self,
                                      PeerContext& context);

/// What the link's thread does with a frame of the peer with this number: short ones of the control
/// channel (votes) are verified at once, which costs less than to wake another thread and keeps
/// them ahead of all that the pool has to do; longer ones go to the pool.
void receive_frame(PeerContext& context, const Links& links, pbft::MemberIndex sender,
                   net::Channel channel, Bytes frame);

}  // namespace powershare::actors
