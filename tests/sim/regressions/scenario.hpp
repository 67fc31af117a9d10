// A chain of simulated peers (real Replica, StateMachine, CatchUp, disks) under one directed
// schedule: a test says which messages are lost or late, who crashes, who lies, and when. What must
// hold in every run of the simulator is watched here, too.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/invariants.hpp"
#include "sim/network.hpp"
#include "sim/simulated_peer.hpp"

namespace powershare::sim {

struct ScenarioOptions {
  std::uint32_t peers = 4;
  std::set<std::uint32_t> liars{};  ///< the others' promises are watched, theirs are not
  std::int64_t request_timeout_ms = 500;
  std::int64_t view_change_backoff_max_ms = 4'000;
  std::uint64_t seed = 1;
};

class Scenario final : public World {
 public:
  using Peer = std::uint32_t;
  using Type = pbft::MessageType;
  using Condition = std::function<bool()>;

  explicit Scenario(ScenarioOptions options = {});

  // ── Time ──
  std::int64_t now_ms() const override { return time_.now_ms(); }
  void run(std::int64_t span_ms);
  /// False when `most_ms` are over first.
  bool run_until(const Condition& done, std::int64_t most_ms);

  // ── Clients ──
  /// A transaction of its own at this peer's door; its id.
  crypto::Digest submit(Peer peer);
  /// The bytes of a transaction that nobody has seen yet; with a wrong signature where `forged`.
  Bytes transaction(bool forged = false);
  crypto::Digest submit(Peer peer, const Bytes& bytes);
  /// `count` transactions one after another, each executed everywhere it can be before the next.
  void submit_each(Peer peer, std::uint32_t count);
  bool has(Peer peer, const crypto::Digest& id) const { return executed_[peer].contains(id); }
  bool all_have(const crypto::Digest& id) const;
  /// How often the transaction stands in the chain.
  std::size_t times_in_chain(const crypto::Digest& id) const;

  // ── Faults ──
  /// Milliseconds more on the way; nothing where the message is lost.
  std::function<std::optional<std::int64_t>(Peer from, Peer to, const wire::Envelope&)> fate;
  /// What a liar's own replica wants to send may be changed (it is signed again) or held back.
  std::function<bool(Peer liar, Peer to, pbft::Outgoing& message)> lie;
  /// Of these types everything is lost, from whom and to whom `which` says.
  void lose(std::set<Type> types, std::function<bool(Peer from, Peer to)> which = {});
  void lose_nothing() { fate = nullptr; }
  void isolate(Peer peer);
  void part(const std::set<Peer>& side);
  void heal() { network_.mend_all(); }
  void crash(Peer peer, bool may_tear = false);
  void start(Peer peer);
  void lose_log(Peer peer);
  void wipe(Peer peer);
  void hand_over(Peer peer) { peers_[peer]->hand_over(); }
  SimulatedPeer& peer(Peer peer) { return *peers_[peer]; }

  // ── What a liar says ──
  void say(Peer from, Peer to, Type type, Bytes body);
  /// An envelope as it is, whoever it names.
  void say(Peer from, Peer to, wire::Envelope envelope);
  crypto::Signature sign(Peer liar, Type type, ByteView body) const;
  /// "Certificate" over a message of this type and body by the named signers, each time by the key
  /// of `liar`.
  crypto::QuorumCertificate forged(Peer liar, Type type, ByteView body,
                                   const std::vector<Peer>& signers) const;

  // ── What is seen ──
  pbft::Status status(Peer peer) const { return peers_[peer]->status(); }
  std::uint64_t height(Peer peer) const { return peers_[peer]->settlement().position().height; }
  pbft::Sequence last_sequence() const { return decided_.empty() ? 0 : decided_.rbegin()->first; }
  const crypto::Digest* decided(pbft::Sequence sequence) const;
  std::uint64_t sent(Peer peer, Type type) const;
  std::uint64_t view_changes() const { return view_changes_; }
  bool was_alarmed(Peer peer, std::string_view beginning) const;
  pbft::View highest_view() const;
  /// All that are up and no liars: one height, one active view, nothing waits.
  bool settled() const;
  /// Empty, or what is wrong.
  const std::string& violation() const { return violation_; }
  const Chain& chain() const { return chain_; }

  // ── What peers tell ──
  void schedule(std::int64_t delay_ms, std::function<void()> event) override {
    time_.schedule(delay_ms, std::move(event));
  }
  std::uint64_t random(std::uint64_t below) override { return generator_.below(below); }
  Generator& generator() override { return generator_; }
  void transmit(Peer peer, const pbft::Outgoing& message) override;
  void crash_now(Peer peer, PersistencePoint point) override;
  void persisted(Peer peer, std::size_t records) override;
  void delivered(Peer peer, const pbft::Decision& decision) override;
  void executed(Peer peer, const ledger::ExecutedBlock& block, const pbft::BatchPointer& batch,
                const ledger::StateMachine& machine) override;
  void committed(Peer, const pbft::Position&) override {}
  void certified(Peer peer, const pbft::BlockCertificate& certificate) override;
  void view_change_heard(Peer peer, const pbft::Received& message,
                         const pbft::Status& status) override {
    invariants_.view_change_heard(peer, message, status);
  }
  void refused(Peer, const pbft::Refused&) override {}
  void alarmed(Peer peer, const std::string& sentence) override;
  void violated(Violation violation) override;

 private:
  bool is_liar(Peer peer) const { return options_.liars.contains(peer); }
  std::vector<bool> honest() const;
  void post(Peer from, Peer to, const FramePointer& frame);
  void arrived(Peer from, Peer to, const FramePointer& frame);
  wire::Envelope envelope_of(Peer from, const pbft::Outgoing& message) const;

  ScenarioOptions options_;
  Generator generator_;
  Chain chain_;
  EventQueue time_;
  Invariants invariants_;
  std::vector<std::unique_ptr<SimulatedPeer>> peers_;
  Network network_;
  std::vector<std::set<crypto::Digest>> executed_;
  std::map<std::uint64_t, std::vector<crypto::Digest>> chain_of_ids_;  ///< by height
  std::map<pbft::Sequence, crypto::Digest> decided_;
  std::set<Peer> dying_;  ///< stopped in the middle of a write, not yet taken away
  std::map<std::pair<Peer, Type>, std::uint64_t> sent_;
  std::vector<std::vector<std::string>> alarms_;
  std::uint64_t view_changes_ = 0;
  std::uint64_t counter_ = 0;
  std::string violation_;
};

}  // namespace powershare::sim
