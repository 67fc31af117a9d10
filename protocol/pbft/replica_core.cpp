#include "protocol/pbft/replica_core.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace powershare::pbft {
namespace {

protocol::MempoolLimits mempool_limits(const Options& options) {
  protocol::MempoolLimits limits;
  limits.max_requests = options.mempool_requests;
  limits.max_bytes = options.mempool_bytes;
  // A request must fit a batch alone, with the batch's time, count and length.
  limits.max_request_bytes = options.batch.max_bytes - 16;
  limits.ttl_ms = options.request_ttl_ms;
  return limits;
}

const char* reason(const std::error_code& code) {
  switch (static_cast<ConsensusError>(code.value())) {
    case ConsensusError::malformed:
      return "malformed";
    case ConsensusError::wrong_chain:
      return "wrong_chain";
    case ConsensusError::not_a_member:
      return "not_a_member";
    case ConsensusError::bad_signature:
      return "bad_signature";
    case ConsensusError::bad_certificate:
      return "bad_certificate";
    case ConsensusError::wrong_view:
      return "wrong_view";
    case ConsensusError::out_of_window:
      return "out_of_window";
    case ConsensusError::invalid_batch:
      return "invalid_batch";
    case ConsensusError::conflicting:
      return "conflicting";
    case ConsensusError::duplicate:
      return "duplicate";
    case ConsensusError::overloaded:
      return "overloaded";
  }
  return "other";
}

MemberIndex own_index(const Committee& committee, const protocol::Signatory& signatory) {
  MemberIndex index = 0;
  while (index < committee.size() && !signatory.owns(committee.members[index])) ++index;
  return index;
}

}  // namespace

Core::Core(Config config, const protocol::Signatory& signatory, RequestChecker checker,
           Recovered recovered)
    : options_(config.options),
      committee_(std::move(config.committee)),
      self_(own_index(committee_, signatory)),
      signatory_(signatory),
      checker_(std::move(checker)),
      view_changes_(committee_.size()),
      mempool_(mempool_limits(options_), committee_.size()),
      batch_limit_(std::min(first_batch_requests, options_.batch.max_requests)),
      checkpoint_votes_(committee_.size()),
      block_votes_(committee_.size()),
      repair_patience_ms_(options_.status_repair_interval_ms),
      peers_(committee_.size()),
      repaired_at_(committee_.size()),
      parked_(committee_.size()),
      fillings_(committee_.size()) {
  PS_ASSERT(committee_.size() >= 4 && committee_.size() <= max_members &&
            self_ < committee_.size());
  PS_ASSERT(options_.checkpoint_interval > 0 &&
            options_.window >= 2 * options_.checkpoint_interval);
  stable_.position = committee_.begin();
  low_ = stable_.position.sequence;
  next_ = low_ + 1;
  load(recovered);
}

Effects Core::step(Input input) {
  std::visit([this](auto& it) { on(it); }, input);
  return finish();
}

Effects Core::finish() {
  deliver();  // whatever brought the last missing piece: a body, a certificate, an execution
  if (!retired_) {
    forward_requests();
    propose();
    check_epoch_end();
    effects_.wake_at = next_wake();
  }
  Effects result = std::move(effects_);
  effects_ = Effects{};
  return result;
}

void Core::on(Received& message) {
  if (message.sender >= size() || message.sender == self_) {
    ++counters_.rejects["not_a_member"];
    return;
  }
  const auto checked = dispatch(message);
  if (!checked) ++counters_.rejects[reason(checked.error().code())];
}

Core::Check Core::dispatch(Received& message) {
  switch (message.type) {
    case MessageType::request:
      return on_request(message);
    case MessageType::pre_prepare:
      return on_pre_prepare(message);
    case MessageType::prepare:
    case MessageType::commit:
      return on_vote(message);
    case MessageType::checkpoint:
      return on_checkpoint(message);
    case MessageType::stable_proof:
      return on_stable_proof(message);
    case MessageType::view_change:
      return on_view_change(message);
    case MessageType::new_view:
      return on_new_view(message);
    case MessageType::relayed:
      return on_relayed(message);
    case MessageType::block_vote:
      return on_block_vote(message);
    case MessageType::status:
      return on_status(message);
    case MessageType::fetch:
      return on_fetch(message);
    case MessageType::fetched_batch:
      return on_fetched_batch(message);
    case MessageType::fetched_entry:
      return on_fetched_entry(message);
    case MessageType::ask_promises:
      return on_ask_promises(message);
    case MessageType::promises:
      return on_promises(message);
    default:
      return refuse(ConsensusError::malformed, "not a message for the replica");
  }
}

