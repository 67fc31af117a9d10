#include "sim/simulation.hpp"

#include <algorithm>

#include "protocol/wire/gatekeeper.hpp"

namespace powershare::sim {
namespace {

constexpr std::size_t history_lines = 40;
constexpr std::int64_t min_outage_ms = 60'000, max_outage_ms = 180'000;

ChainOptions chain_options(const SimulationOptions& options, const FaultSet& faults) {
  ChainOptions result;
  result.seed = options.seed;
  result.peers = options.peers;
  result.real_signatures = options.real_signatures;
  result.simulated_clock = options.seed % 4 != 3;
  result.membership = faults.has(Fault::membership);
  if (faults.has(Fault::feature_level)) --result.feature_level;
  return result;
}

/// What a run has in the end. What begins at the highest level are changes of members.
FaultSet settled(FaultSet faults, const SimulationOptions& options) {
  if (!options.adversaries) faults.remove(Fault::byzantine);
  if (faults.has(Fault::feature_level)) faults.add(Fault::membership);
  return faults;
}

std::vector<bool> negated(std::vector<bool> flags) {
  flags.flip();
  return flags;
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      generator_(options.seed),
      faults_([&] {
        const auto drawn = draw_faults(generator_);  // drawn in any case: what follows stays equal
        return settled(options.faults.value_or(drawn), options);
      }()),
      chain_(chain_options(options, faults_)),
      byzantine_(draw_byzantine()),
      invariants_(chain_, negated(byzantine_),
                  [this](Violation violation) { violated(std::move(violation)); }),
      network_(time_, generator_.fork(), chain_.processes(),
               [this](std::uint32_t from, std::uint32_t to, const FramePointer& frame) {
                 arrived(from, to, frame);
               }),
      workload_(
          chain_, time_, generator_.fork(),
          [this](std::uint32_t peer, ByteView transaction) { return submit(peer, transaction); }),
      injector_(faults_, time_, generator_.fork(), network_, peers_, byzantine_, options.peers,
                invariants_,
                [this](std::optional<std::uint32_t> peer, std::string words) {
                  HistoryEntry entry;
                  entry.what = Happening::fault;
                  entry.peer = peer;
                  entry.words = std::move(words);
                  note(std::move(entry));
                }),
      seen_height_(chain_.processes(), 0) {
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) {
    peers_.push_back(std::make_unique<SimulatedPeer>(*this, peer, chain_, peer));
  }
  make_adversaries();
}

// ── Byzantine members ───────────────────────────────────────────────────────────────────────────

/// At most f of the chain's first members, so that no epoch has more than its f; a spare peer may
/// be one, and be a member later.
std::vector<bool> Simulation::draw_byzantine() {
  std::vector<bool> byzantine(chain_.processes(), false);
  const auto most = crypto::max_faulty(options_.peers);
  const auto count = 1 + generator_.below(most);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto peer = generator_.below(chain_.processes());
    if (faults_.has(Fault::byzantine)) byzantine[peer] = true;
  }
  return byzantine;
}

void Simulation::make_adversaries() {
  auto seeds = generator_.fork();
  adversaries_.resize(chain_.processes());
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) {
    if (!byzantine_[peer]) continue;
    adversaries_[peer] = std::make_unique<ByzantineMember>(
        options_.adversaries(peer, options_.peers, seeds.next()), peers_[peer]->shell(), network_,
        byzantine_, seeds.fork());
    result_.byzantine.push_back("peer " + std::to_string(peer) + ": " + adversaries_[peer]->name());
    tick_adversary(peer);
  }
}

