// Equivocation: as primary, different batches for the two halves of the members, each half
// supported by COMMITs of its own; or the batch of one digest with the body of another.
#include <map>

#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Equivocation final : public Strategy {
 public:
  explicit Equivocation(std::uint64_t seed)
      : Strategy("equivocation", seed), per_mille_(chance_.chance(500) ? 1'000 : 200) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const auto vote = vote_of(message);
    if (message.type == MessageType::pre_prepare && vote) {
      auto [found, added] = plans_.try_emplace({vote->view, vote->sequence});
      if (added && chance_.chance(per_mille_)) {
        found->second.mask = 1 + chance_.below((1u << wire.committee().size()) - 1);
        found->second.same_digest = chance_.chance(250);
        found->second.batch = other_batch(message, 1 + static_cast<std::int64_t>(chance_.below(9)));
      }
      const auto& plan = found->second;
      if (!plan.batch || (plan.mask >> to & 1) == 0) return wire.send(to, message);
      if (!plan.same_digest) return wire.send(to, pre_prepare(wire, *vote, *plan.batch));
      auto changed = message;
      changed.body.resize(pbft::Vote::encoded_bytes);
      const auto encoded = plan.batch->encoded();
      changed.body.insert(changed.body.end(), encoded.begin(), encoded.end());
      return wire.send(to, changed);
    }
    const bool votes = message.type == MessageType::prepare || message.type == MessageType::commit;
    if (votes && vote) {
      const auto found = plans_.find({vote->view, vote->sequence});
      const bool second = found != plans_.end() && found->second.batch &&
                          !found->second.same_digest && (found->second.mask >> to & 1) != 0;
      if (second) {
        auto changed = *vote;
        changed.digest = found->second.batch->digest();
        return wire.send(to, wire.sealed(message.type, changed.encode()));
      }
    }
    wire.send(to, message);
  }

  /// Before the honest half can have prepared: COMMITs for both batches at once.
  void on_tick(Wire& wire) override {
    for (auto& [place, plan] : plans_) {
      if (!plan.batch || plan.same_digest || plan.committed) continue;
      plan.committed = true;
      const pbft::Vote vote{place.first, place.second, plan.batch->digest()};
      for (MemberIndex to = 0; to < wire.committee().size(); ++to) {
        if (to == wire.self() || (plan.mask >> to & 1) == 0) continue;
        wire.send(to, wire.sealed(MessageType::prepare, vote.encode()));
        wire.send(to, wire.sealed(MessageType::commit, vote.encode()));
      }
    }
    while (plans_.size() > 512) plans_.erase(plans_.begin());
  }

  struct Plan {
    std::uint64_t mask = 0;  ///< members that get the other batch
    bool same_digest = false;
    bool committed = false;
    pbft::BatchPointer batch;
  };
  std::uint64_t per_mille_;
  std::map<std::pair<pbft::View, pbft::Sequence>, Plan> plans_;
};

}  // namespace

std::unique_ptr<Adversary> make_equivocation(std::uint64_t seed) {
  return std::make_unique<Equivocation>(seed);
}

}  // namespace powershare::sim
