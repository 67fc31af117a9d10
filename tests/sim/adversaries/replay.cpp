// Replay: old messages of its own again, at any later time and to anybody; VIEW-CHANGEs and
// NEW-VIEWs of others as RELAYED.
#include "protocol/pbft/relayed.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class Replay final : public Strategy {
 public:
  explicit Replay(std::uint64_t seed)
      : Strategy("replay", seed), per_mille_(50 + chance_.below(500)) {}

 private:
  static constexpr std::size_t kept = 256;

  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    keep(own_messages_, message);
    wire.send(to, message);
  }

  bool on_receive(Wire& wire, const pbft::Received& message) override {
    const bool view =
        message.type == MessageType::view_change || message.type == MessageType::new_view;
    if (view && chance_.chance(500)) {
      keep(others_, wire.sealed(MessageType::relayed,
                                pbft::encode_relayed(message.sender, message.type, message.body,
                                                     message.signature)));
    }
    return true;
  }

  void on_tick(Wire& wire) override {
    for (const auto* messages : {&own_messages_, &others_}) {
      if (messages->empty() || !chance_.chance(per_mille_)) continue;
      const auto& old = (*messages)[chance_.below(messages->size())];
      const auto to = static_cast<MemberIndex>(chance_.below(wire.committee().size()));
      if (to != wire.self()) wire.send(to, old);
    }
  }

  void keep(std::vector<pbft::Outgoing>& messages, const pbft::Outgoing& message) {
    if (messages.size() < kept) {
      messages.push_back(message);
    } else if (chance_.chance(100)) {
      messages[chance_.below(kept)] = message;
    }
  }

  std::uint64_t per_mille_;
  std::vector<pbft::Outgoing> own_messages_;
  std::vector<pbft::Outgoing> others_;
};

}  // namespace

std::unique_ptr<Adversary> make_replay(std::uint64_t seed) {
  return std::make_unique<Replay>(seed);
}

}  // namespace powershare::sim
