// supervisor: watches every other actor of the peer. One that dies ends the process with exit code
// 70: its mail would be lost and the others would go on as if nothing had happened. Its own timer
// shows that the event loop ticks (/livez).
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

void supervisor(caf::event_based_actor* self, PeerContext& context,
                std::shared_ptr<const Links> links);

}  // namespace powershare::actors
