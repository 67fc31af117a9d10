// The normal case: PRE-PREPARE, PREPARE, COMMIT, delivery (Castro & Liskov §4.2).
#include <algorithm>

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

constexpr std::size_t remembered_requests = 131'072;
constexpr std::size_t kept_bodies = 4;

/// Endorsements of `vote` among `votes`, in rising order of member, at most `enough`.
QuorumCertificate collect(const std::vector<MemberVote>& votes, const Vote& vote,
                          std::optional<MemberIndex> excluded, std::uint32_t enough) {
  QuorumCertificate certificate;
  for (MemberIndex member = 0; member < votes.size(); ++member) {
    if (certificate.endorsements.size() == enough) break;
    const auto& it = votes[member];
    if (!it.present || member == excluded || it.digest != vote.digest) continue;
    if (it.view != vote.view && !planted(Bug::digest_without_view)) continue;
    certificate.endorsements.push_back({member, it.signature});
  }
  return certificate;
}

}  // namespace

Core::Check Core::on_pre_prepare(Received& message) {
  if (message.body.size() <= Vote::encoded_bytes) {
    return refuse(ConsensusError::malformed, "a PRE-PREPARE without a batch");
  }
  const auto decoded = Vote::decode(ByteView(message.body).first(Vote::encoded_bytes));
  if (!decoded) return decoded.error();
  const auto vote = *decoded;
  if (vote.view != view_ || !active_ || committee_.primary(view_) != message.sender) {
    return refuse(ConsensusError::wrong_view, "a PRE-PREPARE of another view or primary");
  }
  if (!in_window(vote.sequence)) return refuse(ConsensusError::out_of_window, "outside the window");
  auto& slot = slot_at(vote.sequence);
  if (slot.proposal && slot.proposal->view == view_ && slot.proposal->digest != vote.digest) {
    counters_.equivocations++;
    if (evidence_kept_.size() < 1'024 &&
        evidence_kept_.insert({message.sender, vote.sequence}).second) {
      effects_.evidence.push_back({message.sender, MessageType::pre_prepare, *slot.proposal,
                                   slot.proposal_signature, vote, message.signature,
                                   committee_.epoch});
    }
    start_view_change(view_ + 1, "the primary proposed two batches for one sequence");
    return refuse(ConsensusError::conflicting, "a second PRE-PREPARE for the sequence");
  }
  const bool known = slot.proposal && slot.proposal->view == view_;
  if (known && slot.batch_of(vote.digest)) {
    asked_too_early();
    return refuse(ConsensusError::duplicate, "a PRE-PREPARE that is known");
  }
  auto batch = Batch::decode(std::move(message.body), Vote::encoded_bytes, options_.batch);
  if (!batch) return batch.error();
  if ((*batch)->digest() != vote.digest) {
    return refuse(ConsensusError::invalid_batch, "a batch of another digest");
  }
  if (known) {  // taken over by the NEW-VIEW; only its body was missing
    keep_batch(vote.sequence, slot, std::move(*batch));
    vote_prepare(vote.sequence, slot);
    advance(vote.sequence);
    return {};
  }
  if (vote.sequence <= inherited_) {
    return refuse(ConsensusError::conflicting, "a fresh PRE-PREPARE below the NEW-VIEW's");
  }
  if (auto checked = check_batch(vote.sequence, **batch); !checked) return checked;
  accept(vote.sequence, vote, message.signature, std::move(*batch));
  return {};
}

/// Stateless checks and no request twice, neither in the batch nor in the window (CONSENSUS.md 6).
Core::Check Core::check_batch(Sequence sequence, const Batch& batch) const {
  if (batch.is_null()) return {};
  const auto distance = ahead_of_clock(batch.time());
  if (batch.time().value < 0 || !clock_known_ || distance > options_.clock_bound_ms ||
      distance < -options_.clock_bound_ms) {
    return refuse(ConsensusError::invalid_batch, "a time off the own clock by more than the bound");
  }
  auto ids = batch.ids();
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) {
    return refuse(ConsensusError::invalid_batch, "a request twice in a batch");
  }
  for (std::size_t i = 0; i < batch.ids().size(); ++i) {
    const auto found = ordered_.find(batch.ids()[i]);
    if (found != ordered_.end() && found->second != sequence) {
      return refuse(ConsensusError::invalid_batch, "a request that another sequence has");
    }
    if (!planted(Bug::request_unchecked) &&
        !checker_(batch.requests()[i], batch.time(), committee_.feature_level)) {
      return refuse(ConsensusError::invalid_batch, "a request that does not pass its check");
    }
  }
  return {};
}

