#include "tests/sim/adversaries/catalogue.hpp"

#include <algorithm>

#include "sim/generator.hpp"

namespace powershare::sim {
namespace {

constexpr CatalogueEntry entries[] = {
    {"bad_proposals", make_bad_proposals},
    {"censorship", make_censorship},
    {"double_votes", make_double_votes},
    {"equivocation", make_equivocation},
    {"forged_certificates", make_forged_certificates},
    {"frozen_primary", make_frozen_primary},
    {"hidden_prepared", make_hidden_prepared},
    {"impersonation", make_impersonation},
    {"lying_new_view", make_lying_new_view},
    {"lying_status", make_lying_status},
    {"replay", make_replay},
    {"silence", make_silence},
    {"slowness", make_slowness},
    {"small_scope", make_small_scope},
    {"view_spam", make_view_spam},
    {"withheld_payload", make_withheld_payload},
    {"wrong_checkpoints", make_wrong_checkpoints},
    {"wrong_promises", make_wrong_promises},
    {"wrong_state", make_wrong_state},
};

/// Strategies behind one another: what one sends at once, the next may change again.
class Combination final : public Adversary {
 public:
  explicit Combination(std::uint64_t seed) : chance_(seed) {}

  void add(std::unique_ptr<Adversary> strategy, bool always) {
    stages_.push_back({std::move(strategy), always, {}});
  }

  std::string name() const override {
    std::string names;
    for (const auto& stage : stages_) {
      names += (names.empty() ? "" : "+") + stage.strategy->name();
    }
    return names;
  }
  void on_send(Wire& wire, pbft::MemberIndex to, const pbft::Outgoing& message) override {
    pass(0, wire, to, message);
  }
  bool on_receive(Wire& wire, const pbft::Received& message) override {
    bool seen = true;
    for (auto& stage : stages_) {
      if (at_work(stage, wire)) seen = stage.strategy->on_receive(wire, message) && seen;
    }
    return seen;
  }
  void on_refused(ByteView request) override {
    for (auto& stage : stages_) stage.strategy->on_refused(request);
  }
  void on_tick(Wire& wire) override {
    for (auto& stage : stages_) {
      if (at_work(stage, wire)) stage.strategy->on_tick(wire);
    }
  }

 private:
  struct Stage {
    std::unique_ptr<Adversary> strategy;
    bool always = true;
    /// Otherwise: at work in every other of these stretches.
    MonotonicMillis until;
    bool working = false;
  };

  /// The wire that a stage sees: sending leads to the next one.
  class Between final : public Wire {
   public:
    Between(Combination& combination, std::size_t next, Wire& wire)
        : combination_(combination), next_(next), wire_(wire) {}
    pbft::MemberIndex self() const override { return wire_.self(); }
    bool controls(pbft::MemberIndex member) const override { return wire_.controls(member); }
    const pbft::Committee& committee() const override { return wire_.committee(); }
    const pbft::Options& options() const override { return wire_.options(); }
    MonotonicMillis now() const override { return wire_.now(); }
    UtcMillis wall_clock() const override { return wire_.wall_clock(); }
    std::uint64_t random(std::uint64_t below) override { return wire_.random(below); }
    crypto::Signature sign_as(pbft::MemberIndex member, pbft::MessageType type,
                              ByteView body) const override {
      return wire_.sign_as(member, type, body);
    }
    wire::Envelope from_other_chain(pbft::MemberIndex author, pbft::MessageType type,
                                    Bytes body) const override {
      return wire_.from_other_chain(author, type, std::move(body));
    }
    void send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) override {
      if (delay_ms > 0) return wire_.send(to, std::move(message), delay_ms);
      combination_.pass(next_, wire_, to, message);
    }
    void send_envelope(pbft::MemberIndex to, wire::Envelope envelope,
                       std::int64_t delay_ms) override {
      wire_.send_envelope(to, std::move(envelope), delay_ms);
    }

   private:
    Combination& combination_;
    std::size_t next_;
    Wire& wire_;
  };

  bool at_work(Stage& stage, const Wire& wire) {
    if (stage.always) return true;
    if (wire.now() >= stage.until) {
      stage.working = !stage.working;
      stage.until = {wire.now().value + 200 + static_cast<std::int64_t>(chance_.below(4'000))};
    }
    return stage.working;
  }

  void pass(std::size_t index, Wire& wire, pbft::MemberIndex to, const pbft::Outgoing& message) {
    while (index < stages_.size() && !at_work(stages_[index], wire)) ++index;
    if (index == stages_.size()) return wire.send(to, message);
    Between between(*this, index + 1, wire);
    stages_[index].strategy->on_send(between, to, message);
  }

  Generator chance_;
  std::vector<Stage> stages_;
};

}  // namespace

std::span<const CatalogueEntry> catalogue() {
  return entries;
}

AdversaryFactory drawn_adversaries(std::string_view name) {
  if (!name.empty()) {
    const auto* found = std::find_if(std::begin(entries), std::end(entries),
                                     [&](const auto& it) { return it.name == name; });
    if (found == std::end(entries)) return {};
    return [make = found->make](pbft::MemberIndex, std::uint32_t, std::uint64_t seed) {
      return make(seed);
    };
  }
  return [](pbft::MemberIndex, std::uint32_t, std::uint64_t seed) -> std::unique_ptr<Adversary> {
    Generator chance(seed);
    auto combination = std::make_unique<Combination>(chance.next());
    const auto count = 1 + chance.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto& entry = entries[chance.below(std::size(entries))];
      combination->add(entry.make(chance.next()), chance.chance(600));
    }
    return combination;
  };
}

}  // namespace powershare::sim
