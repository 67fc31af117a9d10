// STATUS: every loss is repaired by telling what one has and misses; whoever holds it sends exactly
// that.
#include "protocol/pbft/status.hpp"

#include <algorithm>

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

constexpr std::int64_t max_patience = 4;  // times status_repair_interval_ms

std::uint64_t holders(const std::vector<MemberVote>& votes, View view) {
  std::uint64_t mask = 0;
  for (std::size_t member = 0; member < votes.size(); ++member) {
    if (votes[member].present && votes[member].view == view) mask |= std::uint64_t{1} << member;
  }
  return mask;
}

}  // namespace

StatusMessage Core::make_status() {
  StatusMessage message;
  message.view = view_;
  message.view_active = active_;
  message.delivered = delivered_;
  message.executed = executed_.sequence;
  message.height = executed_.height;
  message.certified_height = certified_height_;
  message.stable = low_;
  message.clock = wall_clock_;
  message.recovering_to = lost_ ? floor_.sequence : 0;
  for (MemberIndex member = 0; member < size(); ++member) {
    const auto& held = view_changes_[member];
    if (held && held->content.view == view_) message.view_changes |= std::uint64_t{1} << member;
  }
  message.helper = static_cast<MemberIndex>((self_ + 1 + status_rounds_ % (size() - 1)) % size());
  const auto last = slots_.empty() ? 0 : slots_.rbegin()->first;
  for (auto sequence = delivered_ + 1;
       sequence <= last && message.slots.size() < 2 * options_.window; ++sequence) {
    SlotStatus entry;
    if (const auto* slot = find_slot(sequence)) {
      const bool proposed = slot->proposal && slot->proposal->view == view_;
      if (proposed) entry.flags |= SlotStatus::has_proposal;
      if (proposed && slot->batch_of(slot->proposal->digest)) entry.flags |= SlotStatus::has_batch;
      if (slot->decided && slot->batch_of(slot->decided->digest)) {
        entry.flags |= SlotStatus::is_decided;
      }
      entry.prepares = holders(slot->prepares, view_);
      entry.commits = holders(slot->commits, view_);
    }
    message.slots.push_back(entry);
  }
  return message;
}

void Core::send_status() {
  status_sent_at_ = now_;
  ++status_rounds_;
  ++fruitless_rounds_;
  if (confirming_) send(std::nullopt, MessageType::ask_promises, Bytes{1});
  send(std::nullopt, MessageType::status, make_status().encode());
  fetch_missing();
}

/// True while something is outstanding for longer than a message needs.
bool Core::needs_repair() {
  const auto late = [&](const std::optional<MonotonicMillis>& since) {
    return since && now_.value - since->value > repair_patience_ms_;
  };
  if (!active_ || confirming_ || late(undelivered_since_) || late(head_since_)) return true;
  if (low_ > delivered_) return true;
  if (ending_ && executed_.sequence == ending_->last_sequence) return true;
  if (certified_height_ < voted_height_ &&
      now_.value - block_voted_at_.value > repair_patience_ms_) {
    return true;
  }
  return std::any_of(peers_.begin(), peers_.end(), [&](const PeerStatus& peer) {
    return peer.heard && now_.value - peer.heard_at.value < heard_lately_ms &&
           (peer.executed > delivered_ + options_.in_flight || peer.view > view_ ||
            (peer.executed > delivered_ && !undelivered_since_));
  });
}

/// What was asked for came twice: it was late, not lost. Under load more patience saves sending
/// bodies again.
void Core::asked_too_early() {
  repair_patience_ms_ =
      std::min(2 * repair_patience_ms_, max_patience * options_.status_repair_interval_ms);
}

/// Bodies that NEW-VIEWs or certificates name and that never came; another member is asked each
/// time.
void Core::fetch_missing() {
  std::uint32_t asked = 0;
  for (auto it = slots_.upper_bound(delivered_); it != slots_.end() && asked < 64; ++it) {
    auto& [sequence, slot] = *it;
    std::optional<Digest> missing;
    if (slot.decided) {
      missing = slot.decided->digest;
    } else if (slot.proposal && slot.proposal->view == view_) {
      missing = slot.proposal->digest;
    }
    if (!missing || slot.batch_of(*missing)) continue;
    const auto member = (self_ + 1 + slot.fetches++ % (size() - 1)) % size();
    send(static_cast<MemberIndex>(member), MessageType::fetch, Fetch{sequence, *missing}.encode());
    ++asked;
  }
}

Core::Check Core::on_fetch(const Received& message) {
  const auto fetch = Fetch::decode(message.body);
  if (!fetch) return fetch.error();
  auto* slot = find_slot(fetch->sequence);
  const auto batch = slot == nullptr ? nullptr : slot->batch_of(fetch->digest);
  if (!batch) return {};
  send(message.sender, MessageType::fetched_batch, encode_fetched_batch(fetch->sequence, *batch),
       Channel::bulk);
  return {};
}

