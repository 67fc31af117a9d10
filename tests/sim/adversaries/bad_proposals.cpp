// Bad proposals: requests that nobody signed, a request twice, one that is executed already, one
// that doors refuse (forged, expired, of a higher level), a time off the clock, sequences beyond
// the window or far below, more than a batch may hold.
#include <limits>

#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class BadProposals final : public Strategy {
 public:
  explicit BadProposals(std::uint64_t seed)
      : Strategy("bad_proposals", seed),
        kind_(chance_.below(8)),
        per_mille_(100 + chance_.below(500)) {}

 private:
  static constexpr std::size_t kept = 32;

  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const auto vote = vote_of(message);
    if (message.type != MessageType::pre_prepare || !vote) return wire.send(to, message);
    if (planned_ != std::pair(vote->view, vote->sequence)) {
      planned_ = {vote->view, vote->sequence};
      bad_.reset();
      if (chance_.chance(per_mille_)) bad_ = make(wire, *vote, message);
    }
    if (bad_) wire.send(to, *bad_);
    if (!bad_ || beside_) wire.send(to, message);
  }

  void on_refused(ByteView request) override {
    if (refused_.size() < kept) {
      refused_.push_back(to_bytes(request));
    } else {
      refused_[chance_.below(kept)] = to_bytes(request);
    }
  }

  std::optional<pbft::Outgoing> make(const Wire& wire, pbft::Vote vote,
                                     const pbft::Outgoing& message) {
    const auto batch = pbft::Batch::decode(message.body, pbft::Vote::encoded_bytes,
                                           pbft::BatchLimits{1u << 16, 1u << 24});
    if (!batch) return std::nullopt;
    auto time = (*batch)->time();
    auto requests = (*batch)->requests();
    const auto junk = Encoder().u8(static_cast<std::uint8_t>(chance_.below(256))).data();
    beside_ = false;
    switch (kind_ == 7 ? chance_.below(7) : kind_) {
      case 0:
        requests.push_back(junk);
        break;
      case 1:
        if (requests.empty()) return std::nullopt;
        requests.push_back(requests.front());
        break;
      case 2:
        for (const auto& request : old_) requests.push_back(request);
        break;
      case 3:
        time = UtcMillis{chance_.chance(300)
                             ? std::numeric_limits<std::int64_t>::min()
                             : time.value + (chance_.chance(500) ? 1 : -1) * millis_per_hour};
        break;
      case 4:
        beside_ = true;
        vote.sequence = chance_.chance(200) ? ~std::uint64_t{0} - chance_.below(4)
                                            : vote.sequence + wire.options().window +
                                                  chance_.below(wire.options().window);
        break;
      case 5:
        if (refused_.empty()) return std::nullopt;
        requests.push_back(refused_[chance_.below(refused_.size())]);
        break;
      default:
        while (requests.size() <= wire.options().batch.max_requests) requests.push_back(junk);
    }
    const auto made = pbft::Batch::make(time, requests);
    if (!(*batch)->requests().empty()) {
      old_.clear();
      for (const auto request : (*batch)->requests()) old_.push_back(to_bytes(request));
    }
    return pre_prepare(wire, vote, *made);
  }

  std::uint64_t kind_;
  std::uint64_t per_mille_;
  bool beside_ = false;  ///< the honest proposal goes out too
  std::pair<pbft::View, pbft::Sequence> planned_;
  std::optional<pbft::Outgoing> bad_;
  std::vector<Bytes> old_;      ///< requests of an earlier batch
  std::vector<Bytes> refused_;  ///< by its own door
};

}  // namespace

std::unique_ptr<Adversary> make_bad_proposals(std::uint64_t seed) {
  return std::make_unique<BadProposals>(seed);
}

}  // namespace powershare::sim
