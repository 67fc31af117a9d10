#include "sim/byzantine_member.hpp"

namespace powershare::sim {

ByzantineMember::ByzantineMember(std::unique_ptr<Adversary> adversary, const PeerShell& shell,
                                 Network& network, const std::vector<bool>& byzantine,
                                 Generator generator)
    : adversary_(std::move(adversary)),
      shell_(shell),
      network_(network),
      byzantine_(byzantine),
      generator_(generator) {
  epoch_began(shell.chain.committee);
}

void ByzantineMember::epoch_began(const pbft::Committee& committee) {
  committees_.try_emplace(committee.epoch, committee);
  committee_ = &committees_.rbegin()->second;
}

const pbft::Committee& ByzantineMember::committee(std::uint64_t epoch) const {
  const auto found = committees_.find(epoch);
  return found == committees_.end() ? committees_.rbegin()->second : found->second;
}

pbft::MemberIndex ByzantineMember::index_in(const pbft::Committee& committee,
                                            std::uint32_t process) const {
  pbft::MemberIndex index = 0;
  while (index < committee.size() && shell_.chain.process_of(committee.members[index]) != process) {
    ++index;
  }
  return index;
}

const crypto::PublicKey& ByzantineMember::key_of(pbft::MemberIndex member) const {
  return member < committee_->size() ? committee_->members[member]
                                     : shell_.chain.first_key(shell_.id);
}

void ByzantineMember::on_send(std::uint32_t process, const pbft::Outgoing& message) {
  committee_ = &committee(message.epoch);
  const auto to = pbft::is_state_transfer(message.type) ? process : index_in(*committee_, process);
  adversary_->on_send(*this, to, message);
}

bool ByzantineMember::on_receive(const pbft::Received& message) {
  committee_ = &committee(message.epoch);
  return adversary_->on_receive(*this, message);
}

void ByzantineMember::on_tick() {
  committee_ = &committees_.rbegin()->second;
  if (self() < committee_->size()) adversary_->on_tick(*this);
}

bool ByzantineMember::controls(pbft::MemberIndex member) const {
  if (member >= committee_->size()) return member == self();
  return byzantine_[*shell_.chain.process_of(committee_->members[member])];
}

crypto::Signature ByzantineMember::sign_as(pbft::MemberIndex member, pbft::MessageType type,
                                           ByteView body) const {
  PS_ASSERT(controls(member));  // nobody forges
  return shell_.chain.keys.sign_as(key_of(member), committee_->statement(type, body));
}

wire::Envelope ByzantineMember::from_other_chain(pbft::MemberIndex author, pbft::MessageType type,
                                                 Bytes body) const {
  auto other = *committee_;
  other.genesis = crypto::sha256(other.genesis);
  wire::Envelope envelope;
  envelope.genesis = other.genesis;
  envelope.epoch = other.epoch;
  envelope.type = type;
  envelope.sender = author;
  envelope.signature = shell_.chain.keys.sign_as(key_of(author), other.statement(type, body));
  envelope.body = std::move(body);
  return envelope;
}

void ByzantineMember::send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) {
  wire::Envelope envelope;
  envelope.genesis = committee_->genesis;
  envelope.epoch = message.epoch;
  envelope.type = message.type;
  envelope.sender = pbft::is_state_transfer(message.type)
                        ? shell_.id
                        : index_in(committee(message.epoch), shell_.id);
  envelope.body = std::move(message.body);
  envelope.signature = message.signature;
  send_envelope(to, std::move(envelope), delay_ms);
}

void ByzantineMember::send_envelope(pbft::MemberIndex to, wire::Envelope envelope,
                                    std::int64_t delay_ms) {
  auto process = to;
  if (!pbft::is_state_transfer(envelope.type)) {
    if (to >= committee_->size()) return;
    process = *shell_.chain.process_of(committee_->members[to]);
  }
  if (process == shell_.id || process >= byzantine_.size()) return;
  network_.send(shell_.id, process, std::make_shared<const wire::Envelope>(std::move(envelope)),
                std::max<std::int64_t>(0, delay_ms));
}

}  // namespace powershare::sim
