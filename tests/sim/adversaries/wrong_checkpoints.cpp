// Wrong checkpoints: CHECKPOINT and BLOCK votes of another state, for far or absurd sequences, and
// different ones for different members.
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class WrongCheckpoints final : public Strategy {
 public:
  explicit WrongCheckpoints(std::uint64_t seed)
      : Strategy("wrong_checkpoints", seed), per_mille_(100 + chance_.below(900)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool state =
        message.type == MessageType::checkpoint || message.type == MessageType::block_vote;
    if (!state || !chance_.chance(per_mille_)) return wire.send(to, message);
    auto body = message.body;
    // Of a CHECKPOINT: sequence, height or head; of a BLOCK: height or head.
    body[chance_.below(body.size())] ^= static_cast<std::uint8_t>(1 + chance_.below(255));
    wire.send(to, wire.sealed(message.type, std::move(body)));
  }

  void on_tick(Wire& wire) override {
    if (!chance_.chance(per_mille_ / 10)) return;
    const pbft::Sequence interval = wire.options().checkpoint_interval;
    pbft::Position position;
    position.sequence = (own_.stable / interval + 1 + chance_.below(20)) * interval;
    if (chance_.chance(200)) position.sequence = (~pbft::Sequence{0} / interval) * interval;
    position.height = own_.height + chance_.below(20);
    position.head = crypto::sha256(Encoder().u64(chance_.next()).data());
    send_to_all(wire, wire.sealed(MessageType::checkpoint, pbft::encode_checkpoint(position)));
    const pbft::BlockVote vote{own_.height + chance_.below(8), position.head};
    send_to_all(wire, wire.sealed(MessageType::block_vote, vote.encode()));
  }

  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_wrong_checkpoints(std::uint64_t seed) {
  return std::make_unique<WrongCheckpoints>(seed);
}

}  // namespace powershare::sim
