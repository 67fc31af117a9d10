// Censorship: whatever one member's clients ask for never reaches this primary's batches, while all
// others are served at once.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Censorship final : public Strategy {
 public:
  explicit Censorship(std::uint64_t seed) : Strategy("censorship", seed), pick_(chance_.next()) {}

 private:
  bool on_receive(Wire& wire, const pbft::Received& message) override {
    const auto others = wire.committee().size() - 1;
    const auto victim = (wire.self() + 1 + pick_ % others) % wire.committee().size();
    return message.type != MessageType::request || message.sender != victim;
  }

  std::uint64_t pick_;
};

}  // namespace

std::unique_ptr<Adversary> make_censorship(std::uint64_t seed) {
  return std::make_unique<Censorship>(seed);
}

}  // namespace powershare::sim
