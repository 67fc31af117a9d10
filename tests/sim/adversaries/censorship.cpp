// Censorship: the requests of some never reach this primary's batches while all others are served
// at once: what one member forwards, or whatever the adversary picks by its content.
#include <map>

#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Censorship final : public Strategy {
 public:
  explicit Censorship(std::uint64_t seed)
      : Strategy("censorship", seed),
        pick_(chance_.next()),
        by_content_(chance_.chance(700)),
        classes_(2 + chance_.below(6)) {}

 private:
  bool on_receive(Wire& wire, const pbft::Received& message) override {
    if (by_content_ || message.type != MessageType::request) return true;
    const auto others = wire.committee().size() - 1;
    return message.sender != (wire.self() + 1 + pick_ % others) % wire.committee().size();
  }

  /// Its own replica knows nothing of it: proposals leave without the unwanted requests, and
  /// COMMITs follow what was sent.
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const auto vote = vote_of(message);
    if (!by_content_ || !vote) return wire.send(to, message);
    if (message.type == MessageType::pre_prepare) {
      auto [found, added] = censored_.try_emplace({vote->view, vote->sequence});
      if (added) found->second = without_unwanted(message);
      while (censored_.size() > 256) censored_.erase(censored_.begin());
      if (found->second) return wire.send(to, pre_prepare(wire, *vote, *found->second));
    } else if (message.type == MessageType::commit) {
      const auto found = censored_.find({vote->view, vote->sequence});
      if (found != censored_.end() && found->second) {
        auto changed = *vote;
        changed.digest = found->second->digest();
        return wire.send(to, wire.sealed(MessageType::commit, changed.encode()));
      }
    }
    wire.send(to, message);
  }

  bool unwanted(const crypto::Digest& id) const { return id[0] % classes_ == pick_ % classes_; }

  pbft::BatchPointer without_unwanted(const pbft::Outgoing& message) const {
    const auto batch = pbft::Batch::decode(message.body, pbft::Vote::encoded_bytes,
                                           pbft::BatchLimits{1u << 16, 1u << 24});
    if (!batch || (*batch)->is_null()) return nullptr;
    std::vector<ByteView> kept;
    for (std::size_t i = 0; i < (*batch)->ids().size(); ++i) {
      if (!unwanted((*batch)->ids()[i])) kept.push_back((*batch)->requests()[i]);
    }
    if (kept.size() == (*batch)->requests().size()) return nullptr;
    return pbft::Batch::make((*batch)->time(), kept);
  }

  std::uint64_t pick_;
  bool by_content_;
  std::uint64_t classes_;
  std::map<std::pair<pbft::View, pbft::Sequence>, pbft::BatchPointer> censored_;
};

}  // namespace

std::unique_ptr<Adversary> make_censorship(std::uint64_t seed) {
  return std::make_unique<Censorship>(seed);
}

}  // namespace powershare::sim