void Core::on(Tick& tick) {
  // A clock that goes backwards would only be the host's bug; time stands still then.
  const auto gap = tick.now.value - now_.value;
  if (tick.now > now_) now_ = tick.now;
  // This process stood still (stopped, starved, asleep): what it missed is in its queues, the
  // primary is not to blame.
  if (clock_known_ && gap > options_.status_interval_ms + 500) restart_timers();
  wall_clock_ = tick.wall_clock;
  if (!clock_known_) {
    clock_known_ = true;
    active_since_ = now_;
    if (undelivered_since_) undelivered_since_ = now_;
    if (ending_since_) ending_since_ = now_;
  }
  if (tick.work_due && !work_due_) work_due_since_ = now_;
  work_due_ = tick.work_due;
  if (!work_due_) work_due_since_.reset();
  if (retired_) return;
  if (active_ && !confirming_) {
    apart_since_.reset();
  } else if (!apart_since_) {
    apart_since_ = now_;
  }
  mempool_.expire(now_);
  watch_head();
  check_block_vote();
  check_request_timers();
  check_new_view_timer();
  tell_everyone();
  check_transfer();
  const auto interval =
      needs_repair() && fruitless_rounds_ < 50 ? repair_patience_ms_ : options_.status_interval_ms;
  if (now_.value - status_sent_at_.value >= interval) send_status();
}

void Core::on(Executed& executed) {
  auto position = executed.position;
  if (position.sequence <= executed_.sequence || position.sequence > delivered_) return;
  const bool new_block = position.height > executed_.height;
  const auto former_limit = vote_limit();
  executed_ = position;
  note_ending(executed.epoch_end);
  work_due_ = false;  // the host says so again if it still is
  if (new_block) block_executed();
  if (position.sequence % options_.checkpoint_interval == 0) take_checkpoint();
  compare_with_stable();
  collect_garbage();
  deliver();
  vote_above(former_limit);
}

void Core::on(Restored& restored) {
  const auto former_limit = vote_limit();
  note_ending(restored.epoch_end);
  transferring_ = false;
  lagging_since_.reset();
  const bool follows = std::exchange(follows_, false);
  auto position = restored.position;
  normalise(position);
  remember_delivered(restored.requests);
  if (restored.forget_requests) mempool_.clear();
  const bool came_further = position.sequence > executed_.sequence;
  if (came_further) {
    executed_ = position;
    delivered_ = std::max(delivered_, position.sequence);
    // The new head's own certificate is still collected: others may want to be served from it.
    if (position.height > 0) {
      certified_height_ = std::max(certified_height_, position.height - 1);
      own_blocks_[position.height] = position.head;
      vote_block();
    }
    if (position.sequence % options_.checkpoint_interval == 0) take_checkpoint();
    compare_with_stable();
    collect_garbage();
    fruitless_rounds_ = 0;
  }
  transferred_ = std::max(transferred_, executed_.sequence);
  persist(log_key(LogTag::transfer), Encoder().u64(transferred_).boolean(false).data());
  // Looking in vain for what the others may have done without this member excuses nobody.
  if (came_further || !follows) restart_timers();
  deliver();
  vote_above(former_limit);
  end_recovery_if_done();
}

void Core::restart_timers() {
  if (apart_since_) apart_since_ = now_;
  undelivered_since_.reset();
  if (highest_proposal_ > delivered_) undelivered_since_ = now_;
  if (head_since_) head_since_ = now_;
  if (work_due_since_) work_due_since_ = now_;
  if (ending_since_) ending_since_ = now_;
  if (new_view_deadline_) {
    new_view_deadline_ = MonotonicMillis{now_.value + backed_off(options_.request_timeout_ms / 8)};
  }
}

void Core::on(HandOver&) {
  if (leads()) start_view_change(view_ + 1, "the primary hands over");
}

