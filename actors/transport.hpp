// transport: frames and sends, to the ZeroMQ link, whose own thread does the sockets. The actor is
// for settlement; consensus sends its votes itself, right after its durable write.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

/// Frames a message once and queues it for whom it is meant. Never blocks.
void send_message(PeerContext& context, net::ZmqLink& link, const pbft::Outgoing& message);

TransportActor::behavior_type transport(TransportActor::pointer self, PeerContext& context,
                                        net::ZmqLink& link);

}  // namespace powershare::actors
