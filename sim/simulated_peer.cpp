#include "sim/simulated_peer.hpp"

#include <algorithm>

namespace powershare::sim {
namespace {

constexpr std::int64_t epoch_ms = 1'600'000'000'000;

}  // namespace

SimulatedPeer::SimulatedPeer(World& world, const Keys& keys, std::uint32_t self,
                             pbft::Config config, protocol::CatchUpOptions catch_up_options)
    : world_(world),
      self_(self),
      signatory_(keys, self),
      config_(std::move(config)),
      catch_up_options_(catch_up_options),
      ledger_(config_.committee.genesis) {}

pbft::Tick SimulatedPeer::clock() const {
  return {MonotonicMillis{world_.now_ms()}, UtcMillis{epoch_ms + world_.now_ms() + clock_skew_ms},
          false};
}

void SimulatedPeer::after(std::int64_t delay_ms, void (SimulatedPeer::*action)()) {
  world_.schedule(delay_ms, [this, action, life = life_] {
    if (up() && life == life_) (this->*action)();
  });
}

void SimulatedPeer::start() {
  if (up()) return;
  pbft::Recovered recovered;
  for (const auto& [key, value] : log_) recovered.log.push_back({key, value});
  recovered.executed = ledger_.position();
  recovered.certified_height = ledger_.certified_height();
  recovered.recent_blocks = ledger_.recent_blocks();
  if (log_lost_) recovered.lost = identity_.value_or(pbft::Reservation{});
  log_lost_ = false;
  replica_ = std::make_unique<pbft::Replica>(
      config_, signatory_,
      [](ByteView request, UtcMillis, std::uint32_t) { return request.size() >= 8; },
      std::move(recovered));
  catch_up_ =
      std::make_unique<protocol::CatchUp>(config_.committee, self_, signatory_, catch_up_options_);
  apply(replica_->start());
  input(clock());
}

void SimulatedPeer::crash() {
  ++life_;
  replica_.reset();
  catch_up_.reset();
  group_ = {};
  sync_scheduled_ = execution_scheduled_ = false;
  tick_at_ = -1;
  decisions_.clear();
  transfer_.reset();
  installed_requests_.clear();
  snapshot_installed_ = false;
}

void SimulatedPeer::lose_log() {
  log_.clear();
  log_lost_ = true;
}

void SimulatedPeer::wipe() {
  log_.clear();
  identity_.reset();
  ledger_ = ChainLedger(config_.committee.genesis);
}

void SimulatedPeer::receive(pbft::Received message) {
  if (!up()) return;
  if (!pbft::is_state_transfer(message.type)) return input(std::move(message));
  catch_up(std::move(message));
}

void SimulatedPeer::submit(Bytes request) {
  input(pbft::Submit{std::move(request), true});
}

void SimulatedPeer::hand_over() {
  input(pbft::HandOver{});
}

void SimulatedPeer::input(pbft::Input input) {
  if (!up()) return;
  auto effects = replica_->step(clock());
  effects.merge(replica_->step(std::move(input)));
  apply(std::move(effects));
}

/// Groups what steps ask for until the next sync, as the consensus actor does.
void SimulatedPeer::apply(pbft::Effects effects) {
  if (effects.wake_at) {
    const auto at = std::max(effects.wake_at->value, world_.now_ms() + 1);
    if (tick_at_ < 0 || at < tick_at_ || tick_at_ <= world_.now_ms()) {
      tick_at_ = at;
      after(at - world_.now_ms(), &SimulatedPeer::tick);
    }
  }
  group_.merge(std::move(effects));
  if (sync_scheduled_) return;
  sync_scheduled_ = true;
  after(static_cast<std::int64_t>(world_.random(3)), &SimulatedPeer::sync);
}

void SimulatedPeer::tick() {
  if (world_.now_ms() < tick_at_) return;
  tick_at_ = -1;
  input(clock());
  if (catch_up_->running()) catch_up(clock());
}

void SimulatedPeer::sync() {
  sync_scheduled_ = false;
  auto group = std::move(group_);
  group_ = {};
  if (group.reserve) identity_ = group.reserve;
  for (auto& write : group.persist) {
    if (write.value) {
      log_[write.key] = std::move(*write.value);
    } else {
      log_.erase(write.key);
    }
  }
  for (const auto& sentence : group.alarms) world_.alarmed(self_, sentence);
  for (const auto& message : group.send) world_.transmit(self_, message);
  for (auto& certificate : group.block_certificates) {
    if (ledger_.hash_at(certificate.height) != certificate.header_hash) {
      world_.violated("a certificate for a block that the ledger does not hold");
    }
    ledger_.certify(certificate.height, certificate.certificate);
    world_.certified(self_, certificate);
  }
  for (auto& decision : group.deliver) decisions_.push_back(std::move(decision));
  if (group.transfer) transfer_ = std::move(group.transfer);
  if (!execution_scheduled_) {
    execution_scheduled_ = true;
    after(static_cast<std::int64_t>(world_.random(4)), &SimulatedPeer::execute_next);
  }
}

void SimulatedPeer::execute_next() {
  execution_scheduled_ = false;
  if (decisions_.empty()) {
    if (!transfer_) return;
    auto request = std::move(*transfer_);
    transfer_.reset();
    ++transfers_;
    return catch_up(protocol::StartCatchUp{ledger_.position(), std::move(request),
                                           config_.committee, config_.committee.size(),
                                           ledger_.level()});
  }
  const auto decision = std::move(decisions_.front());
  decisions_.pop_front();
  if (decision.sequence > ledger_.position().sequence) {
    const auto position = ledger_.execute(decision.sequence, decision.batch, decision.certificate);
    world_.executed(self_, decision, position);
    input(pbft::Executed{position});
  }
  if (up() && !execution_scheduled_ && (!decisions_.empty() || transfer_)) {
    execution_scheduled_ = true;
    after(static_cast<std::int64_t>(world_.random(4)), &SimulatedPeer::execute_next);
  }
}

void SimulatedPeer::catch_up(protocol::CatchUpInput input) {
  if (!up()) return;
  apply(catch_up_->step(clock()));
  apply(catch_up_->step(std::move(input)));
}

void SimulatedPeer::apply(protocol::CatchUpEffects effects) {
  for (const auto& message : effects.send) world_.transmit(self_, message);
  for (const auto& wanted : effects.serve_blocks) catch_up(ledger_.serve(wanted));
  for (const auto& wanted : effects.serve_manifest) {
    if (auto answer = ledger_.manifest(wanted.peer)) catch_up(std::move(*answer));
  }
  for (const auto& wanted : effects.serve_chunk) catch_up(ledger_.chunk(wanted.peer, wanted.index));
  if (effects.begin_staging) ledger_.begin_staging();
  for (auto& chunk : effects.stage) ledger_.stage(std::move(chunk));
  bool good = true;
  for (const auto& block : effects.install) {
    good = good && ledger_.install(block);
    if (good) world_.restored(self_, ledger_.position());
    installed_requests_.insert(installed_requests_.end(), block.batch->ids().begin(),
                               block.batch->ids().end());
  }
  if (effects.certificate) {
    ledger_.certify(effects.certificate->height, effects.certificate->certificate);
  }
  if (effects.swap_in) {
    good = ledger_.swap_in(*effects.swap_in);
    if (good) world_.restored(self_, ledger_.position());
    snapshot_installed_ = true;
    ++snapshots_;
  }
  if (!good) {
    world_.violated("a verified block or snapshot gave another state");
    return catch_up(protocol::InstallFailed{});
  }
  if (!effects.install.empty() || effects.swap_in) {
    catch_up(protocol::Installed{ledger_.position()});
  }
  if (effects.finished) {
    input(pbft::Restored{ledger_.position(), std::move(installed_requests_), snapshot_installed_});
    installed_requests_.clear();
    snapshot_installed_ = false;
  }
}

}  // namespace powershare::sim
