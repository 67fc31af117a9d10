#include "tests/sim/regressions/scenario.hpp"

#include <algorithm>

#include "protocol/wire/gatekeeper.hpp"

namespace powershare::sim {
namespace {

ChainOptions chain_options(const ScenarioOptions& options) {
  ChainOptions chain;
  chain.seed = options.seed;
  chain.peers = options.peers;
  return chain;
}

}  // namespace

Scenario::Scenario(ScenarioOptions options)
    : options_(std::move(options)),
      generator_(options_.seed),
      chain_(chain_options(options_)),
      invariants_(chain_, honest(), [this](Violation it) { violated(std::move(it)); }),
      network_(time_, generator_.fork(), options_.peers,
               [this](Peer from, Peer to, const FramePointer& frame) { arrived(from, to, frame); }),
      executed_(options_.peers),
      alarms_(options_.peers) {
  chain_.replica.request_timeout_ms = options_.request_timeout_ms;
  chain_.replica.view_change_backoff_max_ms = options_.view_change_backoff_max_ms;
  for (Peer id = 0; id < options_.peers; ++id) {
    peers_.push_back(std::make_unique<SimulatedPeer>(*this, id, chain_, id));
  }
  for (auto& it : peers_) it->start();
  run(1'000);
}

std::vector<bool> Scenario::honest() const {
  std::vector<bool> result(options_.peers, true);
  for (const auto liar : options_.liars) result[liar] = false;
  return result;
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────

void Scenario::run(std::int64_t span_ms) {
  run_until([] { return false; }, span_ms);
}

bool Scenario::run_until(const Condition& done, std::int64_t most_ms) {
  const auto end = now_ms() + most_ms;
  for (auto look_at = now_ms(); now_ms() < end;) {
    if (now_ms() >= look_at) {
      if (done()) return true;
      look_at = now_ms() + 5;
    }
    if (!time_.run_next()) break;
  }
  return done();
}

// ── Clients ─────────────────────────────────────────────────────────────────────────────────────

Bytes Scenario::transaction(bool forged) {
  ledger::Transaction transaction;
  transaction.genesis = chain_.genesis_hash;
  transaction.principal = "administrator";
  transaction.idempotency_key = Encoder().raw(as_bytes("regression-")).u64(++counter_).data();
  transaction.expires = UtcMillis{epoch_ms + now_ms() + millis_per_hour};
  transaction.payload =
      ledger::CashFundingResident{Cash::from_nano(nano_per_unit), "EUR", chain_.homes[0].ref};
  auto bytes = chain_.notary.encode_and_sign(transaction, Chain::administrator);
  if (forged) bytes.back() ^= 1;
  return bytes;
}

crypto::Digest Scenario::submit(Peer peer) {
  return submit(peer, transaction());
}

crypto::Digest Scenario::submit(Peer peer, const Bytes& bytes) {
  static_cast<void>(peers_[peer]->submit(bytes));
  return crypto::sha256(bytes);
}

void Scenario::submit_each(Peer peer, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = submit(peer);
    run_until([&] { return has(peer, id); }, 10'000);
  }
}

bool Scenario::all_have(const crypto::Digest& id) const {
  for (Peer it = 0; it < options_.peers; ++it) {
    if (peers_[it]->up() && !is_liar(it) && !has(it, id)) return false;
  }
  return true;
}

std::size_t Scenario::times_in_chain(const crypto::Digest& id) const {
  std::size_t count = 0;
  for (const auto& [height, ids] : chain_of_ids_) {
    count += static_cast<std::size_t>(std::count(ids.begin(), ids.end(), id));
  }
  return count;
}

// ── Faults ──────────────────────────────────────────────────────────────────────────────────────

void Scenario::lose(std::set<Type> types, std::function<bool(Peer, Peer)> which) {
  fate = [types = std::move(types), which = std::move(which)](
             Peer from, Peer to, const wire::Envelope& envelope) -> std::optional<std::int64_t> {
    if (types.contains(envelope.type) && (!which || which(from, to))) return std::nullopt;
    return 0;
  };
}

void Scenario::isolate(Peer peer) {
  part({peer});
}

void Scenario::part(const std::set<Peer>& side) {
  for (Peer from = 0; from < options_.peers; ++from) {
    for (Peer to = 0; to < options_.peers; ++to) {
      if (side.contains(from) != side.contains(to)) network_.cut(from, to);
    }
  }
}

void Scenario::crash(Peer peer, bool may_tear) {
  dying_.erase(peer);
  peers_[peer]->crash(may_tear);
  invariants_.crashed(peer);
}

void Scenario::start(Peer peer) {
  if (dying_.contains(peer)) crash(peer, true);
  const auto& log = peers_[peer]->shell().disk.log;
  if (log.damaged()) invariants_.lost_log(peer);
  peers_[peer]->start();
}

void Scenario::lose_log(Peer peer) {
  peers_[peer]->shell().disk.lose_log();
  invariants_.lost_log(peer);
}

void Scenario::wipe(Peer peer) {
  peers_[peer]->shell().disk.wipe();
  invariants_.lost_log(peer);
  invariants_.wiped(peer);
}

void Scenario::crash_now(Peer peer, PersistencePoint) {
  // The peer's own code is still running: take it away afterwards.
  dying_.insert(peer);
  time_.schedule(0, [this, peer] {
    if (dying_.contains(peer)) crash(peer, true);
  });
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────────

wire::Envelope Scenario::envelope_of(Peer from, const pbft::Outgoing& message) const {
  wire::Envelope envelope;
  envelope.genesis = chain_.genesis_hash;
  envelope.epoch = chain_.committee.epoch;
  envelope.type = message.type;
  envelope.sender = from;
  envelope.body = message.body;
  envelope.signature = message.signature;
  return envelope;
}

void Scenario::transmit(Peer peer, const pbft::Outgoing& message) {
  ++sent_[{peer, message.type}];
  invariants_.sent(peer, message, peers_[peer]->shell().disk);
  FramePointer frame;
  for (Peer to = 0; to < options_.peers; ++to) {
    if (to == peer || (message.recipient && *message.recipient != to)) continue;
    if (is_liar(peer) && lie) {
      auto changed = message;
      if (!lie(peer, to, changed)) continue;
      if (changed.body != message.body) changed.signature = sign(peer, changed.type, changed.body);
      post(peer, to, std::make_shared<const wire::Envelope>(envelope_of(peer, changed)));
      continue;
    }
    if (!frame) frame = std::make_shared<const wire::Envelope>(envelope_of(peer, message));
    post(peer, to, frame);
  }
}

void Scenario::post(Peer from, Peer to, const FramePointer& frame) {
  const auto more_ms = fate ? fate(from, to, *frame) : std::optional<std::int64_t>(0);
  if (more_ms) network_.send(from, to, frame, *more_ms);
}

void Scenario::arrived(Peer from, Peer to, const FramePointer& frame) {
  if (!peers_[to]->up()) return;
  const auto& signatory = peers_[to]->shell().signatory;
  if (wire::inspect(*frame, from, chain_.committee, signatory) != wire::Refusal::none) return;
  peers_[to]->receive(wire::received(*frame));
}

void Scenario::say(Peer from, Peer to, Type type, Bytes body) {
  pbft::Outgoing message;
  message.type = type;
  message.signature = sign(from, type, body);
  message.body = std::move(body);
  say(from, to, envelope_of(from, message));
}

void Scenario::say(Peer from, Peer to, wire::Envelope envelope) {
  PS_ASSERT(is_liar(from));
  network_.send(from, to, std::make_shared<const wire::Envelope>(std::move(envelope)));
}

crypto::Signature Scenario::sign(Peer liar, Type type, ByteView body) const {
  PS_ASSERT(is_liar(liar));
  return chain_.keys.sign(liar, chain_.committee.statement(type, body));
}

crypto::QuorumCertificate Scenario::forged(Peer liar, Type type, ByteView body,
                                           const std::vector<Peer>& signers) const {
  crypto::QuorumCertificate certificate;
  for (const auto signer : signers) {
    certificate.endorsements.push_back({signer, sign(liar, type, body)});
  }
  return certificate;
}

// ── What is seen ────────────────────────────────────────────────────────────────────────────────

const crypto::Digest* Scenario::decided(pbft::Sequence sequence) const {
  const auto found = decided_.find(sequence);
  return found == decided_.end() ? nullptr : &found->second;
}

std::uint64_t Scenario::sent(Peer peer, Type type) const {
  const auto found = sent_.find({peer, type});
  return found == sent_.end() ? 0 : found->second;
}

bool Scenario::was_alarmed(Peer peer, std::string_view beginning) const {
  return std::any_of(alarms_[peer].begin(), alarms_[peer].end(),
                     [&](const std::string& it) { return it.starts_with(beginning); });
}

pbft::View Scenario::highest_view() const {
  pbft::View highest = 0;
  for (Peer it = 0; it < options_.peers; ++it) {
    if (peers_[it]->up() && !is_liar(it)) highest = std::max(highest, status(it).view);
  }
  return highest;
}

bool Scenario::settled() const {
  const auto view = highest_view();
  for (Peer it = 0; it < options_.peers; ++it) {
    if (!peers_[it]->up() || is_liar(it)) continue;
    const auto status = this->status(it);
    if (status.view != view || !status.view_active || status.mempool_requests > 0 ||
        status.transferring || height(it) != invariants_.height()) {
      return false;
    }
  }
  return true;
}

// ── What peers tell ─────────────────────────────────────────────────────────────────────────────

void Scenario::persisted(Peer peer, std::size_t) {
  invariants_.persisted(peer, peers_[peer]->shell().disk);
}

void Scenario::delivered(Peer peer, const pbft::Decision& decision) {
  if (!is_liar(peer)) decided_.try_emplace(decision.sequence, decision.batch->digest());
  invariants_.delivered(peer, decision);
}

void Scenario::executed(Peer peer, const ledger::ExecutedBlock& block,
                        const pbft::BatchPointer& batch, const ledger::StateMachine& machine) {
  std::vector<crypto::Digest> ids;
  for (const auto& receipt : block.receipts) {
    ids.push_back(receipt.transaction);
    executed_[peer].insert(receipt.transaction);
  }
  if (!is_liar(peer)) chain_of_ids_.try_emplace(block.header.height, std::move(ids));
  invariants_.executed(peer, block, batch, machine);
}

void Scenario::certified(Peer peer, const pbft::BlockCertificate& certificate) {
  invariants_.certified(peer, certificate);
}

void Scenario::alarmed(Peer peer, const std::string& sentence) {
  alarms_[peer].push_back(sentence);
  if (sentence.starts_with("view change")) ++view_changes_;
  invariants_.alarmed(peer, sentence);
}

void Scenario::violated(Violation violation) {
  if (violation_.empty()) violation_ = violation.invariant + ": " + violation.what;
}

}  // namespace powershare::sim