void Simulation::tick_adversary(std::uint32_t peer) {
  time_.schedule(20 + static_cast<std::int64_t>(generator_.below(31)), [this, peer] {
    if (peers_[peer]->up()) adversaries_[peer]->on_tick();
    tick_adversary(peer);
  });
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────────

void Simulation::transmit(std::uint32_t peer, const pbft::Outgoing& message) {
  fingerprint_.fold(static_cast<std::uint64_t>(now_ms()) << 16 | peer << 8 |
                    static_cast<std::uint64_t>(message.type));
  fingerprint_.fold(message.signature);
  HistoryEntry entry;
  entry.what = Happening::sent;
  entry.peer = peer;
  entry.other = message.recipient;
  describe_message(entry, message.type, message.body);
  note(std::move(entry));
  invariants_.sent(peer, message, peers_[peer]->shell().disk);
  FramePointer frame;
  if (!byzantine_[peer]) {
    auto envelope = std::make_shared<wire::Envelope>();
    envelope->genesis = chain_.genesis_hash;
    envelope->epoch = message.epoch;
    envelope->type = message.type;
    envelope->sender = sender_index(peer, message.type, message.epoch);
    envelope->body = message.body;
    envelope->signature = message.signature;
    if (!passes(peer, *envelope)) {
      violated(
          {"authenticity", "peer " + std::to_string(peer) + " signed a message wrongly", peer, {}});
    }
    frame = std::move(envelope);
  }
  for (const auto to : recipients(peer, message)) {
    if (frame) {
      network_.send(peer, to, frame);
    } else {
      adversaries_[peer]->on_send(to, message);
    }
  }
}

/// A liar may be the first to come into an epoch: then nobody else knows of it yet.
const pbft::Committee* Simulation::committee_of(std::uint32_t sender, std::uint64_t epoch) const {
  return byzantine_[sender] ? &adversaries_[sender]->committee(epoch)
                            : invariants_.committee(epoch);
}

/// Members go by their index in the message's epoch, in state transfer by the number of the peer.
std::uint32_t Simulation::sender_index(std::uint32_t peer, pbft::MessageType type,
                                       std::uint64_t epoch) const {
  const auto* committee = invariants_.committee(epoch);
  if (pbft::is_state_transfer(type) || committee == nullptr) return peer;
  for (std::uint32_t index = 0; index < committee->size(); ++index) {
    if (chain_.process_of(committee->members[index]) == peer) return index;
  }
  return peer;
}

std::vector<std::uint32_t> Simulation::recipients(std::uint32_t peer,
                                                  const pbft::Outgoing& message) const {
  if (pbft::is_state_transfer(message.type)) return {*message.recipient};
  const auto* committee = committee_of(peer, message.epoch);
  PS_ASSERT(committee != nullptr);  // the sender has told of it
  std::vector<std::uint32_t> list;
  for (std::uint32_t index = 0; index < committee->size(); ++index) {
    if (message.recipient && *message.recipient != index) continue;
    const auto to = chain_.process_of(committee->members[index]);
    if (to && *to != peer) list.push_back(*to);
  }
  return list;
}

/// What the verifier actor checks of a frame.
bool Simulation::passes(std::uint32_t from, const wire::Envelope& envelope) const {
  if (chain_.options.membership && pbft::is_state_transfer(envelope.type)) {
    // From any peer, member or not, in any epoch: it proves itself.
    return envelope.sender == from && envelope.genesis == chain_.genesis_hash;
  }
  const auto* committee = invariants_.committee(envelope.epoch);
  if (committee == nullptr) return false;
  const auto& signatory = peers_[from]->shell().signatory;
  const auto index = sender_index(from, envelope.type, envelope.epoch);
  return wire::inspect(envelope, index, *committee, signatory) == wire::Refusal::none;
}

void Simulation::arrived(std::uint32_t from, std::uint32_t to, const FramePointer& frame) {
  if (!peers_[to]->up()) return;
  HistoryEntry entry;
  entry.what = Happening::arrived;
  entry.peer = to;
  entry.other = from;
  describe_message(entry, frame->type, frame->body);
  // Of honest peers' messages the signature was checked when they were sent.
  if (byzantine_[from] && !passes(from, *frame)) {
    entry.what = Happening::dropped;
    return note(std::move(entry));
  }
  note(std::move(entry));
  auto received = wire::received(*frame);
  if (byzantine_[to] && !adversaries_[to]->on_receive(received)) return;
  peers_[to]->receive(std::move(received));
}

Door Simulation::submit(std::uint32_t peer, ByteView transaction) {
  const auto answer = peers_[peer]->submit(transaction);
  if (!byzantine_[peer]) return answer;
  if (answer == Door::refused) adversaries_[peer]->on_refused(transaction);
  return Door::unavailable;  // what a Byzantine peer's door says is worth nothing
}

// ── What peers tell ─────────────────────────────────────────────────────────────────────────────

void Simulation::note(HistoryEntry entry) {
  entry.at_ms = now_ms();
  if (options_.history) result_.history.push_back(entry.text());
  history_.add(std::move(entry));
}

void Simulation::crash_now(std::uint32_t peer, PersistencePoint point) {
  // The peer's own code is still running: take it away afterwards.
  time_.schedule(0, [this, peer, point] { injector_.crash_at(peer, point); });
}

void Simulation::persisted(std::uint32_t peer, std::size_t records) {
  fingerprint_.fold(static_cast<std::uint64_t>(now_ms()) << 16 | records);
  HistoryEntry entry;
  entry.what = Happening::persisted;
  entry.peer = peer;
  note(std::move(entry));
  invariants_.persisted(peer, peers_[peer]->shell().disk);
}

void Simulation::delivered(std::uint32_t peer, const pbft::Decision& decision) {
  HistoryEntry entry;
  entry.what = Happening::delivered;
  entry.peer = peer;
  entry.sequence = decision.sequence;
  note(std::move(entry));
  invariants_.delivered(peer, decision);
}

void Simulation::executed(std::uint32_t peer, const ledger::ExecutedBlock& block,
                          const pbft::BatchPointer& batch, const ledger::StateMachine& machine) {
  fingerprint_.fold(ByteView(machine.head_hash()));
  HistoryEntry entry;
  entry.what = Happening::executed;
  entry.peer = peer;
  entry.sequence = block.header.sequence;
  entry.words = "block " + std::to_string(block.header.height);
  note(std::move(entry));
  invariants_.executed(peer, block, batch, machine);
}

void Simulation::committed(std::uint32_t peer, const pbft::Position& position) {
  HistoryEntry entry;
  entry.what = Happening::committed;
  entry.peer = peer;
  entry.words = "up to height " + std::to_string(position.height);
  note(std::move(entry));
  if (byzantine_[peer]) return;
  for (auto& height = seen_height_[peer]; height < position.height;) {
    const auto* block = invariants_.block(++height);
    if (block == nullptr) continue;
    for (const auto& receipt : block->receipts) workload_.receipt(peer, receipt.transaction);
  }
}

void Simulation::certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) {
  invariants_.certified(peer, certificate);
}

