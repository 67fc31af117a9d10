#include "sim/settlement_host.hpp"

#include <algorithm>

#include "ledger/membership.hpp"

#include "sim/consensus_host.hpp"

namespace powershare::sim {
namespace {

constexpr std::int64_t space_retry_ms = 1'000;
constexpr std::int64_t sync_ms = 4;
constexpr std::int64_t transfer_tick_ms = 100;
constexpr std::int64_t slot_poll_ms = 500;
constexpr std::uint64_t max_recent_blocks = 256;
constexpr std::size_t max_further_headers = 256;

template <class T>
T must(Result<T> result) {
  PS_ASSERT(result.ok());  // a damaged ledger is replaced before it is opened
  return std::move(*result);
}

/// As a start of the real peer does: from the genesis, or from all state records of the store.
ledger::StateMachine open_machine(const PeerShell& shell) {
  const EnvironmentSnapshot snapshot(shell.disk.ledger);
  const auto position = must(protocol::read_position(snapshot));
  const auto& chain = shell.chain;
  if (!position || position->position.height == 0) return {chain.genesis, chain.decoder()};
  const auto head = must(protocol::read_block(snapshot, position->position.height));
  PS_ASSERT(head.has_value());
  return must(ledger::StateMachine::restore(chain.genesis, chain.decoder(), head->header,
                                            must(protocol::read_state(snapshot))));
}

protocol::LedgerPosition open_position(const PeerShell& shell) {
  const EnvironmentSnapshot snapshot(shell.disk.ledger);
  return must(protocol::read_position(snapshot))
      .value_or(protocol::LedgerPosition{{0, 0, shell.chain.genesis_hash}, 0});
}

protocol::EpochTracker open_epochs(const PeerShell& shell, const ledger::StateMachine& machine,
                                   const pbft::Position& own) {
  const EnvironmentSnapshot snapshot(shell.disk.ledger);
  return must(
      protocol::EpochTracker::open(machine.state(), shell.chain.genesis_hash, snapshot, own));
}

}  // namespace

SettlementHost::SettlementHost(PeerShell& shell)
    : shell_(shell),
      mail_(shell, [this] { flush(); }),
      machine_(open_machine(shell)),
      ledger_(open_position(shell)),
      certified_height_(
          must(protocol::read_certified_height(EnvironmentSnapshot(shell.disk.ledger)))),
      epochs_(open_epochs(shell, machine_, ledger_.position)),
      catch_up_(committee(), shell.member, shell.signatory, shell.chain.catch_up) {
  const EnvironmentSnapshot snapshot(shell.disk.ledger);
  if (must(protocol::read_position(snapshot))) return;
  // A new ledger: the genesis's state is on disk before the first block.
  machine_.state().scan({}, {}, [&](ByteView key, ByteView value) {
    writes_.push_back({std::string(protocol::table::state), to_bytes(key), to_bytes(value)});
    return true;
  });
  writes_.push_back(protocol::position_write(ledger_));
  shell.disk.ledger.write(std::exchange(writes_, {}));
  shell.disk.ledger.sync();
}

void SettlementHost::start(ConsensusHost& consensus) {
  consensus_ = &consensus;
  poll_slots();
}

void SettlementHost::describe(pbft::Recovered& recovered) const {
  recovered.executed = ledger_.position;
  recovered.epoch_end = epochs_.epoch_end();
  recovered.certified_height = certified_height_;
  const EnvironmentSnapshot snapshot(shell_.disk.ledger);
  const auto newest = ledger_.position.height;
  for (auto height = newest > max_recent_blocks ? newest - max_recent_blocks + 1 : 1;
       height <= newest; ++height) {
    const auto block = must(protocol::read_block(snapshot, height));
    if (block) recovered.recent_blocks.push_back({height, block->header.hash()});
  }
}

Result<void> SettlementHost::admit(const ledger::Transaction& transaction) const {
  return machine_.admit(transaction, shell_.wall());
}

// ── Decisions ───────────────────────────────────────────────────────────────────────────────────

void SettlementHost::execute(std::vector<pbft::Decision> decisions) {
  mail_.put([this, decisions = std::move(decisions)] {
    for (const auto& decision : decisions) {
      // State transfer may have been ahead of the log.
      if (decision.sequence <= ledger_.position.sequence) continue;
      execute(decision.epoch, decision.sequence, decision.batch, decision.certificate);
      positions_.push_back({ledger_.position, epochs_.epoch_end()});
    }
  });
}

void SettlementHost::execute(std::uint64_t epoch, pbft::Sequence sequence,
                             const pbft::BatchPointer& batch,
                             const pbft::OrderingCertificate& ordering) {
  PS_ASSERT(sequence > ledger_.position.sequence);
  const auto before = ledger_.position;
  ledger_.position.sequence = sequence;
  apply(epoch, batch, ordering);
  epochs_.advanced(machine_.state(), before, ledger_.position, writes_);
}

void SettlementHost::apply(std::uint64_t epoch, const pbft::BatchPointer& batch,
                           const pbft::OrderingCertificate& ordering) {
  if (batch->is_null()) return;
  ledger::DecidedBatch decided{epoch, ledger_.position.sequence, batch->time(), {}};
  for (const auto request : batch->requests()) decided.transactions.push_back(to_bytes(request));
  if (!machine_.makes_block(decided)) return;
  const auto block = machine_.apply(decided);
  protocol::append_block_writes(block, batch, ordering, writes_);
  ledger_.position.height = block.header.height;
  ledger_.position.head = machine_.head_hash();
  ledger_.executed_transactions += block.transactions.size();
  shell_.world.executed(shell_.id, block, batch, machine_);
}

void SettlementHost::store_certificates(std::vector<pbft::BlockCertificate> certificates) {
  mail_.put([this, certificates = std::move(certificates)] {
    for (const auto& certificate : certificates) shell_.world.certified(shell_.id, certificate);
    add_certificates(certificates);
  });
}

void SettlementHost::add_certificates(const std::vector<pbft::BlockCertificate>& certificates) {
  for (const auto& certificate : certificates) {
    if (certificate.height > ledger_.position.height) continue;
    writes_.push_back(protocol::certificate_write(certificate.height, certificate.certificate));
    certified_height_ = std::max(certified_height_, certificate.height);
  }
  writes_.push_back(protocol::certified_height_write(certified_height_));
}

// ── Group commit ────────────────────────────────────────────────────────────────────────────────

void SettlementHost::flush() {
  if (writing_) return;
  if (writes_.empty() && positions_.empty()) return publish();
  writing_ = true;
  mail_.block();
  if (shell_.stops_at(PersistencePoint::before_ledger)) return;
  if (shell_.disk.full) return wait_for_space();
  auto group = std::exchange(writes_, {});
  if (!positions_.empty()) group.push_back(protocol::position_write(ledger_));
  shell_.disk.ledger.write(std::move(group));
  if (shell_.stops_at(PersistencePoint::ledger_written)) return;
  shell_.after(1 + shell_.moment_ms(sync_ms), [this] { ledger_is_durable(); });
}

void SettlementHost::ledger_is_durable() {
  shell_.disk.ledger.sync();
  writing_ = false;
  shell_.world.committed(shell_.id, ledger_.position);
  if (shell_.stops_at(PersistencePoint::ledger_synced)) return;
  publish();
  mail_.unblock();
}

void SettlementHost::wait_for_space() {
  mail_.unblock();
  shell_.after(space_retry_ms, [this] {
    writing_ = false;
    flush();
  });
}

void SettlementHost::publish() {
  if (!positions_.empty()) {
    consensus_->executed(std::exchange(positions_, {}));
    tell_slot_due();
  }
  if (install_pending_) {
    install_pending_ = false;
    transfer(protocol::Installed{ledger_.position, epochs_.committee()});
    if (!writes_.empty()) mail_.put([] {});  // the next flush
  }
}

// ── Slots, as order_matching watches them ───────────────────────────────────────────────────────

void SettlementHost::tell_slot_due() {
  consensus_->set_slot_due(machine_.slot_due(shell_.wall()));
}

void SettlementHost::poll_slots() {
  tell_slot_due();
  shell_.after(slot_poll_ms, [this] { poll_slots(); });
}

// ── Epochs ──────────────────────────────────────────────────────────────────────────────────────

void SettlementHost::end_epoch(pbft::EpochFinished finished) {
  mail_.put([this, finished = std::move(finished)] { keep_epoch_end(finished); });
}

/// False where the proof does not fit the ledger, as when it was lost and is still being fetched.
bool SettlementHost::keep_epoch_end(const pbft::EpochFinished& finished) {
  if (!epochs_.finished(machine_.state(), finished, ledger_.position, writes_)) return false;
  writes_.push_back(protocol::position_write(ledger_));
  return true;
}

// ── State transfer ──────────────────────────────────────────────────────────────────────────────

void SettlementHost::start_transfer(pbft::TransferRequest request) {
  mail_.put([this, request = std::move(request)]() mutable {
    ++transfers_;
    transfer(protocol::StartCatchUp{
        ledger_.position, std::move(request), committee(), shell_.chain.processes(), {}});
  });
}

void SettlementHost::receive(pbft::Received message) {
  mail_.put([this, message = std::move(message)]() mutable { transfer(std::move(message)); });
}

void SettlementHost::transfer(protocol::CatchUpInput input) {
  const pbft::Tick tick{shell_.monotonic(), shell_.wall(), false};
  act(catch_up_.step(tick));
  act(catch_up_.step(std::move(input)));
  if (!catch_up_.running() || tick_scheduled_) return;
  tick_scheduled_ = true;
  shell_.after(transfer_tick_ms, [this] {
    mail_.put([this] {
      tick_scheduled_ = false;
      transfer(pbft::Tick{shell_.monotonic(), shell_.wall(), false});
    });
  });
}

void SettlementHost::act(protocol::CatchUpEffects effects) {
  for (const auto& message : effects.send) shell_.world.transmit(shell_.id, message);
  for (const auto& asked : effects.serve_blocks) transfer(read_blocks(asked));
  if (!effects.install.empty()) install(effects.install);
  if (effects.certificate) add_certificates({*effects.certificate});
  if (effects.epoch_finished) {
    if (!keep_epoch_end(*effects.epoch_finished)) return transfer(protocol::InstallFailed{});
    install_pending_ = true;
  }
  if (effects.finished) {
    consensus_->restored({*effects.finished, std::exchange(installed_requests_, {}), false,
                          epochs_.epoch_end(), epochs_.committee()});
  }
}

/// Executes verified blocks; each must give the very header that the quorum certified.
void SettlementHost::install(const std::vector<protocol::VerifiedBlock>& blocks) {
  for (const auto& block : blocks) {
    execute(block.header.epoch, block.header.sequence, block.batch, block.ordering);
    if (ledger_.position.head != block.header.hash()) {
      return shell_.world.violated({"state_root_equal",
                                    "executing the certified block " +
                                        std::to_string(block.header.height) +
                                        " gave another header",
                                    shell_.id, block.header.sequence});
    }
    const auto& ids = block.batch->ids();
    installed_requests_.insert(installed_requests_.end(), ids.begin(), ids.end());
  }
  positions_.clear();  // the replica hears of it by Restored
  install_pending_ = true;
  writes_.push_back(protocol::position_write(ledger_));
}

protocol::BlocksRead SettlementHost::read_blocks(const protocol::ServeBlocks& asked) const {
  protocol::BlocksRead answer{asked.peer, asked.from_height, {}, {}, {}, {}};
  const EnvironmentSnapshot snapshot(shell_.disk.ledger);
  std::size_t bytes = 0;
  auto height = asked.from_height;
  for (; answer.blocks.size() < asked.max_blocks; ++height) {
    const auto block = protocol::read_block(snapshot, height);
    if (!block || !*block || (*block)->header.epoch != asked.epoch) break;
    bytes += (*block)->batch->encoded().size();
    if (bytes > asked.max_bytes && !answer.blocks.empty()) break;
    answer.blocks.push_back(
        {(*block)->header, to_bytes((*block)->batch->encoded()), (*block)->ordering});
  }
  const auto following = protocol::read_header(snapshot, height);
  if (following && (!*following || (*following)->epoch != asked.epoch)) {
    auto end = protocol::read_epoch_end(snapshot, asked.epoch);
    if (end && *end && (*end)->position.height + 1 == height) answer.epoch_end = std::move(**end);
  }
  if (answer.blocks.empty()) return answer;
  // The nearest certificate at or above, with the headers on the way to it.
  --height;
  for (std::size_t i = 0; i <= max_further_headers; ++i, ++height) {
    if (i > 0) {
      const auto block = protocol::read_block(snapshot, height);
      if (!block || !*block || (*block)->header.epoch != asked.epoch) break;
      answer.further_headers.push_back((*block)->header);
    }
    const auto certificate = protocol::read_certificate(snapshot, height);
    if (!certificate) break;
    if (*certificate) {
      answer.certificate = **certificate;
      break;
    }
  }
  return answer;
}

}  // namespace powershare::sim