Core::Check Core::on_fetched_batch(Received& message) {
  auto fetched = FetchedBatch::decode(std::move(message.body), options_.batch);
  if (!fetched) return fetched.error();
  const auto sequence = fetched->sequence;
  auto* slot = find_slot(sequence);
  if (slot == nullptr || !slot->needs(fetched->batch->digest()) ||
      slot->batch_of(fetched->batch->digest())) {
    asked_too_early();
    return refuse(ConsensusError::duplicate, "a batch that nobody waits for");
  }
  keep_batch(sequence, *slot, std::move(fetched->batch));
  vote_prepare(sequence, *slot);
  advance(sequence);
  deliver();
  return {};
}

Core::Check Core::on_fetched_entry(Received& message) {
  auto entry = FetchedEntry::decode(std::move(message.body), options_.batch);
  if (!entry) return entry.error();
  const auto sequence = entry->sequence;
  if (sequence <= delivered_)
    return refuse(ConsensusError::duplicate, "an entry that is delivered");
  if (sequence > delivered_ + 2 * options_.window) {
    return refuse(ConsensusError::out_of_window, "an entry far ahead");
  }
  const auto* known = find_slot(sequence);
  if (known == nullptr || !known->decided) {
    const auto checked =
        pbft::verify(entry->certificate, sequence, entry->digest, committee_, signatory_);
    if (!checked && !planted(Bug::entry_unverified)) return checked;
  } else if (known->decided->digest != entry->digest || known->batch_of(entry->digest)) {
    return refuse(ConsensusError::duplicate, "an entry that is known");
  }
  auto& slot = slot_at(sequence);
  if (entry->batch) keep_batch(sequence, slot, std::move(entry->batch));
  if (!slot.decided) {
    decide(sequence, slot, {entry->certificate.view, sequence, entry->digest},
           std::move(entry->certificate));
  } else {
    deliver();
  }
  return {};
}

/// Null batches up to the checkpoint above what a recovering member may have promised. Far-fetched
/// wishes are not granted, and not more than four recoveries at once and one every ten minutes: a
/// liar must not keep the chain busy with nothing.
void Core::grant_filling(MemberIndex member, Sequence wish) {
  const std::int64_t farthest = 4 * std::int64_t{options_.window} + options_.reservation_step;
  if (wish <= low_ || wish - low_ > static_cast<Sequence>(farthest)) return;
  auto& filling = fillings_[member];
  if (wish > filling.to) {
    const auto repaid =
        (now_.value - filling.repaid_at.value) * farthest / (10 * millis_per_minute);
    if (repaid > 0) {
      filling.owed = std::max<std::int64_t>(0, filling.owed - repaid);
      filling.repaid_at = now_;
    }
    const auto cost = static_cast<std::int64_t>(wish - std::max(filling.to, low_));
    if (filling.owed + cost > 4 * farthest) return;
    filling.owed += cost;
    filling.to = wish;
  }
  const Sequence interval = options_.checkpoint_interval;
  fill_to_ = std::max(fill_to_, (wish + interval - 1) / interval * interval);
}

Core::Check Core::on_status(const Received& message) {
  const auto its = StatusMessage::decode(message.body, options_.window);
  if (!its) return its.error();
  auto& peer = peers_[message.sender];
  peer.heard = true;
  peer.heard_at = now_;
  peer.view = its->view;
  peer.view_active = its->view_active;
  peer.executed = its->executed;
  peer.stable = its->stable;
  peer.height = its->height;
  peer.clock_offset_ms = ahead_of_clock(its->clock);
  check_clock();
  fetch_parked(message.sender, *its);
  grant_filling(message.sender, its->recovering_to);
  // One answer per peer and 50 ms: a flood of STATUS is no lever.
  auto& repaired = repaired_at_[message.sender];
  if (repaired && now_.value - repaired->value < 50) return {};
  repaired = now_;
  repair_view(message.sender, *its);
  repair_checkpoints(message.sender, *its);
  repair_slots(message.sender, *its);
  repair_block_votes(message.sender, *its);
  return {};
}

void Core::send_new_view(MemberIndex peer) {
  if (new_view_.empty()) return;
  if (leads()) {
    send_signed(peer, MessageType::new_view, new_view_, new_view_signature_);
  } else {
    send(peer, MessageType::relayed,
         encode_relayed(committee_.primary(view_), MessageType::new_view, new_view_,
                        new_view_signature_));
  }
}