void Simulation::epoch_began(std::uint32_t peer, const pbft::Committee& committee) {
  if (committee.epoch > 0) {
    HistoryEntry entry;
    entry.what = Happening::fault;
    entry.peer = peer;
    entry.words = "is in epoch " + std::to_string(committee.epoch) + " of " +
                  std::to_string(committee.size()) + " members";
    note(std::move(entry));
  }
  const bool member = std::ranges::any_of(
      committee.members, [&](const auto& key) { return chain_.process_of(key) == peer; });
  if (!member) workload_.door_closed(peer);
  if (byzantine_[peer]) return adversaries_[peer]->epoch_began(committee);
  result_.epochs = std::max(result_.epochs, committee.epoch);
  if (committee.feature_level > chain_.options.feature_level) result_.level_raised = true;
  invariants_.epoch_began(peer, committee);
}

/// While a removal is under way no other is asked for: together they could leave fewer members than
/// the faults are counted for.
bool Simulation::removal_waits() const {
  if (!removal_) return false;
  const auto found = workload_.requests().find(*removal_);
  return found != workload_.requests().end() && !found->second.acknowledged &&
         found->second.expires > UtcMillis{epoch_ms + now_ms()};
}

/// The administrator adds a peer, removes one that was added, or gives one its second key. On a
/// chain that began a level lower all doors refuse that until it is raised.
void Simulation::change_members() {
  time_.schedule(300 + static_cast<std::int64_t>(generator_.below(2'000)), [this] {
    if (workload_.winding_down()) return;
    const auto& committee = invariants_.newest_committee();
    if (committee.feature_level < ledger::known_feature_level && generator_.chance(500)) {
      workload_.govern(ledger::SetFeatureLevel{committee.feature_level + 1});
    }
    std::set<std::uint32_t> members;
    for (const auto& key : committee.members) members.insert(*chain_.process_of(key));
    const auto process = static_cast<std::uint32_t>(generator_.below(chain_.processes()));
    // A key that was ever a member's is refused for good.
    const auto& fresh = invariants_.was_member(chain_.first_key(process))
                            ? chain_.second_key(process)
                            : chain_.first_key(process);
    const bool is_fresh = !invariants_.was_member(fresh);
    const auto entry = chain_.member_entry(process, fresh);
    if (!members.contains(process)) {
      if (is_fresh) workload_.govern(ledger::AddMember{entry, "", ""});
    } else if (committee.size() > options_.peers && !removal_waits() && generator_.chance(500)) {
      removal_ = workload_.govern(ledger::RemoveMember{entry.peer});
    } else if (is_fresh) {
      workload_.govern(ledger::ReplaceMemberKeys{entry});
    }
    change_members();
  });
}

void Simulation::view_change_heard(std::uint32_t peer, const pbft::Received& message,
                                   const pbft::Status& status) {
  invariants_.view_change_heard(peer, message, status);
}

void Simulation::refused(std::uint32_t peer, const pbft::Refused& refused) {
  fingerprint_.fold(ByteView(refused.request));
  HistoryEntry entry;
  entry.what = Happening::client;
  entry.peer = peer;
  entry.words = "refused: " + refused.reason.message();
  note(std::move(entry));
}

void Simulation::alarmed(std::uint32_t peer, const std::string& sentence) {
  HistoryEntry entry;
  entry.what = Happening::alarm;
  entry.peer = peer;
  entry.words = sentence;
  note(std::move(entry));
  if (sentence.starts_with("view change")) ++result_.view_changes;
  invariants_.alarmed(peer, sentence);
}

void Simulation::violated(Violation violation) {
  if (!violation_) violation_ = std::move(violation);
}

// ── The two phases ──────────────────────────────────────────────────────────────────────────────

bool Simulation::one_event() {
  if (violation_ || !time_.run_next()) return false;
  fingerprint_.fold(static_cast<std::uint64_t>(now_ms()));
  return true;
}

SimulationResult Simulation::run() {
  for (auto& peer : peers_) peer->start();
  workload_.start();
  injector_.start();
  if (chain_.options.membership) change_members();
  while (time_.run() < options_.steps && one_event()) {
  }
  if (!violation_ && faults_.has(Fault::outage)) stand_still();
  if (!violation_) {
    injector_.heal();
    live_on();
  }
  if (!violation_) check_end();
  return result();
}

/// Runs on until `done`, which is asked every few milliseconds; false after `most_ms` since
/// `healed_at`, or when something else was violated.
bool Simulation::reach(std::int64_t healed_at, std::int64_t most_ms, const char* what,
                       const std::function<bool()>& done) {
  for (auto look_at = now_ms();;) {
    if (now_ms() >= look_at) {
      if (done()) return true;
      look_at = now_ms() + 10;
    }
    if (now_ms() - healed_at > most_ms) {
      violated({"liveness",
                std::string(what) + " " + std::to_string(most_ms) + " ms after healing" +
                    why_not_equal(),
                {},
                {}});
      return false;
    }
    if (!one_event()) return false;
  }
}

/// For minutes nothing can be decided, while one client more waits for it: how long the members
/// have learnt to wait meanwhile must not show afterwards.
void Simulation::stand_still() {
  std::vector<std::uint32_t> members;
  for (const auto& key : invariants_.newest_committee().members) {
    members.push_back(*chain_.process_of(key));
  }
  injector_.begin_outage(members);
  workload_.probe();
  workload_.pause(true);
  const auto until = now_ms() + min_outage_ms +
                     static_cast<std::int64_t>(generator_.below(max_outage_ms - min_outage_ms));
  while (now_ms() < until && one_event()) {
  }
  workload_.pause(false);
}

/// A new request must soon be acknowledged; then all that waited before, while the load goes on
/// (else a primary could starve one client as long as it serves the others); then all honest peers
/// must be equal with nothing waiting. Each Byzantine primary may cost one time-out at its longest.
void Simulation::live_on() {
  const auto healed_at = now_ms();
  const auto liars = std::ranges::count(byzantine_, true);
  const auto first_commit_ms =
      max_first_commit_ms + liars * chain_.replica.view_change_backoff_max_ms;
  const auto probe = workload_.probe();
  if (!reach(healed_at, first_commit_ms, "no new request was acknowledged",
             [&] { return workload_.acknowledged(probe); })) {
    return;
  }
  result_.first_commit_ms = now_ms() - healed_at;
  if (!reach(healed_at, max_fair_ms, "under load an old request was not acknowledged",
             [&] { return workload_.waiting_since(healed_at) == 0; })) {
    return;
  }
  if (!reach(healed_at, max_fair_ms, "the feature level was not raised", [&] {
        return invariants_.newest_committee().feature_level == ledger::known_feature_level;
      })) {
    return;
  }
  workload_.wind_down();
  if (!reach(healed_at, max_healing_ms, "honest peers were not equal",
             [&] { return converged(); })) {
    return;
  }
  result_.healing_ms = now_ms() - healed_at;
}

bool Simulation::converged() const {
  if (workload_.waiting() > 0) return false;
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) {
    if (byzantine_[peer]) continue;
    if (!peers_[peer]->up() || seen_height_[peer] != invariants_.height() ||
        peers_[peer]->settlement().position().height != invariants_.height()) {
      return false;
    }
  }
  return true;
}

