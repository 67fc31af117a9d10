// transport: frames and sends. Owns the way to the ZeroMQ link, whose own thread does the sockets.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

TransportActor::behavior_type transport(TransportActor::pointer self, PeerContext& context,
                                        net::ZmqLink& link);

}  // namespace powershare::actors
