#include "sim/simulator.hpp"

#include <algorithm>
#include <queue>

#include "ledger/header.hpp"
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/view_change.hpp"
#include "protocol/wire/gatekeeper.hpp"
#include "sim/generator.hpp"
#include "sim/simulated_peer.hpp"

namespace powershare::sim {
namespace {

using pbft::MessageType;

class Simulator;

/// What the adversary of one member gets to do.
class MemberWire final : public Wire {
 public:
  MemberWire(Simulator& simulator, pbft::MemberIndex self) : simulator_(simulator), self_(self) {}
  pbft::MemberIndex self() const override { return self_; }
  bool controls(pbft::MemberIndex member) const override;
  const pbft::Committee& committee() const override;
  const pbft::Options& options() const override;
  MonotonicMillis now() const override;
  UtcMillis wall_clock() const override;
  std::uint64_t random(std::uint64_t below) override;
  crypto::Signature sign_as(pbft::MemberIndex member, MessageType type,
                            ByteView body) const override;
  wire::Envelope from_other_chain(pbft::MemberIndex author, MessageType type,
                                  Bytes body) const override;
  void send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) override;
  void send_envelope(pbft::MemberIndex to, wire::Envelope envelope, std::int64_t delay_ms) override;

 private:
  Simulator& simulator_;
  pbft::MemberIndex self_;
};

class Simulator final : public World {
  friend class MemberWire;

 public:
  explicit Simulator(const SimulationOptions& options);
  SimulationResult run();

  std::int64_t now_ms() const override { return now_; }
  void schedule(std::int64_t delay_ms, std::function<void()> event) override;
  void transmit(std::uint32_t from, const pbft::Outgoing& message) override;
  void executed(std::uint32_t peer, const pbft::Decision& decision,
                const pbft::Position& position) override;
  void restored(std::uint32_t peer, const pbft::Position& position) override;
  void certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) override;
  void alarmed(std::uint32_t peer, const std::string& sentence) override;
  void violated(const std::string& what) override;
  std::uint64_t random(std::uint64_t below) override { return generator_.below(below); }