Core::Check Core::on_relayed(Received& message) {
  auto inner = decode_relayed(message.body);
  if (!inner) return inner.error();
  if (inner->sender >= size() || inner->sender == self_) {
    return refuse(ConsensusError::not_a_member, "a relayed message of nobody else");
  }
  Decoder in(inner->body);
  if (in.u64() < view_) return refuse(ConsensusError::wrong_view, "a view that is over");
  if (!verify(inner->sender, inner->type, inner->body, inner->signature)) {
    return refuse(ConsensusError::bad_signature, "a relayed message that its author did not sign");
  }
  return inner->type == MessageType::view_change ? on_view_change(*inner) : on_new_view(*inner);
}

void Core::repair_view(MemberIndex peer, const StatusMessage& its) {
  if (its.view > view_ || (its.view == view_ && its.view_active)) return;
  if (active_) return send_new_view(peer);
  for (MemberIndex member = 0; member < size(); ++member) {
    const auto& held = view_changes_[member];
    if (member == peer || !held || held->content.view != view_) continue;
    if (its.view == view_ && (its.view_changes >> member & 1) != 0) continue;
    if (member == self_) {
      send_signed(peer, MessageType::view_change, held->body, held->signature);
    } else {
      send(peer, MessageType::relayed,
           encode_relayed(member, MessageType::view_change, held->body, held->signature));
    }
  }
}

void Core::repair_slots(MemberIndex peer, const StatusMessage& its) {
  const bool same_view = its.view == view_ && its.view_active && active_;
  const auto old_enough = [&](MonotonicMillis since) { return now_.value - since.value >= 100; };
  std::size_t budget = 4 << 20;
  const auto lacks = [](std::uint64_t mask, MemberIndex member) {
    return (mask >> member & 1) == 0;
  };
  for (auto it = slots_.upper_bound(its.delivered); it != slots_.end() && budget > 0; ++it) {
    auto& [sequence, slot] = *it;
    const auto index = sequence - its.delivered - 1;
    const auto entry = index < its.slots.size() ? its.slots[index] : SlotStatus{};
    if ((entry.flags & SlotStatus::is_decided) != 0) continue;
    if (slot.decided && its.helper == self_ && old_enough(slot.decided_at)) {
      auto batch = slot.batch_of(slot.decided->digest);
      const bool has_batch =
          same_view && (entry.flags & SlotStatus::has_batch) != 0 && slot.decided->view == view_;
      if (!batch) continue;
      if (has_batch) batch = nullptr;
      auto body = FetchedEntry{sequence, slot.decided->digest, slot.ordering, batch}.encode();
      budget -= std::min(budget, body.size());
      send(peer, MessageType::fetched_entry, std::move(body), Channel::bulk);
      continue;
    }
    if (!same_view || sequence <= its.stable) continue;
    const bool proposed = slot.proposal && slot.proposal->view == view_;
    if (leads() && proposed && (entry.flags & SlotStatus::has_batch) == 0 &&
        old_enough(slot.proposed_at)) {
      if (const auto batch = slot.batch_of(slot.proposal->digest)) {
        const auto body = Encoder().raw(slot.proposal->encode()).raw(batch->encoded()).data();
        budget -= std::min(budget, body.size());
        send_signed(peer, MessageType::pre_prepare, body, slot.proposal_signature);
      }
    }
    const auto& prepare = slot.prepares[self_];
    if (prepare.present && prepare.view == view_ && lacks(entry.prepares, self_)) {
      send_signed(peer, MessageType::prepare, Vote{view_, sequence, prepare.digest}.encode(),
                  prepare.signature);
    }
    const auto& commit = slot.commits[self_];
    if (commit.present && commit.view == view_ && lacks(entry.commits, self_)) {
      send_signed(peer, MessageType::commit, Vote{view_, sequence, commit.digest}.encode(),
                  commit.signature);
    }
  }
}

void Core::repair_checkpoints(MemberIndex peer, const StatusMessage& its) {
  if (its.stable < low_) {
    Encoder proof;
    stable_.encode(proof);
    send(peer, MessageType::stable_proof, std::move(proof).take());
  }
  const auto& own = checkpoint_votes_[self_];
  for (auto it = own.upper_bound(its.stable); it != own.end(); ++it) {
    send_signed(peer, MessageType::checkpoint, encode_checkpoint(it->second.first),
                it->second.second);
  }
}

void Core::repair_block_votes(MemberIndex peer, const StatusMessage& its) {
  if (quarantined_ || its.certified_height >= its.height) return;
  const auto send_vote = [&](std::uint64_t height) {
    const auto block = own_blocks_.find(height);
    if (block == own_blocks_.end() || height <= its.certified_height) return;
    send(peer, MessageType::block_vote, BlockVote{height, block->second}.encode());
  };
  // Its head, and the newest height that all vote for: one of them is certified soon.
  send_vote(its.height);
  const auto common = its.height - its.height % block_vote_interval;
  if (common != its.height) send_vote(common);
}

