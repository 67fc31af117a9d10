#include "tests/sim/twins.hpp"

#include <set>

#include "protocol/wire/gatekeeper.hpp"
#include "sim/fingerprint.hpp"
#include "sim/invariants.hpp"
#include "sim/network.hpp"
#include "sim/simulated_peer.hpp"

namespace powershare::sim {
namespace {

constexpr std::int64_t settle_ms = 300;  ///< before the first partition: everybody has started
constexpr std::int64_t round_lengths_ms[] = {250, 900};
constexpr std::int64_t max_liveness_ms = 20'000;

/// All ways to part `instances` into at most `sides` groups, as restricted growth strings.
std::vector<std::vector<std::uint8_t>> partitions(std::uint32_t instances, std::uint32_t sides) {
  std::vector<std::vector<std::uint8_t>> all;
  std::vector<std::uint8_t> groups(instances, 0);
  const auto grow = [&](auto&& self, std::uint32_t at, std::uint8_t used) -> void {
    if (at == instances) {
      all.push_back(groups);
      return;
    }
    for (std::uint8_t group = 0; group <= used && group < sides; ++group) {
      groups[at] = group;
      self(self, at + 1, std::max<std::uint8_t>(used, static_cast<std::uint8_t>(group + 1)));
    }
  };
  grow(grow, 1, 1);
  return all;
}

/// Which identities are doubled: every choice of `twins` members.
std::vector<std::vector<std::uint32_t>> choices(std::uint32_t members, std::uint32_t twins) {
  std::vector<std::vector<std::uint32_t>> all;
  for (std::uint32_t mask = 0; mask < (1u << members); ++mask) {
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t member = 0; member < members; ++member) {
      if ((mask >> member & 1) != 0) chosen.push_back(member);
    }
    if (chosen.size() == twins) all.push_back(std::move(chosen));
  }
  return all;
}

class TwinsRun final : public World {
 public:
  TwinsRun(const TwinsFamily& family, std::uint64_t index)
      : scenario_(scenario(family, index)),
        generator_(index + 1),
        chain_({index + 1, family.members, false, true}),
        invariants_(chain_, honest(family), [this](Violation violation) { violated(violation); }),
        network_(time_, generator_.fork(), family.instances(),
                 [this](std::uint32_t from, std::uint32_t to, const FramePointer& frame) {
                   arrived(from, to, frame);
                 }) {
    for (std::uint32_t id = 0; id < family.instances(); ++id) {
      const auto member = id < family.members ? id : scenario_.doubled[id - family.members];
      instances_.push_back(std::make_unique<SimulatedPeer>(*this, id, chain_, member));
    }
  }

  TwinsResult run();

  std::int64_t now_ms() const override { return time_.now_ms(); }
  void schedule(std::int64_t delay_ms, std::function<void()> event) override {
    time_.schedule(delay_ms, std::move(event));
  }
  std::uint64_t random(std::uint64_t below) override { return generator_.below(below); }
  Generator& generator() override { return generator_; }
  void transmit(std::uint32_t id, const pbft::Outgoing& message) override;
  void crash_now(std::uint32_t, PersistencePoint) override {}
  void persisted(std::uint32_t id, std::size_t) override {
    invariants_.persisted(id, instances_[id]->shell().disk);
  }
  void delivered(std::uint32_t id, const pbft::Decision& decision) override {
    invariants_.delivered(id, decision);
  }
  void executed(std::uint32_t id, const ledger::ExecutedBlock& block,
                const pbft::BatchPointer& batch, const ledger::StateMachine& machine) override {
    invariants_.executed(id, block, batch, machine);
  }
  void committed(std::uint32_t, const pbft::Position&) override {}
  void certified(std::uint32_t id, const pbft::BlockCertificate& certificate) override {
    invariants_.certified(id, certificate);
  }
  void view_change_heard(std::uint32_t id, const pbft::Received& message,
                         const pbft::Status& status) override {
    invariants_.view_change_heard(id, message, status);
  }
  void refused(std::uint32_t, const pbft::Refused&) override {}
  void alarmed(std::uint32_t id, const std::string& sentence) override {
    invariants_.alarmed(id, sentence);
  }
  void violated(Violation violation) override {
    if (result_.violation.empty()) result_.violation = violation.invariant + ": " + violation.what;
  }