Signature Core::sign(MessageType type, ByteView body) const {
  return signatory_.sign(committee_.members[self_], committee_.statement(type, body));
}

bool Core::verify(MemberIndex signer, MessageType type, ByteView body,
                  const Signature& signature) const {
  return signer < size() &&
         signatory_.verify(committee_.members[signer], committee_.statement(type, body), signature);
}

void Core::send_signed(std::optional<MemberIndex> recipient, MessageType type, Bytes body,
                       const Signature& signature, Channel channel) {
  effects_.send.push_back({recipient, type, std::move(body), signature, channel, committee_.epoch});
}

void Core::send(std::optional<MemberIndex> recipient, MessageType type, Bytes body,
                Channel channel) {
  const auto signature = sign(type, body);
  send_signed(recipient, type, std::move(body), signature, channel);
}

void Core::persist(Bytes key, Bytes value) {
  persist_deferred();
  effects_.persist.push_back(log_put(std::move(key), std::move(value)));
}

/// With the next record that must be durable before something is sent.
void Core::persist_later(Bytes key, Bytes value) {
  deferred_.push_back(log_put(std::move(key), std::move(value)));
}

void Core::persist_deferred() {
  for (auto& record : deferred_) effects_.persist.push_back(std::move(record));
  deferred_.clear();
}

void Core::erase(Bytes key) {
  persist_deferred();
  effects_.persist.push_back(log_erase(std::move(key)));
}

void Core::alarm(std::string sentence) {
  effects_.alarms.push_back(std::move(sentence));
}

void Core::reserve(View view, Sequence sequence) {
  const bool same_epoch = reservation_.epoch == committee_.epoch;
  if (same_epoch && view <= reservation_.view && sequence <= reservation_.sequence) return;
  reservation_.view = same_epoch ? std::max(reservation_.view, view) : view;
  reservation_.epoch = committee_.epoch;
  if (sequence > reservation_.sequence)
    reservation_.sequence = sequence + options_.reservation_step;
  effects_.reserve = reservation_;
  persist(
      log_key(LogTag::reservation),
      Encoder().u64(reservation_.epoch).u64(reservation_.view).u64(reservation_.sequence).data());
}

Slot& Core::slot_at(Sequence sequence) {
  return slots_.try_emplace(sequence, size()).first->second;
}

Slot* Core::find_slot(Sequence sequence) {
  const auto found = slots_.find(sequence);
  return found == slots_.end() ? nullptr : &found->second;
}

bool Core::may_vote(View view, Sequence sequence) const {
  if (planted(Bug::recovering_votes)) return !quarantined_;
  if (quarantined_ || confirming_ || retired_ || sequence > vote_limit()) return false;
  return !lost_ || (view >= floor_.view && sequence > floor_.sequence);
}

bool Core::may_change_view() const {
  return !quarantined_ && !confirming_ && !retired_ && (!lost_ || low_ >= floor_.sequence);
}

/// By how much a time that another member names is ahead of the own clock. Members may name any 64
/// bits: beyond these bounds the difference would overflow, and it is absurd anyway.
std::int64_t Core::ahead_of_clock(UtcMillis time) const {
  constexpr std::int64_t bound = std::int64_t{1} << 60;
  return std::clamp(time.value, -bound, bound) - std::clamp(wall_clock_.value, -bound, bound);
}

Status Core::status() const {
  Status status = counters_;
  status.epoch = committee_.epoch;
  status.members = size();
  status.view = view_;
  status.primary = committee_.primary(view_);
  status.view_active = active_;
  status.active_since = active_since_;
  status.delivered = delivered_;
  status.executed = executed_;
  status.stable_checkpoint = low_;
  status.certified_height = certified_height_;
  status.in_flight = static_cast<std::uint32_t>(
      highest_proposal_ > delivered_ ? highest_proposal_ - delivered_ : 0);
  status.mempool_requests = mempool_.size();
  status.mempool_bytes = mempool_.bytes();
  status.transferring = transferring_;
  status.recovering = lost_ || confirming_;
  status.votes_forgotten = votes_forgotten_;
  status.quarantined = quarantined_;
  status.reservation = reservation_;
  status.peers = peers_;
  status.why_stuck = why_stuck();
  return status;
}

}  // namespace powershare::pbft