 private:
  struct Event {
    std::int64_t at;
    std::uint64_t order;
    std::function<void()> action;
    bool operator<(const Event& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };
  void trace(const std::string& line) const {
    if (options_.trace) options_.trace(std::to_string(now_) + " ms " + line);
  }
  bool chance(std::uint64_t per_mille) { return random(1'000) < per_mille; }
  bool one_event();
  void post(std::uint32_t from, std::uint32_t to, wire::Envelope envelope, std::int64_t delay_ms);
  wire::Envelope envelope_of(std::uint32_t from, const pbft::Outgoing& message) const;
  bool honest(std::uint32_t peer) const { return adversaries_[peer] == nullptr; }
  void adversary_tick(std::uint32_t peer);
  void check_votes(std::uint32_t from, const pbft::Outgoing& message);
  void client();
  void fault();
  void crash(std::uint32_t peer);
  void heal();
  bool converged();
  std::string stuck();

  SimulationOptions options_;
  Generator generator_;
  Keys keys_;
  pbft::Committee committee_;
  std::vector<std::unique_ptr<SimulatedPeer>> peers_;
  std::vector<std::unique_ptr<Adversary>> adversaries_;  // none: honest
  std::vector<MemberWire> wires_;
  pbft::Config config_;
  std::vector<int> side_;  // partition that a peer is in
  std::uint64_t loss_per_mille_ = 0;
  std::uint64_t jitter_ms_ = 10;
  bool healed_ = false;
  std::uint32_t logs_lost_ = 0;

  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::int64_t now_ = 0;
  crypto::Digest fingerprint_{};

  // What the invariants need.
  std::map<pbft::Sequence, crypto::Digest> decided_;
  std::map<std::uint64_t, crypto::Digest> blocks_;
  std::map<std::tuple<std::uint32_t, MessageType, pbft::View, pbft::Sequence>, crypto::Digest>
      votes_;
  std::vector<pbft::View> asked_;
  std::map<crypto::Digest, Bytes> requests_;
  std::uint64_t client_counter_ = 0;
  SimulationResult result_;
};

Simulator::Simulator(const SimulationOptions& options)
    : options_(options),
      generator_(options.seed),
      keys_(options.peers, options.seed, options.real_signatures),
      adversaries_(options.peers),
      side_(options.peers, 0),
      asked_(options.peers, 0) {
  committee_.genesis = crypto::sha256(Encoder().u64(options.seed).data());
  committee_.members = keys_.public_keys();
  pbft::Config config;
  config.committee = committee_;
  config.options.request_timeout_ms = 500;
  config.options.checkpoint_interval = 8;
  config.options.window = 32;
  config.options.in_flight = 8;
  config.options.batch.max_requests = 8;
  config.options.reservation_step = 40;
  config.options.view_change_backoff_max_ms = 4'000;
  protocol::CatchUpOptions catch_up;
  catch_up.answer_timeout_ms = 300;
  catch_up.max_blocks_per_answer = 16;
  catch_up.snapshot_above_blocks = options.seed % 2 == 0 ? 40 : 20'000;
  for (std::uint32_t peer = 0; peer < options.peers; ++peer) {
    config.self = peer;
    peers_.push_back(std::make_unique<SimulatedPeer>(*this, keys_, config, catch_up));
  }
  config_ = config;
  for (std::uint32_t peer = 0; peer < options.peers; ++peer) wires_.emplace_back(*this, peer);
  if (options.adversaries && options.byzantine && options.seed % 3 != 0) {
    const auto faulty = crypto::max_faulty(options.peers);
    for (std::uint32_t i = 0; i < faulty; ++i) {
      const auto peer = static_cast<pbft::MemberIndex>(random(options.peers));
      adversaries_[peer] = options.adversaries(peer, options.peers, generator_.next());
      if (options.trace) {
        options.trace("peer " + std::to_string(peer) + " is " + adversaries_[peer]->name());
      }
    }
  }
}

void Simulator::schedule(std::int64_t delay_ms, std::function<void()> event) {
  events_.push({now_ + delay_ms, ++order_, std::move(event)});
}

bool Simulator::one_event() {
  if (events_.empty() || !result_.ok) return false;
  auto event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  now_ = event.at;
  ++result_.events;
  event.action();
  return true;
}

void Simulator::violated(const std::string& what) {
  if (result_.ok) result_.violation = what;
  result_.ok = false;
}

void Simulator::alarmed(std::uint32_t peer, const std::string& sentence) {
  trace("peer " + std::to_string(peer) + ": " + sentence);
  if (sentence.starts_with("view change")) ++result_.view_changes;
  if (sentence.starts_with("recovering:")) ++result_.recoveries;
  if (sentence.starts_with("quarantined") && honest(peer)) {
    violated("state_root_equal: peer " + std::to_string(peer) + " " + sentence);
  }
}

/// no_equivocation (also across restarts) and view_monotonic: over everything that honest peers
/// ever send.
void Simulator::check_votes(std::uint32_t from, const pbft::Outgoing& message) {
  const auto who = "peer " + std::to_string(from) + " ";
  if (message.type == MessageType::view_change) {
    Decoder in(message.body);
    asked_[from] = std::max(asked_[from], in.u64());
    return;
  }
  if (message.type != MessageType::pre_prepare && message.type != MessageType::prepare &&
      message.type != MessageType::commit) {
    return;
  }
  const auto vote = pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
  // A PRE-PREPARE promises what a PREPARE would.
  const auto kind = message.type == MessageType::pre_prepare ? MessageType::prepare : message.type;
  const auto [held, added] =
      votes_.try_emplace({from, kind, vote->view, vote->sequence}, vote->digest);
  if (!added && held->second != vote->digest) {
    violated("no_equivocation: " + who + "signed two digests for view " +
             std::to_string(vote->view) + " sequence " + std::to_string(vote->sequence));
  }
  if (vote->view < asked_[from]) {
    violated("view_monotonic: " + who + "voted in view " + std::to_string(vote->view) +
             " after asking for " + std::to_string(asked_[from]));
  }
}

void Simulator::transmit(std::uint32_t from, const pbft::Outgoing& message) {
  fingerprint_ = crypto::sha256(Encoder()
                                    .raw(fingerprint_)
                                    .i64(now_)
                                    .u32(from)
                                    .u8(static_cast<std::uint8_t>(message.type))
                                    .raw(message.signature)
                                    .data());
  if (honest(from)) check_votes(from, message);
  for (std::uint32_t to = 0; to < options_.peers; ++to) {
    if (to == from || (message.recipient && *message.recipient != to)) continue;
    if (honest(from)) {
      post(from, to, envelope_of(from, message), 0);
    } else {
      adversaries_[from]->on_send(wires_[from], to, message);
    }
  }
}

wire::Envelope Simulator::envelope_of(std::uint32_t from, const pbft::Outgoing& message) const {
  return {committee_.genesis, committee_.epoch, message.type, from,
          message.body,       message.signature};
}

void Simulator::post(std::uint32_t from, std::uint32_t to, wire::Envelope envelope,
                     std::int64_t delay_ms) {
  if (!healed_ && (side_[from] != side_[to] || chance(loss_per_mille_))) return;
  const auto copies = !healed_ && options_.lossy && chance(20) ? 2 : 1;
  const auto shared = std::make_shared<wire::Envelope>(std::move(envelope));
  for (int i = 0; i < copies; ++i) {
    const auto delay = 1 + static_cast<std::int64_t>(random(healed_ ? 5 : jitter_ms_));
    schedule(delay + delay_ms, [this, from, to, shared] {
      if (!peers_[to]->up()) return;
      const OracleSignatory signatory(keys_, to);
      if (wire::inspect(*shared, from, committee_, signatory) != wire::Refusal::none) {
        if (honest(from)) violated("a frame that is refused left peer " + std::to_string(from));
        return;
      }
      auto message = wire::received(*shared);
      if (!honest(to) && !adversaries_[to]->on_receive(wires_[to], message)) return;
      peers_[to]->receive(std::move(message));
    });
  }
}

void Simulator::adversary_tick(std::uint32_t peer) {
  if (peers_[peer]->up()) adversaries_[peer]->on_tick(wires_[peer]);
  schedule(20 + static_cast<std::int64_t>(random(30)), [this, peer] { adversary_tick(peer); });
}

bool MemberWire::controls(pbft::MemberIndex member) const {
  return !simulator_.honest(member);
}
const pbft::Committee& MemberWire::committee() const {
  return simulator_.committee_;
}
const pbft::Options& MemberWire::options() const {
  return simulator_.config_.options;
}
MonotonicMillis MemberWire::now() const {
  return {simulator_.now_};
}
UtcMillis MemberWire::wall_clock() const {
  return {1'600'000'000'000 + simulator_.now_};
}
std::uint64_t MemberWire::random(std::uint64_t below) {
  return simulator_.random(below);
}
crypto::Signature MemberWire::sign_as(pbft::MemberIndex member, MessageType type,
                                      ByteView body) const {
  PS_ASSERT(controls(member));
  return simulator_.keys_.sign(member, simulator_.committee_.statement(type, body));
}
wire::Envelope MemberWire::from_other_chain(pbft::MemberIndex author, MessageType type,
                                            Bytes body) const {
  const auto genesis = crypto::sha256(simulator_.committee_.genesis);
  const auto statement = pbft::signed_statement(genesis, simulator_.committee_.epoch, type, body);
  const auto signature = simulator_.keys_.sign(author, statement);
  return {genesis, simulator_.committee_.epoch, type, author, std::move(body), signature};
}
void MemberWire::send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) {
  simulator_.post(self_, to, simulator_.envelope_of(self_, message), delay_ms);
}
void MemberWire::send_envelope(pbft::MemberIndex to, wire::Envelope envelope,
                               std::int64_t delay_ms) {
  simulator_.post(self_, to, std::move(envelope), delay_ms);
}

void Simulator::executed(std::uint32_t peer, const pbft::Decision& decision,
                         const pbft::Position& position) {
  const auto where =
      " at sequence " + std::to_string(decision.sequence) + ", peer " + std::to_string(peer);
  const auto [held, added] = decided_.try_emplace(decision.sequence, decision.batch->digest());
  if (!added && held->second != decision.batch->digest())
    violated("agreement: two batches" + where);
  if (position.sequence != decision.sequence) violated("total_order: a gap" + where);
  if (!decision.batch->is_null()) restored(peer, position);
}

void Simulator::restored(std::uint32_t peer, const pbft::Position& position) {
  if (position.height == 0) return;
  const auto [held, added] = blocks_.try_emplace(position.height, position.head);
  if (!added && held->second != position.head) {
    violated("state_root_equal: two blocks at height " + std::to_string(position.height) +
             ", peer " + std::to_string(peer));
  }
}

void Simulator::certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) {
  const auto statement = ledger::block_statement(committee_.genesis, committee_.epoch,
                                                 certificate.height, certificate.header_hash);
  const OracleSignatory signatory(keys_, peer);
  if (!pbft::verify_quorum(certificate.certificate, statement, committee_, signatory)) {
    violated("a block certificate that does not verify, peer " + std::to_string(peer));
  }
}

void Simulator::client() {
  const auto request =
      Encoder().u64(options_.seed).u64(++client_counter_).raw(Bytes(random(200))).data();
  requests_[crypto::sha256(request)] = request;
  peers_[random(options_.peers)]->submit(request);
  schedule(1 + static_cast<std::int64_t>(random(chance(50) ? 1'000 : 20)), [this] {
    if (!healed_) client();
  });
}

void Simulator::crash(std::uint32_t peer) {
  if (!peers_[peer]->up()) return;
  peers_[peer]->crash();
  ++result_.crashes;
  const bool may_lose =
      options_.lost_logs && logs_lost_ < crypto::max_faulty(options_.peers) &&
      std::all_of(adversaries_.begin(), adversaries_.end(), [](const auto& it) { return !it; }) &&
      chance(150);
  if (may_lose) {
    ++logs_lost_;
    if (chance(500)) {
      peers_[peer]->wipe();
      // Without IDENTITY only the others can tell which views it asked for, and they may not have
      // heard of all: a wiped peer is one of the f, as far as views are concerned.
      asked_[peer] = 0;
    } else {
      peers_[peer]->lose_log();
    }
    trace("peer " + std::to_string(peer) + " loses its log");
  }
  schedule(static_cast<std::int64_t>(random(3'000)), [this, peer] { peers_[peer]->start(); });
}

void Simulator::fault() {
  if (healed_) return;
  const auto dice = random(100);
  if (dice < 25 && options_.crashes) {
    crash(static_cast<std::uint32_t>(random(options_.peers)));
  } else if (dice < 30 && options_.crashes) {
    for (std::uint32_t peer = 0; peer < options_.peers; ++peer) crash(peer);
  } else if (dice < 45 && options_.partitions) {
    for (auto& side : side_) side = static_cast<int>(random(2));
  } else if (dice < 65) {
    for (auto& side : side_) side = 0;
  } else if (dice < 75 && options_.lossy) {
    loss_per_mille_ = random(3) == 0 ? 200 : random(30);
    jitter_ms_ = random(4) == 0 ? 200 : 10;
  } else if (dice < 80) {
    peers_[random(options_.peers)]->clock_skew_ms = static_cast<std::int64_t>(random(3'000));
  } else if (dice < 85) {
    peers_[random(options_.peers)]->hand_over();
  }
  schedule(50 + static_cast<std::int64_t>(random(600)), [this] { fault(); });
}

void Simulator::heal() {
  healed_ = true;
  for (std::uint32_t peer = 0; peer < options_.peers; ++peer) {
    if (!peers_[peer]->up()) peers_[peer]->start();
  }
}

bool Simulator::converged() {
  std::optional<pbft::Position> first;
  for (std::uint32_t peer = 0; peer < options_.peers; ++peer) {
    if (!honest(peer)) continue;
    if (!peers_[peer]->up()) return false;
    const auto& ledger = peers_[peer]->ledger();
    if (!first) first = ledger.position();
    if (ledger.position().head != first->head) return false;
    // A snapshot's ledger knows only the newest request of each key.
    if (peers_[peer]->snapshots() == 0 && ledger.requests().size() != requests_.size())
      return false;
  }
  return true;
}

std::string Simulator::stuck() {
  std::string text;
  for (std::uint32_t peer = 0; peer < options_.peers; ++peer) {
    if (!peers_[peer]->up()) continue;
    const auto status = peers_[peer]->status();
    text += "\n  peer " + std::to_string(peer) +
            (honest(peer) ? "" : " (" + adversaries_[peer]->name() + ")") + ": view " +
            std::to_string(status.view) + (status.view_active ? "" : " inactive") + ", executed " +
            std::to_string(status.executed.sequence) + ", delivered " +
            std::to_string(status.delivered) + ", stable " +
            std::to_string(status.stable_checkpoint) + ", height " +
            std::to_string(status.executed.height) + ", waiting " +
            std::to_string(status.mempool_requests) + ", requests " +
            std::to_string(peers_[peer]->ledger().requests().size()) + ": " + status.why_stuck;
  }
  return text;
}

SimulationResult Simulator::run() {
  for (auto& peer : peers_) peer->start();
  schedule(1, [this] { client(); });
  schedule(500, [this] { fault(); });
  for (std::uint32_t peer = 0; peer < options_.peers; ++peer) {
    if (!honest(peer)) schedule(20, [this, peer] { adversary_tick(peer); });
  }
  for (std::uint64_t i = 0; i < options_.steps && one_event(); ++i) {
  }
  heal();
  const auto healed_at = now_;
  auto resubmit_at = now_;
  while (result_.ok && !converged()) {
    if (now_ >= resubmit_at) {  // clients ask everywhere until they have a receipt
      resubmit_at = now_ + 2'000;
      for (auto& peer : peers_) {
        for (const auto& [id, request] : requests_) {
          if (!peer->ledger().requests().contains(id)) peer->submit(request);
        }
      }
    }
    if (now_ - healed_at > 120'000) violated("liveness: not equal 120 s after healing" + stuck());
    if (!one_event()) break;
  }
  result_.healing_ms = now_ - healed_at;
  result_.virtual_ms = now_;
  result_.blocks = blocks_.empty() ? 0 : blocks_.rbegin()->first;
  result_.requests = requests_.size();
  for (const auto& peer : peers_) {
    result_.transfers += peer->transfers();
    result_.snapshots += peer->snapshots();
    result_.repeated = std::max(result_.repeated, peer->ledger().repeated());
  }
  result_.fingerprint = crypto::to_hex(fingerprint_);
  return result_;
}

}  // namespace

SimulationResult simulate(const SimulationOptions& options) {
  return Simulator(options).run();
}

}  // namespace powershare::sim