 private:
  std::vector<bool> honest(const TwinsFamily& family) const {
    std::vector<bool> flags(family.instances(), true);
    for (std::uint32_t i = 0; i < family.twins; ++i) {
      flags[scenario_.doubled[i]] = flags[family.members + i] = false;
    }
    return flags;
  }
  bool twin(std::uint32_t id) const {
    return id >= chain_.options.peers ||
           std::find(scenario_.doubled.begin(), scenario_.doubled.end(), id) !=
               scenario_.doubled.end();
  }
  void arrived(std::uint32_t from, std::uint32_t to, const FramePointer& frame);
  void part(const std::vector<std::uint8_t>& groups);
  void submit();
  bool run_until(std::int64_t at_ms);
  bool converged() const;
  void watch_equivocation(std::uint32_t id, const pbft::Outgoing& message);

  TwinsScenario scenario_;
  Generator generator_;
  Chain chain_;
  EventQueue time_;
  Invariants invariants_;
  Network network_;
  std::vector<std::unique_ptr<SimulatedPeer>> instances_;
  Fingerprint fingerprint_;
  std::uint64_t requests_ = 0;
  std::uint64_t last_request_height_ = 0;
  std::map<std::tuple<pbft::MemberIndex, pbft::View, pbft::Sequence>, crypto::Digest> proposals_;
  TwinsResult result_;
};

void TwinsRun::transmit(std::uint32_t id, const pbft::Outgoing& message) {
  fingerprint_.fold(static_cast<std::uint64_t>(now_ms()) << 16 | id << 8 |
                    static_cast<std::uint64_t>(message.type));
  fingerprint_.fold(message.signature);
  if (!twin(id)) invariants_.sent(id, message, instances_[id]->shell().disk);
  watch_equivocation(id, message);
  const auto member = instances_[id]->shell().member;
  auto envelope = std::make_shared<wire::Envelope>();
  envelope->genesis = chain_.genesis_hash;
  envelope->epoch = chain_.committee.epoch;
  envelope->type = message.type;
  envelope->sender = member;
  envelope->body = message.body;
  envelope->signature = message.signature;
  const FramePointer frame = std::move(envelope);
  for (std::uint32_t to = 0; to < instances_.size(); ++to) {
    const auto recipient = instances_[to]->shell().member;
    if (recipient == member || (message.recipient && *message.recipient != recipient)) continue;
    network_.send(id, to, frame);
  }
}

/// Whether a scenario brings its twins to contradict each other at all.
void TwinsRun::watch_equivocation(std::uint32_t id, const pbft::Outgoing& message) {
  const bool proposal =
      message.type == pbft::MessageType::pre_prepare || message.type == pbft::MessageType::prepare;
  if (!proposal || !twin(id)) return;
  const auto vote = pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
  PS_ASSERT(vote.ok());
  const auto [held, added] = proposals_.try_emplace(
      {instances_[id]->shell().member, vote->view, vote->sequence}, vote->digest);
  if (!added && held->second != vote->digest) result_.equivocated = true;
}

void TwinsRun::arrived(std::uint32_t from, std::uint32_t to, const FramePointer& frame) {
  const auto link = instances_[from]->shell().member;
  const auto& signatory = instances_[to]->shell().signatory;
  if (wire::inspect(*frame, link, chain_.committee, signatory) != wire::Refusal::none) return;
  instances_[to]->receive(wire::received(*frame));
}

void TwinsRun::part(const std::vector<std::uint8_t>& groups) {
  network_.mend_all();
  for (std::uint32_t from = 0; from < instances_.size(); ++from) {
    for (std::uint32_t to = 0; to < instances_.size(); ++to) {
      if (groups[from] != groups[to]) network_.cut(from, to);
    }
  }
}

/// Each process hears of a request of its own, so that twins that lead propose different batches.
void TwinsRun::submit() {
  for (auto& instance : instances_) {
    ledger::Transaction transaction;
    transaction.genesis = chain_.genesis_hash;
    transaction.principal = "administrator";
    transaction.idempotency_key = Encoder().raw(as_bytes("twins-")).u64(++requests_).data();
    transaction.expires = UtcMillis{epoch_ms + now_ms() + millis_per_hour};
    transaction.payload =
        ledger::CashFundingResident{Cash::from_nano(nano_per_unit), "EUR", chain_.homes[0].ref};
    instance->submit(chain_.notary.encode_and_sign(transaction, Chain::administrator));
  }
}

bool TwinsRun::run_until(std::int64_t at_ms) {
  bool there = false;
  time_.schedule(at_ms - now_ms(), [&there] { there = true; });
  while (!there && result_.violation.empty() && time_.run_next()) {
  }
  return there && result_.violation.empty();
}

/// All honest members stand at the same block, with nothing waiting, above what was there when the
/// last requests were made.
bool TwinsRun::converged() const {
  for (std::uint32_t id = 0; id < instances_.size(); ++id) {
    if (twin(id)) continue;
    if (instances_[id]->settlement().position().height != invariants_.height() ||
        instances_[id]->status().mempool_requests > 0) {
      return false;
    }
  }
  return invariants_.height() > last_request_height_;
}

TwinsResult TwinsRun::run() {
  for (auto& instance : instances_) instance->start();
  bool holds = run_until(settle_ms);
  for (const auto& groups : scenario_.rounds) {
    if (!holds) break;
    part(groups);
    submit();
    holds = run_until(now_ms() + scenario_.round_ms);
  }
  if (holds) {
    network_.mend_all();
    last_request_height_ = invariants_.height();
    submit();
    const auto healed_at = now_ms();
    while (holds && !converged()) {
      holds = run_until(now_ms() + 50);
      if (now_ms() - healed_at <= max_liveness_ms) continue;
      violated({"liveness", "honest members are not equal after healing", {}, {}});
      break;
    }
  }
  for (std::uint32_t id = 0; id < instances_.size(); ++id) {
    if (!twin(id)) invariants_.check_ledger(id, instances_[id]->settlement().machine());
  }
  result_.events = time_.run();
  result_.blocks = invariants_.height();
  result_.views = invariants_.highest_view();
  result_.digest = fingerprint_.text();
  return result_;
}

}  // namespace

