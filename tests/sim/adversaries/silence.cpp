// Silence: nothing at all, nothing but STATUS, or nothing but to some; from some time on.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Silence final : public Strategy {
 public:
  explicit Silence(std::uint64_t seed)
      : Strategy("silence", seed),
        from_ms_(static_cast<std::int64_t>(chance_.below(3'000))),
        heartbeat_(chance_.chance(500)),
        deaf_(chance_.chance(200)),
        spared_(chance_.chance(300) ? chance_.next() : 0) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool quiet = wire.now().value > from_ms_ && (spared_ >> to & 1) == 0;
    if (!quiet || (heartbeat_ && message.type == MessageType::status)) wire.send(to, message);
  }
  bool on_receive(Wire& wire, const pbft::Received&) override {
    return !deaf_ || wire.now().value <= from_ms_;
  }

  std::int64_t from_ms_;
  bool heartbeat_;
  bool deaf_;
  std::uint64_t spared_;  ///< members that hear everything
};

}  // namespace

std::unique_ptr<Adversary> make_silence(std::uint64_t seed) {
  return std::make_unique<Silence>(seed);
}

}  // namespace powershare::sim
