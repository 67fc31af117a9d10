#include "protocol/wire/gatekeeper.hpp"

namespace powershare::wire {

const char* to_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::other_chain:
      return "other_chain";
    case Refusal::other_epoch:
      return "other_epoch";
    case Refusal::other_sender:
      return "other_sender";
    case Refusal::bad_signature:
      return "bad_signature";
  }
  return "unknown";
}

Refusal inspect(const Envelope& envelope, pbft::MemberIndex link, const pbft::Committee& committee,
                const protocol::Signatory& signatory) {
  if (envelope.genesis != committee.genesis) return Refusal::other_chain;
  if (envelope.epoch != committee.epoch) return Refusal::other_epoch;
  if (pbft::planted(pbft::Bug::unsigned_sender)) return Refusal::none;
  // The link proved who sent the frame; the envelope must claim nobody else.
  if (envelope.sender != link || link >= committee.size()) return Refusal::other_sender;
  if (pbft::is_unsigned(envelope.type)) return Refusal::none;  // proves itself
  const auto statement = committee.statement(envelope.type, envelope.body);
  return signatory.verify(committee.members[link], statement, envelope.signature)
             ? Refusal::none
             : Refusal::bad_signature;
}

pbft::Received received(Envelope envelope) {
  return {envelope.sender, envelope.type, std::move(envelope.body), envelope.signature,
          envelope.epoch};
}

std::variant<pbft::Received, Refusal> admit(Envelope envelope, pbft::MemberIndex link,
                                            const protocol::Roster& roster,
                                            const protocol::Signatory& signatory) {
  if (envelope.genesis != roster.genesis()) return Refusal::other_chain;
  if (link >= roster.peers().size() || !roster.peers()[link].linked) return Refusal::other_sender;
  if (pbft::is_unsigned(envelope.type)) {
    envelope.sender = link;
    return received(std::move(envelope));
  }
  const auto* epoch = roster.epoch(envelope.epoch);
  if (epoch == nullptr) {
    if (envelope.epoch < roster.present()) return Refusal::other_epoch;
    return pbft::Received{0, pbft::MessageType::status, {}, {}, envelope.epoch};
  }
  const auto index = protocol::Roster::index_in(*epoch, link);
  if (!index) return Refusal::other_sender;
  const auto refusal = inspect(envelope, *index, epoch->committee, signatory);
  if (refusal != Refusal::none) return refusal;
  return received(std::move(envelope));
}

}  // namespace powershare::wire