std::uint64_t TwinsFamily::count() const {
  std::uint64_t count = choices(members, twins).size() * std::size(round_lengths_ms);
  const auto ways = partitions(instances(), sides).size();
  for (std::uint32_t round = 0; round < rounds; ++round) count *= ways;
  return count;
}

TwinsScenario scenario(const TwinsFamily& family, std::uint64_t index) {
  TwinsScenario result;
  const auto take = [&index](std::uint64_t ways) {
    const auto digit = index % ways;
    index /= ways;
    return static_cast<std::size_t>(digit);
  };
  const auto doubled = choices(family.members, family.twins);
  const auto ways = partitions(family.instances(), family.sides);
  result.round_ms = round_lengths_ms[take(std::size(round_lengths_ms))];
  result.doubled = doubled[take(doubled.size())];
  for (std::uint32_t round = 0; round < family.rounds; ++round) {
    result.rounds.push_back(ways[take(ways.size())]);
  }
  return result;
}

std::string TwinsScenario::text() const {
  std::string text = "doubled:";
  for (const auto member : doubled) text += " " + std::to_string(member);
  text += "; groups:";
  for (const auto& groups : rounds) {
    text += " ";
    for (const auto group : groups) text += static_cast<char>('A' + group);
  }
  return text + "; " + std::to_string(round_ms) + " ms each";
}

TwinsResult run_twins(const TwinsFamily& family, std::uint64_t index) {
  return TwinsRun(family, index).run();
}

}  // namespace powershare::sim
