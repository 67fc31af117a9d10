// One peer of a simulated chain: hosts the Replica and CatchUp that production hosts, with a disk
// that loses what was not synced when the peer crashes.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "protocol/pbft/replica.hpp"
#include "sim/chain_ledger.hpp"
#include "sim/oracle_signatory.hpp"

namespace powershare::sim {

/// What a peer asks of the simulated world.
class World {
 public:
  virtual ~World() = default;
  virtual std::int64_t now_ms() const = 0;
  virtual void schedule(std::int64_t delay_ms, std::function<void()> event) = 0;
  virtual void transmit(std::uint32_t from, const pbft::Outgoing& message) = 0;
  virtual void executed(std::uint32_t peer, const pbft::Decision& decision,
                        const pbft::Position& position) = 0;
  virtual void restored(std::uint32_t peer, const pbft::Position& position) = 0;
  virtual void certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) = 0;
  virtual void alarmed(std::uint32_t peer, const std::string& sentence) = 0;
  virtual void violated(const std::string& what) = 0;
  virtual std::uint64_t random(std::uint64_t below) = 0;
};

class SimulatedPeer {
 public:
  SimulatedPeer(World& world, const Keys& keys, std::uint32_t self, pbft::Config config,
                protocol::CatchUpOptions catch_up_options);

  bool up() const { return replica_ != nullptr; }
  void start();
  /// Everything not synced is gone.
  void crash();
  /// The log's disk is lost too; IDENTITY stays.
  void lose_log();
  /// Everything is lost: disk, ledger, IDENTITY.
  void wipe();
  void receive(pbft::Received message);
  void submit(Bytes request);
  void hand_over();

  pbft::Status status() const { return replica_->status(); }
  const ChainLedger& ledger() const { return ledger_; }
  std::uint64_t snapshots() const { return snapshots_; }
  std::uint64_t transfers() const { return transfers_; }
  std::int64_t clock_skew_ms = 0;

 private:
  void input(pbft::Input input);
  void apply(pbft::Effects effects);
  void sync();
  void tick();
  void execute_next();
  void catch_up(protocol::CatchUpInput input);
  void apply(protocol::CatchUpEffects effects);
  void after(std::int64_t delay_ms, void (SimulatedPeer::*action)());
  pbft::Tick clock() const;

  World& world_;
  std::uint32_t self_;
  OracleSignatory signatory_;
  pbft::Config config_;
  protocol::CatchUpOptions catch_up_options_;

  // The disk.
  std::map<Bytes, Bytes> log_;
  std::optional<pbft::Reservation> identity_;
  ChainLedger ledger_;
  bool log_lost_ = false;

  // Memory.
  std::unique_ptr<pbft::Replica> replica_;
  std::unique_ptr<protocol::CatchUp> catch_up_;
  std::uint64_t life_ = 0;
  pbft::Effects group_;
  bool sync_scheduled_ = false;
  bool execution_scheduled_ = false;
  std::int64_t tick_at_ = -1;
  std::deque<pbft::Decision> decisions_;
  std::optional<pbft::TransferRequest> transfer_;
  std::vector<crypto::Digest> installed_requests_;
  bool snapshot_installed_ = false;
  std::uint64_t snapshots_ = 0;
  std::uint64_t transfers_ = 0;
};

}  // namespace powershare::sim
