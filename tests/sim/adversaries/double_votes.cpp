// Double votes: for one view and sequence a second digest, to some members or to all, before or
// after the first; the same for CHECKPOINT and BLOCK.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class DoubleVotes final : public Strategy {
 public:
  explicit DoubleVotes(std::uint64_t seed)
      : Strategy("double_votes", seed),
        mask_(chance_.next() | 1),
        both_(chance_.chance(500)),
        per_mille_(200 + chance_.below(800)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool vote = message.type == MessageType::prepare || message.type == MessageType::commit ||
                      message.type == MessageType::checkpoint ||
                      message.type == MessageType::block_vote;
    if (!vote || (mask_ >> to & 1) == 0 || !chance_.chance(per_mille_)) {
      return wire.send(to, message);
    }
    auto body = message.body;
    body.back() ^= 1;
    const auto second = wire.sealed(message.type, std::move(body));
    const bool first_too = both_ || chance_.chance(300);
    if (first_too && chance_.chance(500)) wire.send(to, message);
    wire.send(to, second);
    if (first_too) wire.send(to, message, 1);
  }

  std::uint64_t mask_;
  bool both_;
  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_double_votes(std::uint64_t seed) {
  return std::make_unique<DoubleVotes>(seed);
}

}  // namespace powershare::sim
