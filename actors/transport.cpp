#include "actors/transport.hpp"

#include "protocol/wire/envelope.hpp"

namespace powershare::actors {
void send_message(PeerContext& context, net::ZmqLink& link, const pbft::Outgoing& message) {
  const auto roster = context.roster();
  const auto own = context.number();
  wire::Envelope envelope{context.genesis_hash, message.epoch,    message.type, 0,
                          message.body,         message.signature};
  std::vector<pbft::MemberIndex> recipients;  // numbers
  if (pbft::is_unsigned(message.type)) {
    if (message.recipient) recipients.push_back(*message.recipient);
  } else {
    const auto* epoch = roster->epoch(message.epoch);
    const auto index = epoch == nullptr ? std::nullopt : protocol::Roster::index_in(*epoch, own);
    if (!index) return;  // of an epoch that is long over
    envelope.sender = *index;
    for (pbft::MemberIndex member = 0; member < epoch->numbers.size(); ++member) {
      if (!message.recipient || *message.recipient == member) {
        recipients.push_back(epoch->numbers[member]);
      }
    }
  }
  const auto frame = std::make_shared<const Bytes>(wire::encode_envelope(envelope));
  const auto channel =
      message.channel == pbft::Channel::bulk ? net::Channel::bulk : net::Channel::control;
  for (const auto number : recipients) {
    if (number == own || number >= roster->peers().size()) continue;
    link.send(roster->peers()[number].member.peer, channel, frame);
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