void Simulation::check_end() {
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) {
    if (byzantine_[peer]) continue;
    const auto& settlement = peers_[peer]->settlement();
    invariants_.check_ledger(peer, settlement.machine());
    const EnvironmentSnapshot snapshot(peers_[peer]->shell().disk.ledger);
    for (const auto& [id, request] : workload_.requests()) {
      if (!request.acknowledged) continue;
      const auto place = protocol::read_place(snapshot, id);
      if (!place) continue;  // a flipped bit: noticed, and mended at the next start
      const auto* block = *place ? invariants_.block((*place)->height) : nullptr;
      const bool there = block != nullptr && (*place)->index < block->receipts.size() &&
                         block->receipts[(*place)->index].transaction == id;
      if (there) continue;
      violated({"acked_is_durable",
                "peer " + std::to_string(peer) + " does not have the acknowledged transaction " +
                    to_hex(id),
                peer,
                {}});
    }
  }
}

std::string Simulation::why_not_equal() const {
  auto text = ": " + std::to_string(workload_.waiting()) + " requests wait, height " +
              std::to_string(invariants_.height());
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) {
    text += "\n  peer " + std::to_string(peer) + (byzantine_[peer] ? " (Byzantine)" : "");
    if (!peers_[peer]->up()) {
      text += " is down";
      continue;
    }
    const auto status = peers_[peer]->status();
    text += ": view " + std::to_string(status.view) + (status.view_active ? "" : " inactive") +
            ", executed " + std::to_string(status.executed.sequence) + ", delivered " +
            std::to_string(status.delivered) + ", stable " +
            std::to_string(status.stable_checkpoint) + ", height " +
            std::to_string(peers_[peer]->settlement().position().height) + ", waiting " +
            std::to_string(status.mempool_requests) + (status.recovering ? ", recovering" : "") +
            (status.transferring ? ", transferring" : "") + " " + status.why_stuck;
  }
  return text;
}

SimulationResult Simulation::result() {
  if (violation_) {
    result_.ok = false;
    result_.invariant = violation_->invariant;
    result_.violation = violation_->what;
    if (!options_.history) result_.history = history_.last(history_lines, *violation_);
  }
  result_.faults = faults_.text();
  result_.events = time_.run();
  result_.blocks = invariants_.height();
  result_.transactions = invariants_.transactions();
  result_.acknowledged = workload_.acknowledged_count();
  result_.messages = network_.delivered();
  result_.highest_view = invariants_.highest_view();
  const auto& counts = injector_.counts();
  result_.crashes = counts.crashes;
  result_.faults_seen = counts.by_name;
  for (const auto& [point, count] : counts.crashes_at) result_.crashes_at[to_text(point)] = count;
  for (const auto& peer : peers_) {
    result_.transfers += peer->transfers();
    result_.logs_replaced += peer->logs_replaced();
    result_.ledgers_replaced += peer->ledgers_replaced();
  }
  result_.virtual_ms = now_ms();
  result_.digest = fingerprint_.text();
  return std::move(result_);
}

}  // namespace powershare::sim
