// Withheld payload: as primary it orders batches whose bodies only some get, and answers no FETCH.
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class WithheldPayload final : public Strategy {
 public:
  explicit WithheldPayload(std::uint64_t seed)
      : Strategy("withheld_payload", seed),
        mask_(chance_.next()),
        garbage_(chance_.chance(300)),
        per_mille_(300 + chance_.below(700)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool body = message.type == MessageType::pre_prepare ||
                      message.type == MessageType::fetched_batch ||
                      message.type == MessageType::fetched_entry;
    if (!body || (mask_ >> to & 1) == 0 || !chance_.chance(per_mille_)) {
      return wire.send(to, message);
    }
    if (!garbage_) return;
    auto changed = message;
    changed.body.back() ^= 1;
    // The signed part of a PRE-PREPARE does not cover the body.
    if (message.type != MessageType::pre_prepare) {
      changed = wire.sealed(changed.type, std::move(changed.body));
    }
    wire.send(to, changed);
  }

  std::uint64_t mask_;
  bool garbage_;
  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_withheld_payload(std::uint64_t seed) {
  return std::make_unique<WithheldPayload>(seed);
}

}  // namespace powershare::sim
