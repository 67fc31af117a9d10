// Impersonation: votes, CHECKPOINTs, VIEW-CHANGEs and proposals in the name of others, signed by
// itself, by nobody, or as the others signed them on another chain.
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/view_change.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Impersonation final : public Strategy {
 public:
  explicit Impersonation(std::uint64_t seed)
      : Strategy("impersonation", seed), per_mille_(50 + chance_.below(300)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool worth =
        message.type == MessageType::prepare || message.type == MessageType::commit ||
        message.type == MessageType::block_vote || message.type == MessageType::checkpoint;
    wire.send(to, message);
    if (!worth || !chance_.chance(per_mille_)) return;
    // What it says itself, all others seem to say too.
    for (MemberIndex author = 0; author < wire.committee().size(); ++author) {
      if (author != wire.self() && author != to) {
        wire.send_envelope(to, in_the_name_of(wire, author, message.type, message.body));
      }
    }
  }

  void on_tick(Wire& wire) override {
    if (!chance_.chance(per_mille_ / 4)) return;
    const auto author = static_cast<MemberIndex>(chance_.below(wire.committee().size()));
    const auto to = static_cast<MemberIndex>(chance_.below(wire.committee().size()));
    if (author == wire.self() || to == wire.self() || author == to) return;
    if (chance_.chance(500)) {
      const pbft::Vote vote{own_.view, own_.delivered + 1 + chance_.below(4),
                            crypto::sha256(Encoder().u64(chance_.next()).data())};
      const auto type = chance_.chance(500) ? MessageType::prepare : MessageType::commit;
      wire.send_envelope(to, in_the_name_of(wire, author, type, vote.encode()));
    } else {
      pbft::ViewChange content;
      content.view = own_.view + 1 + chance_.below(3);
      content.stable.position.head = wire.committee().genesis;
      wire.send_envelope(to,
                         in_the_name_of(wire, author, MessageType::view_change, content.encode()));
    }
  }

  wire::Envelope in_the_name_of(const Wire& wire, MemberIndex author, MessageType type,
                                Bytes body) {
    auto envelope = wire.from_other_chain(author, type, body);
    const auto kind = chance_.below(4);
    if (kind == 3) return envelope;  // as it is
    envelope.genesis = wire.committee().genesis;
    envelope.epoch = wire.committee().epoch;
    if (kind == 1) envelope.signature = wire.sign(type, body);
    if (kind == 2) envelope.signature = {};
    return envelope;
  }

  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_impersonation(std::uint64_t seed) {
  return std::make_unique<Impersonation>(seed);
}

}  // namespace powershare::sim
