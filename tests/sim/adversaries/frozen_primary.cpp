// Frozen primary: it sends its STATUS and its votes, and proposes nothing, or only now and then, or
// nothing as soon as it leads again.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class FrozenPrimary final : public Strategy {
 public:
  explicit FrozenPrimary(std::uint64_t seed)
      : Strategy("frozen_primary", seed),
        per_mille_(chance_.chance(500) ? 1'000 : 500 + chance_.below(500)),
        new_views_too_(chance_.chance(400)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    if (message.type == MessageType::new_view && new_views_too_) return;
    if (message.type == MessageType::pre_prepare) {
      if (const auto vote = vote_of(message); vote && vote->sequence != last_) {
        last_ = vote->sequence;
        frozen_ = chance_.chance(per_mille_);
      }
      if (frozen_) return;
    }
    wire.send(to, message);
  }

  std::uint64_t per_mille_;
  bool new_views_too_;
  bool frozen_ = true;
  pbft::Sequence last_ = 0;
};

}  // namespace

std::unique_ptr<Adversary> make_frozen_primary(std::uint64_t seed) {
  return std::make_unique<FrozenPrimary>(seed);
}

}  // namespace powershare::sim
