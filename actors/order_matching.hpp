// order_matching: the slot clock. Tells consensus when a slot is due, so that every replica times
// it and the primary proposes a batch for it (DECISIONS 21). Closing and clearing run inside the
// state machine, on every peer.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

struct OrderMatchingState {
  static inline const char* name = "order_matching";
  std::shared_ptr<const Links> links;
  bool due = false;
};

OrderMatchingActor::behavior_type order_matching(
    OrderMatchingActor::stateful_pointer<OrderMatchingState> self, PeerContext& context);

}  // namespace powershare::actors