void Core::keep_batch(Sequence sequence, Slot& slot, BatchPointer batch) {
  const auto digest = batch->digest();
  if (slot.batches.contains(digest)) return;
  persist(log_key(LogTag::batch, sequence, digest), to_bytes(batch->encoded()));
  slot.logged = true;
  for (const auto& id : batch->ids()) {
    ordered_.insert_or_assign(id, sequence);
    mempool_.mark_proposed(id);
  }
  slot.batches.emplace(digest, std::move(batch));
}

/// Bodies of older views are kept a while: a later NEW-VIEW may oblige to one that only a few have
/// prepared.
void Core::drop_needless_batches(Sequence sequence, Slot& slot) {
  if (slot.batches.size() <= kept_bodies) return;
  for (auto it = slot.batches.begin(); it != slot.batches.end();) {
    if (slot.needs(it->first)) {
      ++it;
      continue;
    }
    erase(log_key(LogTag::batch, sequence, it->first));
    for (const auto& id : it->second->ids()) {
      const auto found = ordered_.find(id);
      if (found != ordered_.end() && found->second == sequence) ordered_.erase(found);
    }
    it = slot.batches.erase(it);
  }
}

/// Takes on the proposal of the present view. The log holds it before PREPARE is sent, and this
/// record is the guard: one digest per (view, sequence), for PRE-PREPARE and PREPARE alike.
void Core::accept(Sequence sequence, const Vote& vote, const Signature& signature,
                  BatchPointer batch) {
  auto& slot = slot_at(sequence);
  PS_ASSERT(!slot.proposal || slot.proposal->view < vote.view);
  slot.proposal = vote;
  slot.proposal_signature = signature;
  slot.proposed_at = now_;
  slot.logged = true;
  if (!planted(Bug::accepted_not_persisted)) {
    persist(log_key(LogTag::accepted, sequence),
            Encoder().raw(vote.encode()).raw(signature).data());
  }
  if (batch) keep_batch(sequence, slot, std::move(batch));
  drop_needless_batches(sequence, slot);
  highest_proposal_ = std::max(highest_proposal_, sequence);
  if (sequence > delivered_ && !undelivered_since_) undelivered_since_ = now_;
  vote_prepare(sequence, slot);
  advance(sequence);
}

void Core::vote_prepare(Sequence sequence, Slot& slot) {
  if (!active_ || !slot.proposal || slot.proposal->view != view_ || leads()) return;
  if (!may_vote(view_, sequence) || !slot.batch_of(slot.proposal->digest)) return;
  auto& own = slot.prepares[self_];
  if (own.present && own.view == view_) return;
  reserve(view_, sequence);
  auto body = slot.proposal->encode();
  own = {true, view_, slot.proposal->digest, sign(MessageType::prepare, body)};
  send_signed(std::nullopt, MessageType::prepare, std::move(body), own.signature);
}

bool Core::record_vote(std::vector<MemberVote>& votes, MemberIndex member, MessageType type,
                       const Vote& vote, const Signature& signature) {
  auto& held = votes[member];
  if (held.present && held.view > vote.view) return false;
  if (held.present && held.view == vote.view) {
    if (held.digest != vote.digest) {
      counters_.equivocations++;
      if (evidence_kept_.size() < 1'024 && evidence_kept_.insert({member, vote.sequence}).second) {
        effects_.evidence.push_back({member,
                                     type,
                                     {held.view, vote.sequence, held.digest},
                                     held.signature,
                                     vote,
                                     signature,
                                     committee_.epoch});
      }
    }
    return false;
  }
  held = {true, vote.view, vote.digest, signature};
  return true;
}

/// PREPARE and COMMIT. Votes of views to come are kept, one per member; those of views that are
/// over count no more.
Core::Check Core::on_vote(const Received& message) {
  const auto vote = Vote::decode(message.body);
  if (!vote) return vote.error();
  if (!in_window(vote->sequence))
    return refuse(ConsensusError::out_of_window, "outside the window");
  if (vote->view < view_)
    return refuse(ConsensusError::wrong_view, "a vote of a view that is over");
  const bool prepare = message.type == MessageType::prepare;
  if (prepare && committee_.primary(vote->view) == message.sender &&
      !planted(Bug::primary_counted_twice)) {
    return refuse(ConsensusError::wrong_view, "a PREPARE of the primary");
  }
  auto& slot = slot_at(vote->sequence);
  auto& votes = prepare ? slot.prepares : slot.commits;
  if (!record_vote(votes, message.sender, message.type, *vote, message.signature)) {
    return refuse(ConsensusError::duplicate, "a vote that is known");
  }
  advance(vote->sequence);
  return {};
}

void Core::advance(Sequence sequence) {
  auto* slot = find_slot(sequence);
  if (slot == nullptr || !active_ || !slot->proposal || slot->proposal->view != view_) return;
  try_prepare(sequence, *slot);
  try_commit(sequence, *slot);
}

