#include "protocol/epoch_tracker.hpp"

namespace powershare::protocol {
namespace {

/// Epoch 0 begins before the first sequence.
Result<pbft::Position> start_of(const LedgerSnapshot& snapshot, std::uint64_t epoch) {
  if (epoch == 0) return pbft::Position{};
  auto start = read_epoch_start(snapshot, epoch);
  if (!start) return start.error();
  if (!*start) {
    return Error{StorageError::damaged,
                 "the ledger does not say where epoch " + std::to_string(epoch) + " began"};
  }
  return **start;
}

}  // namespace

Result<EpochTracker> EpochTracker::open(const ledger::StateReader& state,
                                        const crypto::Digest& genesis,
                                        const LedgerSnapshot& snapshot, const pbft::Position& own) {
  const auto epoch = ledger::current_epoch_number(state);
  const auto start = start_of(snapshot, epoch);
  if (!start) return start.error();
  EpochTracker tracker(state, genesis, *start);
  const auto& end = tracker.epoch_end_;
  if (!end || own.sequence < end->last_sequence) return tracker;
  // At its last sequence the epoch is over once that is proven.
  auto next = read_epoch_start(snapshot, epoch + 1);
  if (!next) return next.error();
  if (*next) {
    tracker.begin_next(state, **next);
  } else if (own.sequence > end->last_sequence) {
    return start_of(snapshot, epoch + 1).error();
  }
  return tracker;
}

EpochTracker::EpochTracker(const ledger::StateReader& state, const crypto::Digest& genesis,
                           const pbft::Position& start)
    : genesis_(genesis) {
  const auto epoch = ledger::current_epoch(state);
  pbft::Committee committee{
      genesis, epoch.number, ledger::consensus_keys(epoch.members), {}, epoch.feature_level};
  if (epoch.number > 0) committee.start = start;
  committee_ = std::make_shared<const pbft::Committee>(std::move(committee));
  read_end(state);
  roster_ = std::make_shared<const Roster>(state, genesis_, committee_->epoch);
}

/// The pending change ends the present epoch; one whose epoch has begun here already, before its
/// first block, does not.
void EpochTracker::read_end(const ledger::StateReader& state) {
  epoch_end_.reset();
  const auto next = ledger::next_epoch(state);
  if (!next || ledger::current_epoch_number(state) != committee_->epoch) return;
  epoch_end_ = std::make_shared<const pbft::EpochEnd>(pbft::EpochEnd{
      next->last_sequence, ledger::consensus_keys(next->members), next->feature_level});
}

void EpochTracker::begin_next(const ledger::StateReader& state, const pbft::Position& start) {
  auto next = pbft::Committee{genesis_, committee_->epoch + 1, epoch_end_->next_members, start,
                              epoch_end_->next_feature_level};
  committee_ = std::make_shared<const pbft::Committee>(std::move(next));
  read_end(state);
  roster_ = std::make_shared<const Roster>(state, genesis_, committee_->epoch);
}

bool EpochTracker::advanced(const ledger::StateReader& state, const pbft::Position& before,
                            const pbft::Position& after, std::vector<TableWrite>& writes) {
  bool changed = false;
  if (epoch_end_ && after.sequence > epoch_end_->last_sequence) {
    begin_next(state, {epoch_end_->last_sequence, before.height, before.head});
    writes.push_back(epoch_start_write(committee_->epoch, committee_->start));
    changed = true;
  }
  if (epoch_end_ || after.height == before.height) return changed;
  read_end(state);
  if (epoch_end_) {
    roster_ = std::make_shared<const Roster>(state, genesis_, committee_->epoch);
    changed = true;
  }
  return changed;
}

bool EpochTracker::finished(const ledger::StateReader& state, const pbft::EpochFinished& finished,
                            pbft::Position& own, std::vector<TableWrite>& writes) {
  if (finished.epoch + 1 == committee_->epoch) {
    // Execution was first; the proof is for members that come later.
    if (finished.end.position == committee_->begin()) {
      writes.push_back(epoch_end_write(finished.epoch, finished.end));
    }
    return true;
  }
  const auto& end = finished.end.position;
  if (finished.epoch != committee_->epoch || !epoch_end_ ||
      end.sequence != epoch_end_->last_sequence || end.height != own.height ||
      end.head != own.head || own.sequence > end.sequence) {
    return finished.epoch < committee_->epoch;
  }
  own.sequence = end.sequence;
  writes.push_back(epoch_end_write(finished.epoch, finished.end));
  begin_next(state, end);
  writes.push_back(epoch_start_write(committee_->epoch, end));
  return true;
}

}  // namespace powershare::protocol
