// The replica's half of a simulated peer: hosts the Replica that production hosts, as the consensus
// actor does: all that is queued is stepped first, then one durable write, then the messages.
#pragma once

#include "protocol/pbft/replica.hpp"
#include "sim/peer_shell.hpp"

namespace powershare::sim {

class SettlementHost;

class ConsensusHost {
 public:
  /// `committee`: of the epoch in which the ledger stands.
  ConsensusHost(PeerShell& shell, pbft::Committee committee, pbft::Recovered recovered);
  /// To be called once, when the other half is there.
  void start(SettlementHost& settlement);

  void receive(pbft::Received message);
  void submit(Bytes request);
  void executed(std::vector<pbft::Executed> positions);
  void restored(pbft::Restored restored);
  void hand_over();
  void set_slot_due(bool due);

  /// Without disk space nothing is promised.
  bool waits_for_space() const { return waits_for_space_; }
  pbft::Status status() const { return replica_.status(); }
  const pbft::Committee& committee() const { return replica_.committee(); }
  /// False while the peer only follows the chain.
  bool is_member() const;

 private:
  pbft::Tick tick() const { return {shell_.monotonic(), shell_.wall(), slot_due_}; }
  void step(pbft::Input input);
  void flush();
  void write_identity();
  void write_log();
  void log_is_durable();
  void wait_for_space();
  void act();
  void send(const std::vector<pbft::Outgoing>& messages);
  void tell_settlement(pbft::Effects& effects);
  void note_recovered();
  void schedule_wake(MonotonicMillis at);

  PeerShell& shell_;
  pbft::Replica replica_;
  SettlementHost* settlement_ = nullptr;
  Mailbox mail_;
  pbft::Effects pending_;
  std::optional<MonotonicMillis> wake_scheduled_;
  std::optional<std::uint64_t> epoch_told_;
  bool slot_due_ = false;
  bool slot_due_wanted_ = false;
  bool waits_for_space_ = false;
  bool writing_ = false;
};

}  // namespace powershare::sim
