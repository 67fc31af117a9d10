#include "sim/consensus_host.hpp"

#include <algorithm>

#include "sim/settlement_host.hpp"

namespace powershare::sim {
namespace {

constexpr std::int64_t space_retry_ms = 1'000;
constexpr std::int64_t sync_ms = 4;

}  // namespace

ConsensusHost::ConsensusHost(PeerShell& shell, pbft::Committee committee, pbft::Recovered recovered)
    : shell_(shell),
      replica_(
          {std::move(committee), shell.chain.replica}, shell.signatory,
          [&chain = shell.chain](ByteView request, UtcMillis batch_time,
                                 std::uint32_t feature_level) {
            return chain.notary.check(request, batch_time, feature_level);
          },
          std::move(recovered)),
      mail_(shell, [this] { flush(); }) {}

void ConsensusHost::start(SettlementHost& settlement) {
  settlement_ = &settlement;
  mail_.put([this] {
    pending_.merge(replica_.step(tick()));
    pending_.merge(replica_.start());
  });
}

void ConsensusHost::step(pbft::Input input) {
  pending_.merge(replica_.step(tick()));
  pending_.merge(replica_.step(std::move(input)));
}

void ConsensusHost::receive(pbft::Received message) {
  mail_.put([this, message = std::move(message)]() mutable {
    // What is dropped here comes again by STATUS.
    if (waits_for_space_) return;
    if (message.type != pbft::MessageType::view_change) return step(std::move(message));
    step(message);
    shell_.world.view_change_heard(shell_.id, message, replica_.status());
  });
}

void ConsensusHost::submit(Bytes request) {
  mail_.put([this, request = std::move(request)]() mutable {
    step(pbft::Submit{std::move(request), true});
  });
}

void ConsensusHost::executed(std::vector<pbft::Executed> positions) {
  mail_.put([this, positions = std::move(positions)] {
    for (const auto& position : positions) step(position);
  });
}

void ConsensusHost::restored(pbft::Restored restored) {
  mail_.put([this, restored = std::move(restored)]() mutable { step(std::move(restored)); });
}

void ConsensusHost::hand_over() {
  mail_.put([this] { step(pbft::HandOver{}); });
}

void ConsensusHost::set_slot_due(bool due) {
  if (slot_due_wanted_ == due) return;
  slot_due_wanted_ = due;
  mail_.put([this, due] {
    slot_due_ = due;
    pending_.merge(replica_.step(tick()));
  });
}

void ConsensusHost::schedule_wake(MonotonicMillis at) {
  if (wake_scheduled_ && *wake_scheduled_ <= at) return;
  wake_scheduled_ = at;
  shell_.after(shell_.clock.until(at, shell_.world.now_ms()), [this, at] {
    // An earlier wake has overtaken this one.
    if (wake_scheduled_ != at) return;
    wake_scheduled_.reset();
    mail_.put([this] { pending_.merge(replica_.step(tick())); });
  });
}

bool ConsensusHost::is_member() const {
  const auto& members = replica_.committee().members;
  return std::ranges::any_of(members, [&](const auto& key) { return shell_.signatory.owns(key); });
}

void ConsensusHost::flush() {
  if (writing_) return;
  if (!pending_.reserve && pending_.persist.empty()) return act();
  writing_ = true;
  mail_.block();
  if (pending_.reserve) return write_identity();
  write_log();
}

void ConsensusHost::write_identity() {
  auto& disk = shell_.disk;
  if (shell_.stops_at(PersistencePoint::before_identity)) return;
  if (disk.full) return wait_for_space();
  disk.unsynced_identity = disk.identity.value_or(IdentityFile{});
  disk.unsynced_identity->reservation = *pending_.reserve;
  if (shell_.stops_at(PersistencePoint::identity_written)) return;
  shell_.after(1 + shell_.moment_ms(sync_ms), [this, &disk] {
    disk.identity = std::exchange(disk.unsynced_identity, std::nullopt);
    write_log();
  });
}

void ConsensusHost::write_log() {
  if (shell_.stops_at(PersistencePoint::before_log)) return;
  if (pending_.persist.empty()) return log_is_durable();
  if (shell_.disk.full) return wait_for_space();
  shell_.disk.log.write(log_group(std::move(pending_.persist)));
  pending_.persist.clear();
  if (shell_.stops_at(PersistencePoint::log_written)) return;
  shell_.after(1 + shell_.moment_ms(sync_ms), [this] { log_is_durable(); });
}

void ConsensusHost::log_is_durable() {
  shell_.disk.log.sync();
  shell_.world.persisted(shell_.id, shell_.disk.log.records());
  writing_ = false;
  waits_for_space_ = false;
  if (shell_.stops_at(PersistencePoint::log_synced)) return;
  act();
  if (shell_.alive()) mail_.unblock();
}

/// Everything stays pending and is tried again; nothing leaves meanwhile.
void ConsensusHost::wait_for_space() {
  waits_for_space_ = true;
  mail_.unblock();
  shell_.after(space_retry_ms, [this] {
    writing_ = false;
    flush();
  });
}

void ConsensusHost::act() {
  auto effects = std::exchange(pending_, {});
  if (epoch_told_ != replica_.committee().epoch) {
    epoch_told_ = replica_.committee().epoch;
    shell_.world.epoch_began(shell_.id, replica_.committee());
  }
  for (const auto& sentence : effects.alarms) shell_.world.alarmed(shell_.id, sentence);
  send(effects.send);
  if (!shell_.alive()) return;
  tell_settlement(effects);
  for (const auto& refused : effects.refused) shell_.world.refused(shell_.id, refused);
  if (effects.wake_at) schedule_wake(*effects.wake_at);
  note_recovered();
}

void ConsensusHost::send(const std::vector<pbft::Outgoing>& messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i == messages.size() / 2 && shell_.stops_at(PersistencePoint::half_sent)) return;
    shell_.world.transmit(shell_.id, messages[i]);
  }
}

void ConsensusHost::tell_settlement(pbft::Effects& effects) {
  for (auto& finished : effects.epochs_finished) settlement_->end_epoch(std::move(finished));
  for (const auto& decision : effects.deliver) shell_.world.delivered(shell_.id, decision);
  if (!effects.deliver.empty()) settlement_->execute(std::move(effects.deliver));
  if (!effects.block_certificates.empty()) {
    settlement_->store_certificates(std::move(effects.block_certificates));
  }
  if (effects.transfer) settlement_->start_transfer(std::move(*effects.transfer));
}

/// IDENTITY says "recovering" until the replica votes again.
void ConsensusHost::note_recovered() {
  auto& identity = shell_.disk.identity;
  if (identity && identity->recovering && !replica_.status().recovering) {
    identity->recovering = false;
  }
}

}  // namespace powershare::sim
