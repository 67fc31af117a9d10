// View spam: VIEW-CHANGEs to huge views, to ever the next one, and votes and NEW-VIEWs of them.
#include "protocol/pbft/new_view.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class ViewSpam final : public Strategy {
 public:
  explicit ViewSpam(std::uint64_t seed)
      : Strategy("view_spam", seed),
        endless_(chance_.chance(400)),
        per_mille_(20 + chance_.below(300)) {}

 private:
  void on_tick(Wire& wire) override {
    if (!chance_.chance(per_mille_)) return;
    const auto view = next_view();
    pbft::ViewChange spam;
    spam.view = view;
    spam.stable.position.head = wire.committee().genesis;
    const auto message = wire.sealed(MessageType::view_change, spam.encode());
    send_to_all(wire, message);
    if (chance_.chance(200)) {
      const pbft::Vote vote{view, own_.delivered + 1, crypto::sha256(message.body)};
      const auto type = chance_.chance(500) ? MessageType::prepare : MessageType::commit;
      send_to_all(wire, wire.sealed(type, vote.encode()));
    }
    if (chance_.chance(200)) {
      pbft::NewView lie;
      lie.view = view - view % wire.committee().size() + wire.self();
      lie.view_changes.push_back({wire.self(), message.body, message.signature});
      send_to_all(wire, wire.sealed(MessageType::new_view, lie.encode()));
    }
  }

  pbft::View next_view() {
    if (endless_) return own_.view + ++step_;
    constexpr pbft::View huge[] = {pbft::View{1} << 40, pbft::View{1} << 63, ~pbft::View{0}};
    const auto pick = chance_.below(4);
    return pick == 3 ? own_.view + 1 + chance_.below(64) : huge[pick] - chance_.below(1'000);
  }

  bool endless_;
  std::uint64_t per_mille_;
  pbft::View step_ = 0;
};

}  // namespace

std::unique_ptr<Adversary> make_view_spam(std::uint64_t seed) {
  return std::make_unique<ViewSpam>(seed);
}

}  // namespace powershare::sim