/// Prepared: the certificate is in the log before COMMIT is sent, and is the guard of COMMIT.
void Core::try_prepare(Sequence sequence, Slot& slot) {
  if (slot.prepared && slot.prepared->vote.view == view_) return;
  if (!may_vote(view_, sequence) || !slot.batch_of(slot.proposal->digest)) return;
  const auto needed = committee_.quorum() - 1;
  const auto excluded =
      planted(Bug::primary_counted_twice) ? std::nullopt : std::optional(committee_.primary(view_));
  auto prepares = collect(slot.prepares, *slot.proposal, excluded, needed);
  if (prepares.endorsements.size() < needed && !planted(Bug::commit_before_prepared)) return;
  slot.prepared = PreparedCertificate{*slot.proposal, slot.proposal_signature, std::move(prepares)};
  slot.logged = true;
  reserve(view_, sequence);
  Encoder record;
  slot.prepared->encode(record);
  if (!planted(Bug::prepared_not_persisted)) {
    persist(log_key(LogTag::prepared, sequence), std::move(record).take());
  }
  drop_needless_batches(sequence, slot);
  auto body = slot.proposal->encode();
  auto& own = slot.commits[self_];
  own = {true, view_, slot.proposal->digest, sign(MessageType::commit, body)};
  send_signed(std::nullopt, MessageType::commit, std::move(body), own.signature);
}

void Core::try_commit(Sequence sequence, Slot& slot) {
  if (slot.decided) return;
  auto commits = collect(slot.commits, *slot.proposal, std::nullopt, committee_.quorum());
  if (commits.endorsements.size() < committee_.quorum()) return;
  decide(sequence, slot, *slot.proposal, {view_, std::move(commits)});
}

void Core::decide(Sequence sequence, Slot& slot, const Vote& vote,
                  OrderingCertificate certificate) {
  slot.decided = vote;
  slot.ordering = std::move(certificate);
  slot.decided_at = now_;
  slot.logged = true;
  Encoder record;
  record.raw(vote.digest);
  slot.ordering.encode(record);
  // Where this replica's own prepared certificate is in the log, the quorum of COMMITs can be
  // gathered again after a crash, and the ledger's transaction holds it too: no write of its own.
  if (slot.prepared && slot.prepared->vote.digest == vote.digest) {
    persist_later(log_key(LogTag::decided, sequence), std::move(record).take());
  } else {
    persist(log_key(LogTag::decided, sequence), std::move(record).take());
  }
  if (vote.digest == Batch::null()->digest()) keep_batch(sequence, slot, Batch::null());
  deliver();
}

/// In order, exactly once; never more than a window ahead of execution, and not while the ledger is
/// being transferred.
void Core::deliver() {
  bool progress = false;
  while (!transferring_ && !quarantined_ && !retired_ &&
         delivered_ - executed_.sequence < options_.window) {
    auto* slot = find_slot(delivered_ + 1);
    if (slot == nullptr || !slot->decided) break;
    auto batch = slot->batch_of(slot->decided->digest);
    if (!batch) break;
    ++delivered_;
    remember_delivered(batch->ids());
    if (!batch->is_null()) {
      ++counters_.batches_delivered;
      counters_.requests_delivered += batch->requests().size();
      if (leads() && slot->ordering.view == view_) {
        adapt_batch_limit(*slot, batch->requests().size());
      }
      // Slow progress keeps the longer time-outs: else a view that is entered under heavy load
      // would be left again at once.
      const bool quick = now_.value - slot->proposed_at.value <= options_.request_timeout_ms / 2;
      if (active_ && slot->ordering.view == view_ && quick) failed_views_ = 0;
      if (work_due_since_) work_due_since_ = now_;
    }
    effects_.deliver.push_back({committee_.epoch, delivered_, std::move(batch), slot->ordering});
    progress = true;
  }
  if (!progress) return;
  fruitless_rounds_ = 0;
  repair_patience_ms_ -= (repair_patience_ms_ - options_.status_repair_interval_ms + 15) / 16;
  undelivered_since_.reset();
  if (highest_proposal_ > delivered_) undelivered_since_ = now_;
  if (ending_since_) ending_since_ = now_;
  watch_head();
  if (planted(Bug::censorship_timer) && head_since_) head_since_ = now_;
}

void Core::remember_delivered(const std::vector<Digest>& ids) {
  for (const auto& id : ids) {
    mempool_.remove(id);
    if (!delivered_ids_.insert(id).second) continue;
    delivered_order_.push_back(id);
    if (delivered_order_.size() > remembered_requests) {
      delivered_ids_.erase(delivered_order_.front());
      delivered_order_.pop_front();
    }
  }
}

}  // namespace powershare::pbft
