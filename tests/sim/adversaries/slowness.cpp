// Slowness: everything, or only proposals, or only votes, comes just below the time-out.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Slowness final : public Strategy {
 public:
  explicit Slowness(std::uint64_t seed)
      : Strategy("slowness", seed),
        kind_(chance_.below(4)),
        per_mille_(static_cast<std::int64_t>(400 + chance_.below(590))) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool proposal =
        message.type == MessageType::pre_prepare || message.type == MessageType::new_view;
    const bool vote = message.type == MessageType::prepare || message.type == MessageType::commit ||
                      message.type == MessageType::checkpoint ||
                      message.type == MessageType::view_change;
    const bool slow = kind_ == 0 || (kind_ == 1 && proposal) || (kind_ == 2 && vote) ||
                      (kind_ == 3 && pbft::is_state_transfer(message.type));
    wire.send(to, message, slow ? wire.options().request_timeout_ms * per_mille_ / 1'000 : 0);
  }

  std::uint64_t kind_;
  std::int64_t per_mille_;  ///< of the request time-out
};

}  // namespace

std::unique_ptr<Adversary> make_slowness(std::uint64_t seed) {
  return std::make_unique<Slowness>(seed);
}

}  // namespace powershare::sim
