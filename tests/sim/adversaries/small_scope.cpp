// Small changes (after ByzzFuzz): view or sequence of a message off by one, or the
// digest of an earlier one, properly signed.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class SmallScope final : public Strategy {
 public:
  explicit SmallScope(std::uint64_t seed)
      : Strategy("small_scope", seed), per_mille_(30 + chance_.below(300)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    auto vote = vote_of(message);
    const bool votes = message.type == MessageType::pre_prepare ||
                       message.type == MessageType::prepare || message.type == MessageType::commit;
    const bool numbered =
        message.type == MessageType::view_change || message.type == MessageType::new_view ||
        message.type == MessageType::checkpoint || message.type == MessageType::block_vote;
    if ((!votes && !numbered) || !vote || !chance_.chance(per_mille_)) {
      if (votes && vote && chance_.chance(100)) earlier_ = *vote;
      return wire.send(to, message);
    }
    auto body = message.body;
    if (numbered) {  // these begin with a view, a sequence or a height
      const auto first = Decoder(body).u64() + (chance_.chance(500) ? 1 : ~std::uint64_t{0});
      const auto bytes = Encoder().u64(first).data();
      std::copy(bytes.begin(), bytes.end(), body.begin());
    } else {
      switch (chance_.below(5)) {
        case 0:
          ++vote->view;
          break;
        case 1:
          --vote->view;
          break;
        case 2:
          ++vote->sequence;
          break;
        case 3:
          --vote->sequence;
          break;
        default:
          if (earlier_) vote->digest = earlier_->digest;
      }
      const auto bytes = vote->encode();
      std::copy(bytes.begin(), bytes.end(), body.begin());
    }
    if (chance_.chance(500)) wire.send(to, message);
    wire.send(to, wire.sealed(message.type, std::move(body)));
  }

  std::uint64_t per_mille_;
  std::optional<pbft::Vote> earlier_;
};

}  // namespace

std::unique_ptr<Adversary> make_small_scope(std::uint64_t seed) {
  return std::make_unique<SmallScope>(seed);
}

}  // namespace powershare::sim
