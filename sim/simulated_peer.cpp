#include "sim/simulated_peer.hpp"

namespace powershare::sim {

void SimulatedPeer::start() {
  if (up()) return;
  auto& disk = shell_.disk;
  if (disk.log.damaged()) {
    disk.lose_log();
    ++logs_replaced_;
  }
  if (disk.ledger.damaged()) {
    disk.ledger.clear();
    ++ledgers_replaced_;
  }
  if (!disk.identity) {
    // A disk that was lost is recovered from the others, never made anew.
    disk.identity.emplace();
    disk.identity->recovering = started_before_;
  }
  started_before_ = true;
  shell_.begin_life();
  settlement_ = std::make_unique<SettlementHost>(shell_);
  pbft::Recovered recovered;
  recovered.log = disk.load_log();
  settlement_->describe(recovered);
  if (disk.identity->recovering) recovered.lost = disk.identity->reservation;
  consensus_ =
      std::make_unique<ConsensusHost>(shell_, settlement_->committee(), std::move(recovered));
  settlement_->start(*consensus_);
  consensus_->start(*settlement_);
}

void SimulatedPeer::crash(bool may_tear) {
  if (settlement_) transfers_ += settlement_->transfers();
  shell_.end_life();
  consensus_.reset();
  settlement_.reset();
  shell_.disk.crash(shell_.world.generator(), may_tear);
}

void SimulatedPeer::receive(pbft::Received message) {
  if (!up()) return;
  if (pbft::is_state_transfer(message.type)) {
    settlement_->receive(std::move(message));
  } else {
    consensus_->receive(std::move(message));
  }
}

Door SimulatedPeer::submit(ByteView request) {
  if (!up() || consensus_->waits_for_space() || !consensus_->is_member()) {
    return Door::unavailable;
  }
  const auto transaction = shell_.chain.notary.decode(request, ledger::known_feature_level);
  if (!transaction || !settlement_->admit(*transaction)) return Door::refused;
  consensus_->submit(to_bytes(request));
  return Door::admitted;
}

void SimulatedPeer::hand_over() {
  if (up()) consensus_->hand_over();
}

}  // namespace powershare::sim