/// Decided batches are missing that nobody's log holds any more: the ledger must be transferred.
void Core::check_transfer() {
  if (transferring_ || low_ <= delivered_) {
    lagging_since_.reset();
    return;
  }
  const auto* next = find_slot(delivered_ + 1);
  if (next != nullptr && next->decided && next->batch_of(next->decided->digest)) {
    lagging_since_.reset();
    return;
  }
  if (!lagging_since_) lagging_since_ = now_;
  if (now_.value - lagging_since_->value < options_.status_interval_ms) return;
  transferring_ = true;
  persist(log_key(LogTag::transfer), Encoder().u64(transferred_).boolean(true).data());
  effects_.transfer = TransferRequest{stable_.position, stable_.checkpoints};
  alarm("state transfer towards sequence " + std::to_string(low_));
}

void Core::check_clock() {
  std::vector<std::int64_t> offsets{0};
  for (const auto& peer : peers_) {
    if (peer.heard && now_.value - peer.heard_at.value < 10'000) {
      offsets.push_back(peer.clock_offset_ms);
    }
  }
  std::sort(offsets.begin(), offsets.end());
  const auto median = offsets[offsets.size() / 2];
  const bool suspect = median > options_.clock_bound_ms || median < -options_.clock_bound_ms;
  if (suspect && !counters_.clock_suspect) alarm("own clock is off the median of the members'");
  counters_.clock_suspect = suspect;
}

std::string Core::why_stuck() const {
  const auto q = std::to_string(committee_.quorum());
  if (quarantined_) return "quarantined: own state differs from the certified one";
  if (confirming_) {
    return "after a start: " + std::to_string(confirmed_by_.size()) + " of " +
           std::to_string(committee_.quorum() - 1) + " members told what this one had signed";
  }
  if (transferring_) return "the ledger is being transferred towards " + std::to_string(low_);
  if (!active_) {
    std::string who;
    for (MemberIndex member = 0; member < size(); ++member) {
      const auto& held = view_changes_[member];
      if (held && held->content.view == view_) who += ' ' + std::to_string(member);
    }
    return "view change to " + std::to_string(view_) + ": VIEW-CHANGEs of" + who + ", needs " + q +
           " and the NEW-VIEW of " + std::to_string(committee_.primary(view_));
  }
  if (low_ > delivered_) return "behind the stable checkpoint " + std::to_string(low_);
  if (undelivered_since_ && now_.value - undelivered_since_->value > 1'000) {
    const auto sequence = delivered_ + 1;
    const auto found = slots_.find(sequence);
    if (found == slots_.end() || !found->second.proposal) {
      return "no proposal for sequence " + std::to_string(sequence);
    }
    return "sequence " + std::to_string(sequence) + ": prepares of mask " +
           std::to_string(holders(found->second.prepares, view_)) + ", commits of mask " +
           std::to_string(holders(found->second.commits, view_)) + ", needs " + q;
  }
  if (head_since_ && now_.value - head_since_->value > 1'000) {
    return "a request waits for primary " + std::to_string(committee_.primary(view_));
  }
  if (ending_) {
    return "the epoch ends after sequence " + std::to_string(ending_->last_sequence);
  }
  if (lost_) return "recovering: no votes up to sequence " + std::to_string(floor_.sequence);
  return {};
}

std::optional<MonotonicMillis> Core::next_wake() {
  const auto interval =
      needs_repair() && fruitless_rounds_ < 50 ? repair_patience_ms_ : options_.status_interval_ms;
  auto wake = status_sent_at_.value + interval;
  const auto earliest = [&](std::optional<MonotonicMillis> since, std::int64_t after) {
    if (since && since->value + after > now_.value) wake = std::min(wake, since->value + after);
  };
  const auto limit = backed_off(options_.request_timeout_ms);
  earliest(head_since_, options_.request_timeout_ms / 4);
  earliest(head_since_, limit);
  earliest(undelivered_since_, repair_patience_ms_ + 1);
  earliest(undelivered_since_, limit);
  earliest(work_due_since_, limit);
  earliest(ending_since_, limit);
  if (voted_height_ < executed_.height) {
    earliest(block_executed_at_, block_vote_delay_ms);
  }
  earliest(new_view_deadline_, 0);
  if (filling_since_ && leads()) earliest(filling_since_, options_.batch_wait_ms);
  if (!to_forward_.empty()) {
    wake = std::min(wake, forwarded_at_.value + options_.batch_wait_ms);
  }
  return MonotonicMillis{std::max(wake, now_.value + 1)};
}

}  // namespace powershare::pbft
