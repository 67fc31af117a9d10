#include "actors/transport.hpp"

#include "protocol/wire/envelope.hpp"

namespace powershare::actors {
namespace {

std::shared_ptr<const Bytes> frame_of(const PeerContext& context, const pbft::Outgoing& message) {
  return std::make_shared<const Bytes>(
      wire::encode_envelope({context.genesis_hash, context.committee.epoch, message.type,
                             context.self, message.body, message.signature}));
}

}  // namespace

void send_message(PeerContext& context, net::ZmqLink& link, const pbft::Outgoing& message) {
  const auto frame = frame_of(context, message);
  const auto channel =
      message.channel == pbft::Channel::bulk ? net::Channel::bulk : net::Channel::control;
  const auto& members = context.genesis.members;
  for (pbft::MemberIndex peer = 0; peer < members.size(); ++peer) {
    if (peer == context.self || (message.recipient && *message.recipient != peer)) continue;
    link.send(members[peer].peer, channel, frame);
  }
}

TransportActor::behavior_type transport(TransportActor::pointer, PeerContext& context,
                                        net::ZmqLink& link) {
  return {[](const Connect&) {},
          [&context, &link](const SendMessages& order) {
            for (const auto& message : *order.messages) send_message(context, link, message);
          }};
}

}  // namespace powershare::actors
