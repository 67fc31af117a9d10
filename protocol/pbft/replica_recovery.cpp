// After a start: the log is read, the others are asked what this replica had signed, and a lost log
// means silence up to where it may have promised something (DECISIONS 13).
#include <algorithm>
#include <limits>

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {

/// The ledger's newest block may be older than a stable checkpoint after which only null batches
/// came.
void Core::normalise(Position& position) const {
  const auto& stable = stable_.position;
  if (stable.sequence > position.sequence && stable.height == position.height &&
      stable.head == position.head) {
    position.sequence = stable.sequence;
  }
}

/// IDENTITY was written before the first vote in an epoch, so that nothing was promised in one that
/// is later than it names. A disk that was lost whole names none.
bool Core::over_before(std::uint64_t epoch) const {
  return lost_promise_.sequence > 0 && lost_promise_.epoch < epoch;
}

void Core::load(const Recovered& recovered) {
  bool damaged = false;
  bool transfer_ran = false;
  for (const auto& record : recovered.log) {
    if (!load_record(record)) damaged = true;
  }
  transfer_ran = transferring_;
  transferring_ = false;
  bool contradicts = false;
  for (auto& [sequence, slot] : slots_) {
    slot.logged = true;
    // A view stands in the log before anything that was promised in it.
    const auto promised = [this](const Vote& vote) {
      return vote.view < view_ || (vote.view == view_ && active_);
    };
    if (slot.proposal && !promised(*slot.proposal)) contradicts = true;
    if (slot.prepared && slot.prepared->vote.view > view_) contradicts = true;
    // A null batch has no body of its own to be lost.
    const auto null = Batch::null();
    if (slot.needs(null->digest())) slot.batches.emplace(null->digest(), null);
  }
  executed_ = recovered.executed;
  if (executed_.height == 0) executed_.head = committee_.genesis;
  normalise(executed_);
  note_ending(recovered.epoch_end);
  delivered_ = executed_.sequence;
  certified_height_ = recovered.certified_height;
  const auto begin = committee_.begin().height;
  for (const auto& block : recovered.recent_blocks) {
    if (block.height > begin) own_blocks_[block.height] = block.header_hash;
  }
  // Blocks whose hashes are not at hand can be certified no more, only backfilled; those of former
  // epochs were for their own members to certify.
  const auto oldest = own_blocks_.empty() ? executed_.height + 1 : own_blocks_.begin()->first;
  if (oldest > 0) certified_height_ = std::max({certified_height_, begin, oldest - 1});
  log_cut_ = 0;

  Sequence known = std::max(low_, transferred_);
  for (const auto& [sequence, slot] : slots_) {
    // The ledger may have executed what the log holds as prepared only (see decide).
    if (slot.decided || slot.prepared) known = std::max(known, sequence);
    promised_at_start_[sequence] = {
        slot.proposal, slot.prepared ? std::optional(slot.prepared->vote.view) : std::nullopt};
  }
  low_at_start_ = low_;
  view_at_start_ = view_;
  confirming_ = options_.confirm_at_start;
  if (recovered.lost) {
    lost_promise_ = *recovered.lost;
    if (!over_before(committee_.epoch)) {
      lose_log(*recovered.lost, "the log is gone or older than IDENTITY says");
    }
  } else if (damaged) {
    lose_log(reservation_, "the log holds records that cannot be read");
  } else if (contradicts) {
    lose_log(reservation_, "the log holds promises of a view that it never entered");
  } else if (executed_.sequence > known && !transfer_ran) {
    lose_log(reservation_, "the ledger is ahead of the log");
  }
  remake_request_index();
  for (auto& [sequence, slot] : slots_) {
    const bool current = slot.proposal && slot.proposal->view == view_;
    if (!active_ || !current || sequence <= low_) continue;
    highest_proposal_ = std::max(highest_proposal_, sequence);
    if (const auto batch = slot.batch_of(slot.proposal->digest)) {
      for (const auto& id : batch->ids()) ordered_.insert_or_assign(id, sequence);
    }
  }
  next_ = std::max({inherited_, low_, delivered_, highest_proposal_}) + 1;
  if (highest_proposal_ > delivered_) undelivered_since_ = now_;
}

bool Core::load_record(const protocol::LogWrite& record) {
  if (record.key.empty() || !record.value) return false;
  const auto tag = static_cast<LogTag>(record.key.front());
  Decoder in(*record.value);
  switch (tag) {
    case LogTag::epoch:
      return true;  // read by Replica, which made this committee of it
    case LogTag::view:
      view_ = in.u64();
      active_ = in.boolean() || planted(Bug::restart_enters_view);
      return in.finished();
    case LogTag::stable:
      stable_ = CheckpointCertificate::decode(in);
      low_ = stable_.position.sequence;
      return in.finished();
    case LogTag::reservation:
      reservation_.epoch = in.u64();
      reservation_.view = in.u64();
      reservation_.sequence = in.u64();
      return in.finished();
    case LogTag::recovering:
      lost_ = true;
      floor_.view = in.u64();
      floor_.sequence = in.u64();
      return in.finished();
    case LogTag::transfer:
      transferred_ = in.u64();
      transferring_ = in.boolean();
      return in.finished();
    case LogTag::view_change: {
      auto own = std::make_shared<SignedViewChange>();
      auto content = ViewChange::decode(*record.value, options_.window);
      if (!content) return false;
      own->sender = self_;
      own->body = *record.value;
      own->signature = sign(MessageType::view_change, own->body);
      own->content = std::move(*content);
      own->verified = true;
      view_changes_[self_] = std::move(own);
      return true;
    }
    case LogTag::new_view: {
      new_view_ = to_bytes(in.bytes(std::numeric_limits<std::uint32_t>::max()));
      new_view_signature_ = in.array<64>();
      const auto message = NewView::decode(new_view_, options_.window);
      if (!in.finished() || !message) return false;
      Sequence low = 0;
      for (const auto& entry : message->view_changes) {
        const auto content = ViewChange::decode(entry.body, options_.window);
        if (content) low = std::max(low, content->stable.position.sequence);
      }
      inherited_ = low + message->digests.size();
      return true;
    }
    case LogTag::checkpoint: {
      const auto position = decode_checkpoint(*record.value);
      if (!position) return false;
      own_checkpoints_[position->sequence] = *position;
      checkpoint_votes_[self_][position->sequence] = {*position,
                                                      sign(MessageType::checkpoint, *record.value)};
      return true;
    }
    case LogTag::accepted:
    case LogTag::prepared:
    case LogTag::decided:
    case LogTag::batch: {
      Decoder key(ByteView(record.key).subspan(1));
      const Sequence sequence = key.u64();
      return key.ok() && sequence > 0 && load_slot_record(tag, sequence, *record.value);
    }
  }
  return false;
}

bool Core::load_slot_record(LogTag tag, Sequence sequence, const Bytes& value) {
  Decoder in(value);
  auto& slot = slot_at(sequence);
  if (tag == LogTag::accepted) {
    const auto vote = Vote::decode(in.raw(Vote::encoded_bytes));
    slot.proposal_signature = in.array<64>();
    if (!vote || !in.finished()) return false;
    slot.proposal = *vote;
    return true;
  }
  if (tag == LogTag::prepared) {
    slot.prepared = PreparedCertificate::decode(in);
    return in.finished();
  }
  if (tag == LogTag::decided) {
    Vote vote{0, sequence, in.array<32>()};
    slot.ordering = OrderingCertificate::decode(in);
    vote.view = slot.ordering.view;
    slot.decided = vote;
    return in.finished();
  }
  auto batch = Batch::decode(value, 0, {1u << 20, 1u << 30});
  if (!batch) return false;
  const auto digest = (*batch)->digest();
  slot.batches.emplace(digest, std::move(*batch));
  return true;
}

Effects Core::start() {
  // The ledger was durable and the log not yet when this process died. The vote may be the one that
  // an epoch's end waits for.
  const bool at_checkpoint =
      executed_.sequence > low_ && executed_.sequence % options_.checkpoint_interval == 0;
  if (at_checkpoint && !own_checkpoints_.contains(executed_.sequence)) take_checkpoint();
  for (const auto& vote : checkpoint_votes_[self_]) try_stable(vote.first);
  compare_with_stable();
  if (planted(Bug::double_execution) && delivered_ > low_) delivered_ = --executed_.sequence;
  deliver();
  if (!confirming_) resume_votes();
  return finish();
}

/// Votes that the log allows are cast again: the same statements under the same key are the same
/// bytes.
void Core::resume_votes() {
  std::vector<Sequence> current;
  for (const auto& [sequence, slot] : slots_) {
    if (active_ && sequence > low_ && slot.proposal && slot.proposal->view == view_) {
      current.push_back(sequence);
    }
  }
  for (const auto sequence : current) {
    auto* slot = find_slot(sequence);
    if (slot == nullptr || !may_vote(view_, sequence)) continue;
    vote_prepare(sequence, *slot);
    if (slot->prepared && slot->prepared->vote.view == view_) {
      auto& own = slot->commits[self_];
      auto body = slot->prepared->vote.encode();
      own = {true, view_, slot->prepared->vote.digest, sign(MessageType::commit, body)};
      send_signed(std::nullopt, MessageType::commit, std::move(body), own.signature);
    }
    advance(sequence);
  }
}

Core::Check Core::on_ask_promises(const Received& message) {
  const auto asker = message.sender;
  Promises answer;
  answer.stable = stable_;
  const auto newest = [&](auto member_of) {
    std::optional<std::pair<Vote, Signature>> best;
    for (const auto& [sequence, slot] : slots_) {
      const std::optional<std::pair<Vote, Signature>> it = member_of(sequence, slot);
      if (it && (!best || std::pair(best->first.view, best->first.sequence) <
                              std::pair(it->first.view, it->first.sequence))) {
        best = it;
      }
    }
    return best;
  };
  const auto add = [&](MessageType type, const auto& found) {
    if (found) answer.newest.push_back({type, found->first.encode(), found->second});
  };
  using Found = std::optional<std::pair<Vote, Signature>>;
  const auto vote_of = [asker](Sequence sequence, const std::vector<MemberVote>& votes) -> Found {
    const auto& vote = votes[asker];
    if (!vote.present) return std::nullopt;
    return std::pair(Vote{vote.view, sequence, vote.digest}, vote.signature);
  };
  add(MessageType::prepare, newest([&](Sequence sequence, const Slot& slot) {
        return vote_of(sequence, slot.prepares);
      }));
  add(MessageType::commit,
      newest([&](Sequence sequence, const Slot& slot) { return vote_of(sequence, slot.commits); }));
  add(MessageType::pre_prepare, newest([&](Sequence, const Slot& slot) -> Found {
        if (!slot.proposal || committee_.primary(slot.proposal->view) != asker) return std::nullopt;
        return std::pair(*slot.proposal, slot.proposal_signature);
      }));
  if (const auto& held = view_changes_[asker]) {
    answer.newest.push_back({MessageType::view_change, held->body, held->signature});
  }
  send(asker, MessageType::promises, answer.encode());
  return {};
}

/// Whether the log at the start knew of what this replica signed.
bool Core::in_own_log(const Promise& promise) const {
  if (promise.type == MessageType::view_change) {
    Decoder in(promise.body);
    return in.u64() <= view_at_start_;
  }
  const auto vote = Vote::decode(promise.body);
  if (!vote || vote->sequence <= low_at_start_) return true;
  const auto found = promised_at_start_.find(vote->sequence);
  if (found == promised_at_start_.end()) return false;
  if (promise.type == MessageType::commit) {
    return found->second.prepared && *found->second.prepared >= vote->view;
  }
  const auto& accepted = found->second.accepted;
  return accepted && (accepted->view > vote->view || *accepted == *vote);
}

Core::Check Core::on_promises(const Received& message) {
  if (!confirming_) return {};
  const auto answer = Promises::decode(message.body);
  if (!answer) return answer.error();
  if (answer->stable != stable_) {
    if (auto checked = pbft::verify(answer->stable, committee_, signatory_); !checked) {
      return checked;
    }
  }
  for (const auto& promise : answer->newest) {
    const bool own = promise.type == MessageType::prepare || promise.type == MessageType::commit ||
                     promise.type == MessageType::pre_prepare ||
                     promise.type == MessageType::view_change;
    if (!own || !verify(self_, promise.type, promise.body, promise.signature)) {
      return refuse(ConsensusError::bad_signature, "a promise that was not given");
    }
    if (in_own_log(promise)) continue;
    Reservation promised{committee_.epoch, 0, reservation_.sequence};
    Decoder in(promise.body);
    promised.view = in.u64();
    if (promise.type != MessageType::view_change) {
      promised.sequence = std::max(promised.sequence, in.u64());
    }
    votes_forgotten_ = true;
    lose_log(promised, "others hold newer messages of this member than its log");
  }
  answered_stable_ = std::max(answered_stable_, answer->stable.position.sequence);
  adopt_stable(answer->stable);
  confirmed_by_.insert(message.sender);
  if (confirmed_by_.size() + 1 >= committee_.quorum()) end_confirmation();
  return {};
}

/// Everything that this replica can have signed lies within two windows above a checkpoint that a
/// quorum has certified.
void Core::lose_log(Reservation promised, const std::string& why) {
  if (!lost_) alarm("recovering: " + why);
  lost_ = true;
  floor_.epoch = committee_.epoch;
  for (const auto& it : {promised, reservation_}) {
    // Views of former epochs are over, whatever was promised in them.
    if (it.epoch == committee_.epoch) floor_.view = std::max(floor_.view, it.view);
  }
  floor_.sequence = std::max({floor_.sequence, promised.sequence, reservation_.sequence,
                              std::max(low_, answered_stable_) + 2 * options_.window});
  confirming_ = true;
  persist(log_key(LogTag::recovering), Encoder().u64(floor_.view).u64(floor_.sequence).data());
}

void Core::end_confirmation() {
  confirming_ = false;
  if (lost_) {
    lose_log(floor_, "");
    confirming_ = false;
  }
  promised_at_start_.clear();
  fruitless_rounds_ = 0;
  resume_votes();
  join_view_change();
  check_view_changes();
  end_recovery_if_done();
}

void Core::end_recovery_if_done() {
  if (!lost_ || confirming_ || low_ < floor_.sequence) return;
  lost_ = false;
  erase(log_key(LogTag::recovering));
  alarm("recovered: votes again above sequence " + std::to_string(floor_.sequence));
  if (view_ < floor_.view) start_view_change(floor_.view, "nothing below the view once asked for");
  // What the others ask for was heard while this replica could not join.
  join_view_change();
  check_view_changes();
}

}  // namespace powershare::pbft
