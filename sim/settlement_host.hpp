// The ledger's half of a simulated peer: hosts the StateMachine and CatchUp that production hosts,
// over the same records (protocol/block_store), as the settlement actor does.
#pragma once

#include "protocol/block_store.hpp"
#include "protocol/catch_up.hpp"
#include "protocol/epoch_tracker.hpp"
#include "sim/peer_shell.hpp"

namespace powershare::sim {

class ConsensusHost;

class SettlementHost {
 public:
  /// Opens what the disk holds, as a start does.
  explicit SettlementHost(PeerShell& shell);
  void start(ConsensusHost& consensus);

  void execute(std::vector<pbft::Decision> decisions);
  void store_certificates(std::vector<pbft::BlockCertificate> certificates);
  /// An epoch is over: its end is kept with the ledger, for those that come later.
  void end_epoch(pbft::EpochFinished finished);
  void start_transfer(pbft::TransferRequest request);
  void receive(pbft::Received message);
  /// Admission of a client's transaction, as the gateway asks for it.
  Result<void> admit(const ledger::Transaction& transaction) const;

  /// What Replica needs of the ledger at a start.
  void describe(pbft::Recovered& recovered) const;
  const ledger::StateMachine& machine() const { return machine_; }
  /// Of the epoch in which the ledger stands.
  const pbft::Committee& committee() const { return *epochs_.committee(); }
  /// Executed, perhaps not durable yet.
  const pbft::Position& position() const { return ledger_.position; }
  std::uint64_t executed_transactions() const { return ledger_.executed_transactions; }
  std::uint64_t transfers() const { return transfers_; }

 private:
  void execute(std::uint64_t epoch, pbft::Sequence sequence, const pbft::BatchPointer& batch,
               const pbft::OrderingCertificate& ordering);
  void apply(std::uint64_t epoch, const pbft::BatchPointer& batch,
             const pbft::OrderingCertificate& ordering);
  void add_certificates(const std::vector<pbft::BlockCertificate>& certificates);
  void flush();
  void ledger_is_durable();
  void publish();
  void wait_for_space();
  void transfer(protocol::CatchUpInput input);
  void act(protocol::CatchUpEffects effects);
  void install(const std::vector<protocol::VerifiedBlock>& blocks);
  bool keep_epoch_end(const pbft::EpochFinished& finished);
  protocol::BlocksRead read_blocks(const protocol::ServeBlocks& asked) const;
  void poll_slots();
  void tell_slot_due();

  PeerShell& shell_;
  ConsensusHost* consensus_ = nullptr;
  Mailbox mail_;
  ledger::StateMachine machine_;
  protocol::LedgerPosition ledger_;
  std::uint64_t certified_height_ = 0;
  protocol::EpochTracker epochs_;
  protocol::CatchUp catch_up_;
  // Executed, not durable yet.
  std::vector<protocol::TableWrite> writes_;
  std::vector<pbft::Executed> positions_;
  std::vector<crypto::Digest> installed_requests_;
  bool writing_ = false;
  bool install_pending_ = false;
  bool tick_scheduled_ = false;
  std::uint64_t transfers_ = 0;
};

}  // namespace powershare::sim
