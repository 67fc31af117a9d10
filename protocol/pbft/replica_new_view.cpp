// Entering a view: NEW-VIEW, made and checked (Castro & Liskov §4.4).
#include <algorithm>

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

/// For Bug::new_view_unchecked: what the primary says in the place of what follows from V.
void believe(const NewView& message, Obligations& duties) {
  duties.orders.clear();
  for (const auto& digest : message.digests) {
    duties.orders.push_back({duties.stable.position.sequence + duties.orders.size() + 1, digest});
  }
}

}  // namespace

void Core::make_new_view(const std::vector<SignedViewChangePointer>& chosen) {
  std::vector<const ViewChange*> contents;
  NewView message;
  message.view = view_;
  for (const auto& it : chosen) {
    contents.push_back(&it->content);
    message.view_changes.push_back({it->sender, it->body, it->signature});
  }
  const auto duties = obligations(contents);
  for (const auto& order : duties.orders) {
    const auto body = Vote{view_, order.sequence, order.digest}.encode();
    message.digests.push_back(order.digest);
    message.pre_prepares.push_back(sign(MessageType::pre_prepare, body));
  }
  reserve(view_, duties.last());
  new_view_ = message.encode();
  new_view_signature_ = sign(MessageType::new_view, new_view_);
  send_signed(std::nullopt, MessageType::new_view, new_view_, new_view_signature_);
  enter_view(view_, duties, message.pre_prepares);
}

/// Every backup computes O again from V and refuses any difference.
Core::Check Core::on_new_view(const Received& message) {
  Decoder in(message.body);
  const View view = in.u64();
  if (view < view_ || (view == view_ && active_)) {
    return refuse(ConsensusError::wrong_view, "a NEW-VIEW of a view that is entered or over");
  }
  if (committee_.primary(view) != message.sender) {
    return refuse(ConsensusError::wrong_view, "a NEW-VIEW of another than the primary");
  }
  const auto decoded = NewView::decode(message.body, options_.window);
  if (!decoded) return decoded.error();
  if (decoded->view_changes.size() <
      (planted(Bug::new_view_too_few) ? committee_.weak_quorum() : committee_.quorum())) {
    return refuse(ConsensusError::bad_certificate, "a NEW-VIEW with too few VIEW-CHANGEs");
  }
  std::vector<SignedViewChangePointer> view_changes;
  std::vector<const ViewChange*> contents;
  for (const auto& entry : decoded->view_changes) {
    if (entry.sender >= size()) return refuse(ConsensusError::not_a_member, "not a member");
    auto it = view_changes_[entry.sender];
    if (!it || it->body != entry.body || it->signature != entry.signature) {
      if (!verify(entry.sender, MessageType::view_change, entry.body, entry.signature)) {
        return refuse(ConsensusError::bad_signature, "a VIEW-CHANGE that its sender did not sign");
      }
      auto content = ViewChange::decode(entry.body, options_.window);
      if (!content) return content.error();
      it = std::make_shared<SignedViewChange>();
      it->sender = entry.sender;
      it->content = std::move(*content);
    }
    if (it->content.view != view) {
      return refuse(ConsensusError::bad_certificate, "a VIEW-CHANGE to another view");
    }
    if (auto checked = verify_view_change(*it); !checked) return checked;
    contents.push_back(&it->content);
    view_changes.push_back(std::move(it));
  }
  auto duties = obligations(contents);
  if (planted(Bug::new_view_unchecked)) believe(*decoded, duties);
  if (duties.orders.size() != decoded->digests.size()) {
    return refuse(ConsensusError::bad_certificate, "a NEW-VIEW with another O");
  }
  for (std::size_t i = 0; i < duties.orders.size(); ++i) {
    const auto& order = duties.orders[i];
    if (order.digest != decoded->digests[i] ||
        !verify(message.sender, MessageType::pre_prepare,
                Vote{view, order.sequence, order.digest}.encode(), decoded->pre_prepares[i])) {
      return refuse(ConsensusError::bad_certificate, "a NEW-VIEW with another O");
    }
  }
  new_view_ = message.body;
  new_view_signature_ = message.signature;
  enter_view(view, duties, decoded->pre_prepares);
  return {};
}

void Core::enter_view(View view, const Obligations& duties,
                      const std::vector<Signature>& signatures) {
  view_ = view;
  active_ = true;
  active_since_ = now_;
  new_view_deadline_.reset();
  fruitless_rounds_ = 0;
  inherited_ = duties.last();
  highest_proposal_ = 0;
  undelivered_since_.reset();
  persist(log_key(LogTag::view), Encoder().u64(view_).boolean(true).data());
  persist(log_key(LogTag::new_view), Encoder().bytes(new_view_).raw(new_view_signature_).data());
  adopt_stable(duties.stable);
  // Its checkpoint may have ended a recovery: then this replica has asked for a later view, where
  // it may vote, and takes over nothing of this one.
  if (!active_ || view_ != view) return;
  next_ = std::max({inherited_, low_, delivered_}) + 1;
  mempool_.restart();
  remake_request_index();
  for (std::size_t i = 0; i < duties.orders.size(); ++i) {
    const auto& order = duties.orders[i];
    if (order.sequence <= low_) continue;
    auto& slot = slot_at(order.sequence);
    if (slot.decided && slot.decided->digest != order.digest) {
      // Only more than f liars can bring this about; this replica at least does not join in.
      quarantine("a NEW-VIEW contradicts what is decided at " + std::to_string(order.sequence));
      return;
    }
    auto batch =
        order.digest == Batch::null()->digest() ? Batch::null() : slot.batch_of(order.digest);
    if (batch) {
      for (const auto& id : batch->ids()) {
        ordered_.insert_or_assign(id, order.sequence);
        mempool_.mark_proposed(id);
      }
    }
    accept(order.sequence, {view_, order.sequence, order.digest}, signatures[i], std::move(batch));
  }
  // Votes that came before the NEW-VIEW did count now (accept looked at them); what has no body yet
  // is asked for.
  fetch_missing();
  head_since_.reset();
  watch_head();
  // The new primary gets its time, too: else every replica would leave each view that it enters.
  if (work_due_since_) work_due_since_ = now_;
  if (ending_since_) ending_since_ = now_;
  if (!leads()) {
    const auto waiting = mempool_.local_waiting(options_.mempool_requests);
    to_forward_.assign(waiting.begin(), waiting.end());
    forwarded_at_ = MonotonicMillis{-1'000};
  } else {
    batch_limit_ = std::min(batch_limit_, first_batch_requests);
  }
  alarm("view " + std::to_string(view_) + " is active");
}

/// Requests of proposals of older views that nothing obliges to are free again.
void Core::remake_request_index() {
  ordered_.clear();
  for (const auto& [sequence, slot] : slots_) {
    if (!slot.decided || sequence <= log_cut_) continue;
    const auto batch = slot.batch_of(slot.decided->digest);
    if (!batch) continue;
    for (const auto& id : batch->ids()) {
      ordered_.insert_or_assign(id, sequence);
      mempool_.mark_proposed(id);
    }
  }
}

}  // namespace powershare::pbft
