// Hidden prepared certificates: it puts together valid certificates from the votes that it sees,
// and its VIEW-CHANGEs show them when they suit it: none, those of the oldest view, or all.
#include <map>

#include "protocol/pbft/view_change.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class HiddenPrepared final : public Strategy {
 public:
  explicit HiddenPrepared(std::uint64_t seed)
      : Strategy("hidden_prepared", seed), keeps_vote_(chance_.chance(500)) {}

 private:
  static constexpr std::size_t kept = 512;

  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const auto vote = vote_of(message);
    if (vote && message.type == MessageType::pre_prepare)
      note(*vote).pre_prepare = message.signature;
    // The others may prepare without its help, or not at all.
    if (vote && message.type == MessageType::prepare) {
      note(*vote).prepares[wire.self()] = message.signature;
      if (keeps_vote_ && chance_.chance(700)) return;
    }
    if (message.type != MessageType::view_change) return wire.send(to, message);
    if (planned_for_ != message.body) {
      planned_for_ = message.body;
      planned_ = instead_of(wire, message);
    }
    wire.send(to, planned_);
  }

  bool on_receive(Wire& wire, const pbft::Received& message) override {
    const bool proposal = message.type == MessageType::pre_prepare;
    if (!proposal && message.type != MessageType::prepare) return true;
    if (message.body.size() < pbft::Vote::encoded_bytes) return true;
    const auto vote = pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
    const bool primary = wire.committee().primary(vote->view) == message.sender;
    if (proposal && primary) {
      note(*vote).pre_prepare = message.signature;
    } else if (!proposal && !primary) {
      note(*vote).prepares[message.sender] = message.signature;
    }
    return true;
  }

  pbft::Outgoing instead_of(const Wire& wire, const pbft::Outgoing& message) {
    auto content = pbft::ViewChange::decode(message.body, wire.options().window);
    const auto choice = chance_.below(4);
    if (!content || choice == 0) return message;
    content->prepared.clear();
    if (choice > 1) {
      std::map<pbft::Sequence, pbft::PreparedCertificate> oldest;  // views rise in seen_
      for (const auto& [key, votes] : seen_) {
        const pbft::Vote vote{std::get<0>(key), std::get<1>(key), std::get<2>(key)};
        const auto low = content->stable.position.sequence;
        if (vote.view >= content->view || vote.sequence <= low ||
            vote.sequence - low > wire.options().window) {
          continue;
        }
        if (auto certificate = certify(wire, vote, votes))
          oldest.emplace(vote.sequence, *certificate);
      }
      for (auto& [sequence, certificate] : oldest) content->prepared.push_back(certificate);
    }
    return wire.sealed(MessageType::view_change, content->encode());
  }

  struct Votes {
    std::optional<crypto::Signature> pre_prepare;
    std::map<MemberIndex, crypto::Signature> prepares;
  };

  std::optional<pbft::PreparedCertificate> certify(const Wire& wire, const pbft::Vote& vote,
                                                   const Votes& votes) const {
    const auto primary = wire.committee().primary(vote.view);
    const auto body = vote.encode();
    pbft::PreparedCertificate certificate;
    certificate.vote = vote;
    if (votes.pre_prepare) {
      certificate.pre_prepare = *votes.pre_prepare;
    } else if (wire.controls(primary)) {
      certificate.pre_prepare = wire.sign_as(primary, MessageType::pre_prepare, body);
    } else {
      return std::nullopt;
    }
    for (MemberIndex member = 0; member < wire.committee().size(); ++member) {
      if (member == primary) continue;
      const auto found = votes.prepares.find(member);
      if (wire.controls(member)) {
        certificate.prepares.endorsements.push_back(
            {member, wire.sign_as(member, MessageType::prepare, body)});
      } else if (found != votes.prepares.end()) {
        certificate.prepares.endorsements.push_back({member, found->second});
      }
    }
    if (certificate.prepares.endorsements.size() + 1 < wire.committee().quorum()) {
      return std::nullopt;
    }
    return certificate;
  }

  Votes& note(const pbft::Vote& vote) {
    auto& votes = seen_[{vote.view, vote.sequence, vote.digest}];
    while (seen_.size() > kept) {
      // What lies lowest in sequence is of no use any more.
      auto lowest = seen_.begin();
      for (auto it = seen_.begin(); it != seen_.end(); ++it) {
        if (std::get<1>(it->first) < std::get<1>(lowest->first)) lowest = it;
      }
      if (&lowest->second == &votes) break;
      seen_.erase(lowest);
    }
    return votes;
  }

  bool keeps_vote_;
  std::map<std::tuple<pbft::View, pbft::Sequence, crypto::Digest>, Votes> seen_;
  Bytes planned_for_;
  pbft::Outgoing planned_;
};

}  // namespace

std::unique_ptr<Adversary> make_hidden_prepared(std::uint64_t seed) {
  return std::make_unique<HiddenPrepared>(seed);
}

}  // namespace powershare::sim
