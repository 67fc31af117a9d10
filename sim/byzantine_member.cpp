#include "sim/byzantine_member.hpp"

namespace powershare::sim {

crypto::Signature ByzantineMember::sign_as(pbft::MemberIndex member, pbft::MessageType type,
                                           ByteView body) const {
  PS_ASSERT(controls(member));  // nobody forges
  return shell_.chain.keys.sign(member, committee().statement(type, body));
}

wire::Envelope ByzantineMember::from_other_chain(pbft::MemberIndex author, pbft::MessageType type,
                                                 Bytes body) const {
  auto other = committee();
  other.genesis = crypto::sha256(other.genesis);
  wire::Envelope envelope;
  envelope.genesis = other.genesis;
  envelope.epoch = other.epoch;
  envelope.type = type;
  envelope.sender = author;
  envelope.signature = shell_.chain.keys.sign(author, other.statement(type, body));
  envelope.body = std::move(body);
  return envelope;
}

void ByzantineMember::send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) {
  wire::Envelope envelope;
  envelope.genesis = committee().genesis;
  envelope.epoch = committee().epoch;
  envelope.type = message.type;
  envelope.sender = self();
  envelope.body = std::move(message.body);
  envelope.signature = message.signature;
  send_envelope(to, std::move(envelope), delay_ms);
}

void ByzantineMember::send_envelope(pbft::MemberIndex to, wire::Envelope envelope,
                                    std::int64_t delay_ms) {
  if (to == self() || to >= byzantine_.size()) return;
  network_.send(shell_.id, to, std::make_shared<const wire::Envelope>(std::move(envelope)),
                std::max<std::int64_t>(0, delay_ms));
}

}  // namespace powershare::sim
