// The end of an epoch: a change of members that the ledger has executed at sequence s takes effect
// after the first checkpoint at or above s + L. Nobody votes more than L above what it has
// executed, so whoever votes that far knows of the change (ADR 0011).
#include <algorithm>

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

constexpr std::int64_t alone_intervals = 10;  // times status_interval_ms

}  // namespace

Sequence Core::vote_limit() const {
  const auto limit = executed_.sequence + options_.window;
  return ending_ ? std::min(limit, ending_->last_sequence) : limit;
}

/// Execution came further: what was proposed above the former limit may be voted for now.
void Core::vote_above(Sequence former_limit) {
  const auto limit = vote_limit();
  std::vector<Sequence> allowed;
  for (auto it = slots_.upper_bound(former_limit); it != slots_.end() && it->first <= limit; ++it) {
    allowed.push_back(it->first);
  }
  for (const auto sequence : allowed) {
    if (auto* slot = find_slot(sequence)) vote_prepare(sequence, *slot);
    advance(sequence);
  }
}

void Core::note_ending(const EpochEndPointer& ending) {
  if (!ending || ending_ || ending->last_sequence <= committee_.begin().sequence) return;
  ending_ = ending;
  ending_since_ = now_;
  fill_to_ = std::max(fill_to_, ending->last_sequence);
  alarm("epoch " + std::to_string(committee_.epoch) + " ends after sequence " +
        std::to_string(ending->last_sequence) + "; the next one has " +
        std::to_string(ending->next_members.size()) + " members");
}

bool Core::head_is_certified() const {
  return executed_.height <= certified_height_;
}

/// Over when everything is executed here, the last checkpoint is certified, and so is the newest
/// block: it leads the chain of trust into the next epoch (CONSENSUS.md 40).
void Core::check_epoch_end() {
  if (!ending_ || finished_ || quarantined_) return;
  if (executed_.sequence != ending_->last_sequence) return;
  ending_since_.reset();
  if (!at_end_since_) at_end_since_ = now_;
  if (voted_height_ < executed_.height) vote_block();
  if (stable_.position != executed_ || !head_is_certified()) return;
  finished_ = EpochFinished{committee_.epoch, stable_};
}

std::vector<protocol::LogWrite> Core::clear_log() {
  std::vector<protocol::LogWrite> writes;
  for (const auto tag : {LogTag::epoch, LogTag::view, LogTag::stable, LogTag::recovering,
                         LogTag::transfer, LogTag::view_change, LogTag::new_view}) {
    writes.push_back(log_erase(log_key(tag)));
  }
  for (const auto& [sequence, position] : own_checkpoints_) {
    writes.push_back(log_erase(log_key(LogTag::checkpoint, sequence)));
  }
  for (const auto& [sequence, slot] : slots_) {
    if (!slot.logged) continue;
    for (const auto tag : {LogTag::accepted, LogTag::prepared, LogTag::decided}) {
      writes.push_back(log_erase(log_key(tag, sequence)));
    }
    for (const auto& [digest, batch] : slot.batches) {
      writes.push_back(log_erase(log_key(LogTag::batch, sequence, digest)));
    }
  }
  return writes;
}

std::optional<Reservation> Core::lost() const {
  if (!lost_ || over_before(committee_.epoch + 1)) return std::nullopt;
  return Reservation{lost_promise_.epoch, lost_promise_.view,
                     std::max(floor_.sequence, lost_promise_.sequence)};
}

bool Core::left_alone() const {
  const auto& since = apart_since_ ? apart_since_ : at_end_since_;
  return since && now_.value - since->value >= alone_intervals * options_.status_interval_ms;
}

Effects Core::follow() {
  apart_since_.reset();
  at_end_since_.reset();
  transferring_ = follows_ = true;
  persist(log_key(LogTag::transfer), Encoder().u64(transferred_).boolean(true).data());
  effects_.transfer = TransferRequest{std::nullopt, {}};
  return finish();
}

void Core::retire() {
  retired_ = true;
  mempool_.clear();
}

void Core::inherit(Core& predecessor) {
  now_ = predecessor.now_;
  wall_clock_ = predecessor.wall_clock_;
  clock_known_ = predecessor.clock_known_;
  status_sent_at_ = predecessor.status_sent_at_;
  active_since_ = now_;
  if (ending_since_) ending_since_ = now_;
  counters_ = predecessor.counters_;
  reservation_ = predecessor.reservation_;
  delivered_ids_ = predecessor.delivered_ids_;
  delivered_order_ = predecessor.delivered_order_;
  // A transfer that was asked for goes on beyond the epoch's end: Restored ends it, and until then
  // the ledger takes blocks from it alone.
  if (predecessor.transferring_) {
    transferring_ = true;
    persist(log_key(LogTag::transfer), Encoder().u64(transferred_).boolean(true).data());
  }
  while (const auto* oldest = predecessor.mempool_.oldest()) {
    const auto request = *oldest;
    predecessor.mempool_.remove(request.id);
    // Others' requests come again from whoever holds them for its own clients.
    if (!request.local) continue;
    static_cast<void>(mempool_.add(request.bytes, request.id, self_, true, now_));
    if (!leads()) to_forward_.push_back(request.bytes);
  }
  watch_head();
}

}  // namespace powershare::pbft
