// Leaving a view: VIEW-CHANGE, when to ask for it, when to join (Castro & Liskov §4.4, §4.5.2).
#include <algorithm>

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

/// A member that was fetched into its view so long ago is fetched as if for the first time.
constexpr std::int64_t forgiven_after_ms = 5 * millis_per_minute;

}  // namespace

/// Doubled for each view that brought no progress after the first, capped.
std::int64_t Core::backed_off(std::int64_t base_ms) const {
  const auto cap =
      planted(Bug::uncapped_timer) ? std::int64_t{1} << 40 : options_.view_change_backoff_max_ms;
  auto result = base_ms;
  for (std::uint32_t i = 1; i < failed_views_ && result < cap; ++i) result *= 2;
  return std::min(result, std::max(base_ms, cap));
}

/// From here on nothing of earlier views counts but CHECKPOINT, VIEW-CHANGE, NEW-VIEW and
/// certificates. View and VIEW-CHANGE are in the log before the message is sent.
void Core::start_view_change(View view, const std::string& why) {
  if (view <= view_ || !may_change_view()) return;
  view_ = view;
  active_ = false;
  new_view_deadline_.reset();
  new_view_.clear();
  highest_proposal_ = 0;
  undelivered_since_.reset();
  fruitless_rounds_ = 0;
  ++failed_views_;
  ++counters_.view_changes;
  alarm("view change to " + std::to_string(view) + ": " + why);

  auto own = std::make_shared<SignedViewChange>();
  own->sender = self_;
  own->verified = true;
  own->content.view = view;
  own->content.stable = stable_;
  for (auto it = slots_.upper_bound(low_); it != slots_.end(); ++it) {
    if (!it->second.prepared || planted(Bug::prepared_forgotten)) continue;
    own->content.prepared.push_back(*it->second.prepared);
  }
  own->body = own->content.encode();
  own->signature = sign(MessageType::view_change, own->body);
  reserve(view_, 0);
  if (!planted(Bug::view_change_not_persisted)) {
    persist(log_key(LogTag::view), Encoder().u64(view_).boolean(false).data());
    persist(log_key(LogTag::view_change), own->body);
  }
  erase(log_key(LogTag::new_view));
  send_signed(std::nullopt, MessageType::view_change, own->body, own->signature);
  view_changes_[self_] = std::move(own);
  join_view_change();
  check_view_changes();
}

Core::Check Core::on_view_change(const Received& message) {
  Decoder in(message.body);
  const View view = in.u64();
  const auto& held = view_changes_[message.sender];
  if (held && held->content.view >= view) {
    return refuse(ConsensusError::duplicate, "a VIEW-CHANGE that is not newer");
  }
  if (view < view_ || (view == view_ && active_)) {
    return refuse(ConsensusError::wrong_view, "a VIEW-CHANGE to a view that is entered or over");
  }
  auto content = ViewChange::decode(message.body, options_.window);
  if (!content) return content.error();
  auto arrived = std::make_shared<SignedViewChange>();
  arrived->sender = message.sender;
  arrived->body = message.body;
  arrived->signature = message.signature;
  arrived->content = std::move(*content);
  view_changes_[message.sender] = std::move(arrived);
  // The primary that asks for the next view hands over: no need to wait for a time-out.
  if (active_ && message.sender == committee_.primary(view_) && view == view_ + 1) {
    start_view_change(view, "its primary asks for it");
  }
  join_view_change();
  check_view_changes();
  return {};
}

/// f + 1 members ask for views above this one: at least one of them is honest, so join without
/// waiting for the own timer. The (f + 1)-th highest of their views is one that an honest member
/// has reached; f liars with huge views move nobody.
void Core::join_view_change() {
  std::vector<View> views;
  for (const auto& held : view_changes_) {
    if (held && held->sender != self_ && held->content.view > view_) {
      views.push_back(held->content.view);
    }
  }
  const auto enough = planted(Bug::highest_view_join) ? 1 : committee_.weak_quorum();
  if (views.size() < enough || planted(Bug::no_join)) return;
  std::sort(views.begin(), views.end(), std::greater<>());
  start_view_change(views[enough - 1], "f + 1 members ask for it");
}

