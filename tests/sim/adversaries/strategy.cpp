#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {

void Strategy::on_send(Wire& wire, MemberIndex to, const pbft::Outgoing& message) {
  if (message.type == MessageType::status) {
    if (auto status = pbft::StatusMessage::decode(message.body, wire.options().window)) {
      own_ = std::move(*status);
    }
  }
  act(wire, to, message);
}

bool Strategy::leads(const Wire& wire) const {
  return own_.view_active && wire.committee().primary(own_.view) == wire.self();
}

std::optional<pbft::Vote> vote_of(const pbft::Outgoing& message) {
  if (message.body.size() < pbft::Vote::encoded_bytes) return std::nullopt;
  const auto vote = pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
  if (!vote) return std::nullopt;
  return *vote;
}

pbft::BatchPointer other_batch(const pbft::Outgoing& pre_prepare, std::int64_t variant) {
  const auto batch = pbft::Batch::decode(pre_prepare.body, pbft::Vote::encoded_bytes,
                                         pbft::BatchLimits{1u << 16, 1u << 24});
  if (!batch) return nullptr;
  return pbft::Batch::make(UtcMillis{(*batch)->time().value + variant}, (*batch)->requests());
}

pbft::Outgoing pre_prepare(const Wire& wire, pbft::Vote vote, const pbft::Batch& batch) {
  vote.digest = batch.digest();
  auto message = wire.sealed(MessageType::pre_prepare, vote.encode());
  message.body.insert(message.body.end(), batch.encoded().begin(), batch.encoded().end());
  return message;
}

void send_to_all(Wire& wire, const pbft::Outgoing& message) {
  for (MemberIndex to = 0; to < wire.committee().size(); ++to) {
    if (to != wire.self()) wire.send(to, message);
  }
}

pbft::QuorumCertificate forge(const Wire& wire, Forgery how, MessageType type, const Bytes& body,
                              std::optional<MemberIndex> left_out) {
  pbft::QuorumCertificate certificate;
  for (MemberIndex member = 0; member < wire.committee().size(); ++member) {
    if (member == left_out) continue;
    if (wire.controls(member)) {
      certificate.endorsements.push_back({member, wire.sign_as(member, type, body)});
    } else if (how == Forgery::bad_others) {
      certificate.endorsements.push_back({member, wire.sign(type, body)});
    } else if (how == Forgery::other_kind) {
      certificate.endorsements.push_back(
          {member, wire.from_other_chain(member, type, body).signature});
    }
  }
  return certificate;
}

}  // namespace powershare::sim
