// One peer of a simulated chain: a process that starts, crashes and starts again over its disk.
#pragma once

#include <memory>

#include "sim/consensus_host.hpp"
#include "sim/settlement_host.hpp"
#include "sim/workload.hpp"

namespace powershare::sim {

class SimulatedPeer {
 public:
  /// `id` is what the world hears of; two processes may run as one `member`.
  SimulatedPeer(World& world, std::uint32_t id, const Chain& chain, pbft::MemberIndex member)
      : shell_(world, id, chain, member) {}

  bool up() const { return shell_.alive(); }
  /// Opens the disk, as `powershare peer --recover` does: a damaged log is a lost one, a damaged
  /// ledger is fetched anew. Nothing happens when the peer is up.
  void start();
  /// The power goes: unsynced writes may be lost, or torn where `may_tear`.
  void crash(bool may_tear);
  void receive(pbft::Received message);
  /// A client's transaction at this peer's door.
  Door submit(ByteView request);
  void hand_over();

  PeerShell& shell() { return shell_; }
  const PeerShell& shell() const { return shell_; }
  /// Only while it is up.
  pbft::Status status() const { return consensus_->status(); }
  const pbft::Committee& committee() const { return consensus_->committee(); }
  const SettlementHost& settlement() const { return *settlement_; }
  std::uint64_t transfers() const {
    return transfers_ + (settlement_ ? settlement_->transfers() : 0);
  }
  std::uint64_t logs_replaced() const { return logs_replaced_; }
  std::uint64_t ledgers_replaced() const { return ledgers_replaced_; }

 private:
  PeerShell shell_;
  std::unique_ptr<SettlementHost> settlement_;
  std::unique_ptr<ConsensusHost> consensus_;
  bool started_before_ = false;
  std::uint64_t transfers_ = 0;
  std::uint64_t logs_replaced_ = 0;
  std::uint64_t ledgers_replaced_ = 0;
};

}  // namespace powershare::sim