/// A certificate whose every signature this replica has verified when the votes came needs no
/// second look.
bool Core::prepared_is_known(const PreparedCertificate& certificate) {
  const auto* slot = find_slot(certificate.vote.sequence);
  if (slot == nullptr) return false;
  if (slot->prepared && *slot->prepared == certificate) return true;
  if (!slot->proposal || *slot->proposal != certificate.vote ||
      slot->proposal_signature != certificate.pre_prepare ||
      certificate.prepares.endorsements.size() < committee_.quorum() - 1) {
    return false;
  }
  std::optional<MemberIndex> previous;
  for (const auto& endorsement : certificate.prepares.endorsements) {
    if (endorsement.signer >= size() || (previous && endorsement.signer <= *previous) ||
        endorsement.signer == committee_.primary(certificate.vote.view)) {
      return false;
    }
    previous = endorsement.signer;
    const auto& vote = slot->prepares[endorsement.signer];
    if (!vote.present || vote.view != certificate.vote.view ||
        vote.digest != certificate.vote.digest || vote.signature != endorsement.signature) {
      return false;
    }
  }
  return true;
}

Core::Check Core::verify_view_change(SignedViewChange& message) {
  if (message.verified) return {};
  const auto& stable = message.content.stable;
  if (stable.position.sequence % options_.checkpoint_interval != 0) {
    return refuse(ConsensusError::bad_certificate, "a VIEW-CHANGE between checkpoints");
  }
  if (stable != stable_) {
    if (auto checked = pbft::verify(stable, committee_, signatory_); !checked) return checked;
  }
  for (const auto& certificate : message.content.prepared) {
    if (prepared_is_known(certificate) || planted(Bug::prepared_unverified)) continue;
    if (auto checked = pbft::verify(certificate, committee_, signatory_); !checked) return checked;
  }
  message.verified = true;
  return {};
}

/// With a quorum of VIEW-CHANGEs the new primary makes the NEW-VIEW and the others start to wait
/// for it; before, no timer runs, so that a replica without a quorum does not race ahead of the
/// others (§4.5.2). It is short at first, since nothing but the messages of one view change has to
/// travel: when the next primary is dead as well, clients wait for little more than one time-out.
void Core::check_view_changes() {
  if (active_) return;
  std::vector<SignedViewChangePointer> asking;
  std::uint32_t left = 0;
  for (const auto& held : view_changes_) {
    if (held && held->content.view >= view_) ++left;
    if (held && held->content.view == view_) asking.push_back(held);
  }
  if (left < committee_.quorum()) return;
  if (!new_view_deadline_) {
    new_view_deadline_ = MonotonicMillis{now_.value + backed_off(options_.request_timeout_ms / 8)};
  }
  if (asking.size() < committee_.quorum()) return;
  if (committee_.primary(view_) != self_ || !may_change_view()) return;
  std::vector<SignedViewChangePointer> chosen;
  for (const auto& it : asking) {
    if (chosen.size() == committee_.quorum()) break;
    if (verify_view_change(*it)) {
      chosen.push_back(it);
    } else {
      ++counters_.rejects["bad_certificate"];
      view_changes_[it->sender].reset();
    }
  }
  if (chosen.size() == committee_.quorum()) make_new_view(chosen);
}

/// A member that asked for a later view alone (its link was down, say) may not return to this one:
/// it promised. Left there it would be missing at the next fault, so after a while the others
/// follow it; soon the first time, then at most once a minute: a liar must not keep them at it.
void Core::fetch_parked(MemberIndex member, const StatusMessage& its) {
  auto& parked = parked_[member];
  const auto& held = view_changes_[member];
  if (!active_ || its.view_active || its.view <= view_ || its.view - view_ > 2 * size() || !held ||
      held->content.view != its.view) {
    parked.since.reset();
    return;
  }
  if (!parked.since) parked.since = now_;
  if (now_.value - parked.since->value < 4 * options_.request_timeout_ms) return;
  const auto rested_ms =
      parked.fetched_at ? now_.value - parked.fetched_at->value : forgiven_after_ms;
  if (rested_ms < parked.pause_ms) return;
  if (rested_ms >= forgiven_after_ms) parked.pause_ms = 0;
  parked.pause_ms = std::min(std::max(2 * parked.pause_ms, 4 * options_.request_timeout_ms),
                             std::max(millis_per_minute, 4 * options_.request_timeout_ms));
  parked.fetched_at = now_;
  parked.since.reset();
  start_view_change(its.view, "member " + std::to_string(member) + " waits there");
}

void Core::check_new_view_timer() {
  if (active_ || !new_view_deadline_ || now_ < *new_view_deadline_) return;
  start_view_change(view_ + 1, "no NEW-VIEW in time");
}

}  // namespace powershare::pbft
