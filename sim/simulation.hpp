// One run: the chain's peers, their network, clients and faults, and the watch over them.
#pragma once

#include "sim/byzantine_member.hpp"
#include "sim/fault_injector.hpp"
#include "sim/fingerprint.hpp"
#include "sim/history.hpp"
#include "sim/simulator.hpp"
#include "sim/workload.hpp"

namespace powershare::sim {

class Simulation final : public World {
 public:
  explicit Simulation(const SimulationOptions& options);
  SimulationResult run();

  std::int64_t now_ms() const override { return time_.now_ms(); }
  void schedule(std::int64_t delay_ms, std::function<void()> event) override {
    time_.schedule(delay_ms, std::move(event));
  }
  std::uint64_t random(std::uint64_t below) override { return generator_.below(below); }
  Generator& generator() override { return generator_; }
  void transmit(std::uint32_t peer, const pbft::Outgoing& message) override;
  void crash_now(std::uint32_t peer, PersistencePoint point) override;
  void persisted(std::uint32_t peer, std::size_t records) override;
  void delivered(std::uint32_t peer, const pbft::Decision& decision) override;
  void executed(std::uint32_t peer, const ledger::ExecutedBlock& block,
                const pbft::BatchPointer& batch, const ledger::StateMachine& machine) override;
  void committed(std::uint32_t peer, const pbft::Position& position) override;
  void certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) override;
  void epoch_began(std::uint32_t peer, const pbft::Committee& committee) override;
  void view_change_heard(std::uint32_t peer, const pbft::Received& message,
                         const pbft::Status& status) override;
  void refused(std::uint32_t peer, const pbft::Refused& refused) override;
  void alarmed(std::uint32_t peer, const std::string& sentence) override;
  void violated(Violation violation) override;

 private:
  std::vector<bool> draw_byzantine();
  void make_adversaries();
  void tick_adversary(std::uint32_t peer);
  void arrived(std::uint32_t from, std::uint32_t to, const FramePointer& frame);
  bool passes(std::uint32_t from, const wire::Envelope& envelope) const;
  std::vector<std::uint32_t> recipients(std::uint32_t peer, const pbft::Outgoing& message) const;
  std::uint32_t sender_index(std::uint32_t peer, pbft::MessageType type, std::uint64_t epoch) const;
  const pbft::Committee* committee_of(std::uint32_t sender, std::uint64_t epoch) const;
  void change_members();
  bool removal_waits() const;
  Door submit(std::uint32_t peer, ByteView transaction);
  void note(HistoryEntry entry);
  bool one_event();
  bool reach(std::int64_t healed_at, std::int64_t most_ms, const char* what,
             const std::function<bool()>& done);
  void stand_still();
  void live_on();
  bool converged() const;
  void check_end();
  std::string why_not_equal() const;
  SimulationResult result();

  SimulationOptions options_;
  Generator generator_;
  FaultSet faults_;
  Chain chain_;
  EventQueue time_;
  std::vector<bool> byzantine_;
  History history_{4'096};
  std::optional<crypto::Digest> removal_;  ///< the transaction that removes a member
  Fingerprint fingerprint_;
  Invariants invariants_;
  std::vector<std::unique_ptr<SimulatedPeer>> peers_;
  Network network_;
  std::vector<std::unique_ptr<ByzantineMember>> adversaries_;  ///< by peer, null for honest ones
  Workload workload_;
  FaultInjector injector_;
  std::vector<std::uint64_t> seen_height_;  ///< by peer: receipts shown to clients up to here
  std::optional<Violation> violation_;
  SimulationResult result_;
};

}  // namespace powershare::sim
