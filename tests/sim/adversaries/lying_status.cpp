// Lying STATUS: masks, heights, views, clocks and recovery that are not so; other lies to others.
#include <limits>

#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class LyingStatus final : public Strategy {
 public:
  explicit LyingStatus(std::uint64_t seed)
      : Strategy("lying_status", seed),
        kind_(chance_.below(9)),
        per_mille_(200 + chance_.below(800)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    if (message.type != MessageType::status || !chance_.chance(per_mille_)) {
      return wire.send(to, message);
    }
    auto lie = own_;
    change(wire, lie, kind_ == 8 ? chance_.below(8) : kind_);
    wire.send(to, wire.sealed(MessageType::status, lie.encode()));
  }

  void change(const Wire& wire, pbft::StatusMessage& lie, std::uint64_t kind) {
    constexpr auto all = ~std::uint64_t{0};
    constexpr std::int64_t clocks[] = {std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max(), -millis_per_hour,
                                       millis_per_hour, 0};
    const auto some = [this](std::uint64_t near) {
      return chance_.chance(200) ? all - chance_.below(4) : near + chance_.below(40);
    };
    switch (kind) {
      case 0:
        lie.recovering_to = lie.stable + chance_.below(6 * wire.options().window);
        break;
      case 1:  // has everything
        for (auto& slot : lie.slots) slot = {7, all, all};
        lie.view_changes = all;
        break;
      case 2:  // has nothing
        for (auto& slot : lie.slots) slot = {};
        lie.view_changes = 0;
        lie.delivered = lie.executed = lie.stable = lie.height = lie.certified_height = 0;
        break;
      case 3:
        lie.delivered = some(lie.delivered);
        lie.executed = some(lie.executed);
        break;
      case 4:
        lie.height = some(lie.height);
        lie.certified_height = chance_.chance(500) ? 0 : some(lie.certified_height);
        lie.stable = some(lie.stable);
        break;
      case 5: {
        const auto clock = clocks[chance_.below(5)];
        const bool absolute = clock > millis_per_hour || clock < -millis_per_hour;
        lie.clock = UtcMillis{absolute ? clock : wire.wall_clock().value + clock};
        break;
      }
      case 6:
        lie.view = chance_.chance(300) ? all : lie.view + chance_.below(2 * 10);
        lie.view_active = chance_.chance(500);
        break;
      default:
        lie.helper = static_cast<MemberIndex>(chance_.below(wire.committee().size()));
        lie.slots.resize(chance_.below(2 * wire.options().window), {0, all, 0});
    }
  }

  std::uint64_t kind_;
  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_lying_status(std::uint64_t seed) {
  return std::make_unique<LyingStatus>(seed);
}

}  // namespace powershare::sim
