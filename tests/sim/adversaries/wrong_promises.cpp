// Wrong PROMISES to members that have restarted: nothing, something old, something changed,
// promises that were never made, or an answer that nobody asked for.
#include "protocol/pbft/promises.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class WrongPromises final : public Strategy {
 public:
  explicit WrongPromises(std::uint64_t seed)
      : Strategy("wrong_promises", seed), kind_(chance_.below(6)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    if (message.type != MessageType::promises) return wire.send(to, message);
    auto answer = pbft::Promises::decode(message.body);
    if (!answer) return wire.send(to, message);
    switch (kind_ == 5 ? chance_.below(5) : kind_) {
      case 0:
        answer->newest.clear();
        break;
      case 1:
        if (old_.size() > to && old_[to]) return wire.send(to, *old_[to]);
        break;
      case 2:
        for (auto& promise : answer->newest) promise.body[7] ^= 1;
        break;
      case 3: {
        const pbft::Vote vote{own_.view + 3, own_.delivered + 2 * wire.options().window, {}};
        auto& lie = answer->newest.emplace_back();
        if (answer->newest.size() > 4) answer->newest.erase(answer->newest.begin());
        lie.type = MessageType::prepare;
        lie.body = vote.encode();
        lie.signature = wire.sign(MessageType::prepare, lie.body);
        break;
      }
      default:
        answer->stable.position.sequence += wire.options().checkpoint_interval;
        break;
    }
    old_.resize(wire.committee().size());
    if (!old_[to] || chance_.chance(200)) old_[to] = message;
    wire.send(to, wire.sealed(message.type, answer->encode()));
  }

  void on_tick(Wire& wire) override {
    if (old_.empty() || !chance_.chance(50)) return;
    const auto to = chance_.below(old_.size());
    if (old_[to]) wire.send(static_cast<MemberIndex>(to), *old_[to]);
  }

  std::uint64_t kind_;
  std::vector<std::optional<pbft::Outgoing>> old_;  ///< by asker
};

}  // namespace

std::unique_ptr<Adversary> make_wrong_promises(std::uint64_t seed) {
  return std::make_unique<WrongPromises>(seed);
}

}  // namespace powershare::sim
