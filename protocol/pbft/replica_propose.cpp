// Requests on their way into batches, and the timers that hold a primary to it.
#include <algorithm>

#include "protocol/pbft/replica_core.hpp"
#include "protocol/pbft/request.hpp"

namespace powershare::pbft {
namespace {

/// Requests told to everyone at once, while the primary does not order them.
constexpr std::size_t told_at_once = 64;
constexpr std::size_t forward_bytes = 256 << 10;

}  // namespace

void Core::on(Submit& submit) {
  const auto id = crypto::sha256(submit.request);
  if (delivered_ids_.contains(id)) {
    effects_.refused.push_back({id, Error{ConsensusError::duplicate, ""}.code()});
    return;
  }
  if (!checker_(submit.request, wall_clock_, committee_.feature_level)) {
    effects_.refused.push_back({id, Error{ConsensusError::invalid_batch, ""}.code()});
    return;
  }
  auto bytes = std::make_shared<const Bytes>(std::move(submit.request));
  const auto admission = mempool_.add(bytes, id, self_, submit.from_local, now_);
  if (admission == protocol::Admission::full || admission == protocol::Admission::too_large) {
    effects_.refused.push_back({id, Error{ConsensusError::overloaded, ""}.code()});
    return;
  }
  if (admission != protocol::Admission::added) return;
  if (ordered_.contains(id)) mempool_.mark_proposed(id);
  watch_head();
  if (submit.from_local && active_ && !leads()) {
    to_forward_.push_back(std::move(bytes));
  }
}

Core::Check Core::on_request(const Received& message) {
  BatchLimits limits = options_.batch;
  limits.max_bytes = options_.batch.max_bytes;
  const auto requests = decode_requests(message.body, limits);
  if (!requests) return requests.error();
  bool all = true;
  for (const auto& request : *requests) {
    const auto id = crypto::sha256(*request);
    if (delivered_ids_.contains(id) || mempool_.contains(id)) continue;
    if (!checker_(*request, wall_clock_, committee_.feature_level)) {
      all = false;
      continue;
    }
    const auto admission = mempool_.add(request, id, message.sender, false, now_);
    if (admission != protocol::Admission::added) all = false;
    if (ordered_.contains(id)) mempool_.mark_proposed(id);
  }
  watch_head();
  if (!all) return refuse(ConsensusError::overloaded, "some requests were not taken in");
  return {};
}

/// To the primary, grouped: at once when nothing was sent for some milliseconds, else when they are
/// over. Bounded by the mempool: what waits here waits there too.
void Core::forward_requests() {
  if (to_forward_.empty()) return;
  if (leads() || !active_) {
    to_forward_.clear();
    return;
  }
  if (now_.value - forwarded_at_.value < options_.batch_wait_ms) return;
  forwarded_at_ = now_;
  // One message at a time: after a view change thousands may wait here, and at once they would
  // overrun the link, whose losses nobody repairs soon.
  std::vector<std::shared_ptr<const Bytes>> group;
  std::size_t bytes = 0;
  while (!to_forward_.empty() && group.size() < options_.batch.max_requests &&
         (group.empty() || bytes + to_forward_.front()->size() <= forward_bytes)) {
    bytes += to_forward_.front()->size();
    group.push_back(std::move(to_forward_.front()));
    to_forward_.pop_front();
  }
  send(committee_.primary(view_), MessageType::request, encode_requests(group), Channel::bulk);
}

/// Castro & Liskov's client sends to all when the primary does not answer; here its gateway's
/// replica does.
void Core::tell_everyone() {
  const auto patience = options_.request_timeout_ms / 4;
  if (!head_since_ || now_.value - head_since_->value < patience) return;
  // The search looks at every request that waits: not at each step of a replica that lags already.
  if (now_.value - told_at_.value < patience / 8) return;
  told_at_ = now_;
  const auto requests =
      mempool_.untold(MonotonicMillis{now_.value - 2 * patience}, now_, told_at_once);
  std::vector<std::shared_ptr<const Bytes>> group;
  std::size_t bytes = 0;
  for (const auto& request : requests) {
    // A group that is larger than a batch would be refused as a whole.
    const bool full =
        group.size() == options_.batch.max_requests || bytes + request->size() > forward_bytes;
    if (full && !group.empty()) {
      send(std::nullopt, MessageType::request, encode_requests(group), Channel::bulk);
      group.clear();
      bytes = 0;
    }
    bytes += request->size();
    group.push_back(request);
  }
  if (!group.empty()) {
    send(std::nullopt, MessageType::request, encode_requests(group), Channel::bulk);
  }
}

bool Core::ready_to_propose() const {
  if (!leads() || !clock_known_ || transferring_ || delivered_ < low_) return false;
  if (!may_vote(view_, next_) || next_ > high()) return false;
  if (next_ > executed_.sequence + options_.in_flight) return false;
  // What the NEW-VIEW took over must be known, or a request could be proposed twice.
  for (auto sequence = std::max(delivered_, low_) + 1; sequence <= inherited_; ++sequence) {
    const auto found = slots_.find(sequence);
    if (found == slots_.end() || !found->second.proposal ||
        !found->second.batch_of(found->second.proposal->digest)) {
      return false;
    }
  }
  return true;
}

/// At once when idle; while another is under way a batch is filled until it is full or some
/// milliseconds old, and while several are until it is full: each batch costs every member the same
/// signatures, messages and writes, however small it is.
void Core::propose() {
  while (ready_to_propose()) {
    const bool idle = next_ == delivered_ + 1;
    if (mempool_.waiting() == 0) {
      filling_since_.reset();
      if (next_ <= fill_to_) {
        propose_batch(Batch::null());
        continue;
      }
      if (work_due_ && idle && executed_.sequence == delivered_) {
        work_due_ = false;
        propose_batch(Batch::make(wall_clock_, {}));
      }
      return;
    }
    if (!filling_since_) filling_since_ = now_;
    const bool full = mempool_.waiting() >= batch_limit_ ||
                      mempool_.waiting_bytes() >= options_.batch.max_bytes / 2;
    if (!idle && !full) {
      if (next_ > delivered_ + options_.partial_in_flight) return;
      if (now_.value - filling_since_->value < options_.batch_wait_ms) return;
    }
    filling_since_ = now_;
    const auto taken = mempool_.take(batch_limit_, options_.batch.max_bytes - 12);
    std::vector<ByteView> requests;
    requests.reserve(taken.size());
    for (const auto& request : taken) {
      // Expired meanwhile, or refused for another reason by now: backups would not vote for it.
      if (checker_(*request, wall_clock_, committee_.feature_level)) {
        requests.push_back(*request);
      } else {
        mempool_.remove(crypto::sha256(*request));
      }
    }
    if (!requests.empty()) propose_batch(Batch::make(wall_clock_, requests));
  }
}

/// Large batches cost least per request, but what is under way must not come near the time-outs of
/// requests, however slow the members' machines are: else load alone would change the view. So a
/// primary begins with small ones, and doubles them while they are decided quickly.
void Core::adapt_batch_limit(const Slot& slot, std::size_t requests) {
  const auto most_ms = options_.request_timeout_ms / 5;
  const auto took_ms = now_.value - slot.proposed_at.value;
  const auto least = std::min<std::uint32_t>(16, options_.batch.max_requests);
  if (took_ms > most_ms) {
    batch_limit_ = std::max(least, batch_limit_ - batch_limit_ / 4);
  } else if (took_ms < most_ms / 2 && requests >= batch_limit_) {
    const auto more = took_ms < most_ms / 8 ? batch_limit_ : batch_limit_ / 8 + 1;
    batch_limit_ = std::min(options_.batch.max_requests, batch_limit_ + more);
  }
}

void Core::propose_batch(BatchPointer batch) {
  const Vote vote{view_, next_, batch->digest()};
  reserve(view_, next_);
  ++next_;
  const auto body = vote.encode();
  const auto signature = sign(MessageType::pre_prepare, body);
  send_signed(std::nullopt, MessageType::pre_prepare,
              Encoder().raw(body).raw(batch->encoded()).data(), signature);
  accept(vote.sequence, vote, signature, std::move(batch));
}

/// The timer of a request runs from when it is first in the queue of what waits here: requests that
/// wait behind others for want of capacity ask for no view change, and one that the primary passes
/// over reaches the head and does.
void Core::watch_head() {
  const auto* oldest = mempool_.oldest();
  if (oldest == nullptr) {
    head_since_.reset();
    return;
  }
  if (head_since_ && oldest->id == head_) return;
  head_ = oldest->id;
  head_since_ = now_;
}

/// f + 1 members, an honest one among them, have executed well beyond what came here: the primary
/// is not to blame for what this replica has not seen yet, and alone in a later view it would only
/// fall back further.
bool Core::lags() const {
  const auto ahead = std::count_if(peers_.begin(), peers_.end(), [&](const PeerStatus& peer) {
    return peer.heard && now_.value - peer.heard_at.value < heard_lately_ms &&
           peer.executed > delivered_ + options_.in_flight;
  });
  return ahead >= committee_.weak_quorum();
}

void Core::check_request_timers() {
  if (!active_ || transferring_ || delivered_ < low_) return;
  if (lags()) return restart_timers();
  const auto limit = backed_off(options_.request_timeout_ms);
  const auto late = [&](const std::optional<MonotonicMillis>& since) {
    return since && now_.value - since->value >= limit;
  };
  while (late(head_since_)) {
    const auto* oldest = mempool_.oldest();
    if (oldest == nullptr || checker_(*oldest->bytes, wall_clock_, committee_.feature_level)) break;
    mempool_.remove(oldest->id);  // expired: the primary is right not to order it
    watch_head();
  }
  if (late(head_since_)) return start_view_change(view_ + 1, "a request was not ordered in time");
  if (late(undelivered_since_))
    return start_view_change(view_ + 1, "a proposal was not decided in time");
  if (late(work_due_since_))
    return start_view_change(view_ + 1, "a due slot was not proposed in time");
  if (late(ending_since_)) start_view_change(view_ + 1, "the epoch is not brought to its end");
}

}  // namespace powershare::pbft
