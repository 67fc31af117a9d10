#include "protocol/profile_exchange.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "ledger/profile.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::protocol {
namespace {

using pbft::MessageType;

MonotonicMillis after(MonotonicMillis now, std::int64_t ms) {
  return {now.value + ms};
}

}  // namespace

Bytes encode_profile_ask(const std::vector<crypto::Digest>& commitments) {
  Encoder out;
  out.u32(static_cast<std::uint32_t>(commitments.size()));
  for (const auto& commitment : commitments) out.raw(commitment);
  return std::move(out).take();
}

Result<std::vector<crypto::Digest>> decode_profile_ask(ByteView body, std::size_t max) {
  Decoder in(body);
  std::vector<crypto::Digest> commitments(in.count(static_cast<std::uint32_t>(max), 32));
  for (auto& commitment : commitments) commitment = in.array<32>();
  if (!in.finished()) return Error{ConsensusError::malformed, "not a PROFILE-ASK"};
  return commitments;
}

ProfileExchange::ProfileExchange(std::vector<StoredProfile> stored, MonotonicMillis now,
                                 ProfileLimits limits)
    : limits_(limits) {
  for (auto& entry : stored) {
    bytes_ += entry.profile.size();
    if (!entry.confirmed) unnamed_.insert(entry.commitment);
    profiles_[entry.commitment] =
        Profile{std::move(entry.profile), entry.confirmed, std::nullopt, now};
  }
}

bool ProfileExchange::has_room(std::size_t bytes) const {
  return profiles_.size() < limits_.max_profiles && bytes_ + bytes <= limits_.max_bytes;
}

std::map<crypto::Digest, ProfileExchange::Profile>::iterator ProfileExchange::remove(
    std::map<crypto::Digest, Profile>::iterator entry, ProfileEffects& effects) {
  effects.erase.push_back(entry->first);
  bytes_ -= entry->second.bytes.size();
  unnamed_.erase(entry->first);
  return profiles_.erase(entry);
}

void ProfileExchange::add(const crypto::Digest& commitment, Profile profile,
                          ProfileEffects& effects) {
  profile.confirmed = named_.contains(commitment);
  effects.store.push_back({commitment, profile.bytes, profile.confirmed});
  if (profile.from && !profile.confirmed) ++unconfirmed_[*profile.from];
  if (profile.confirmed) {
    unnamed_.erase(commitment);
  } else {
    unnamed_.insert(commitment);
  }
  auto& place = profiles_[commitment];
  bytes_ += profile.bytes.size() - place.bytes.size();
  place = std::move(profile);
}

ProfileEffects ProfileExchange::keep(std::uint64_t call, Bytes profile,
                                     const std::vector<pbft::MemberIndex>& others,
                                     std::size_t faulty, MonotonicMillis now) {
  ProfileEffects effects;
  const auto commitment = ledger::profile_commitment(profile);
  if (keeps_.size() >= limits_.max_calls || !has_room(profile.size())) {
    effects.kept.push_back({call, std::nullopt});
    return effects;
  }
  for (const auto other : others) {
    effects.send.push_back({other, MessageType::profile_offer, profile});
  }
  add(commitment, {std::move(profile), false, std::nullopt, now}, effects);
  keeps_[call] = {commitment, faulty + 1, {}, after(now, limits_.keep_timeout_ms)};
  return effects;
}

ProfileEffects ProfileExchange::fetch(std::uint64_t call, std::vector<crypto::Digest> commitments,
                                      const std::vector<pbft::MemberIndex>& others,
                                      MonotonicMillis now) {
  ProfileEffects effects;
  FetchCall fetch{std::move(commitments), after(now, limits_.fetch_timeout_ms)};
  if (is_complete(fetch) || fetches_.size() >= limits_.max_calls) {
    answer(call, fetch, effects);
    return effects;
  }
  std::vector<crypto::Digest> missing;
  for (const auto& commitment : fetch.commitments) {
    if (!profiles_.contains(commitment)) missing.push_back(commitment);
  }
  ask(missing, others, effects);
  fetches_.emplace(call, std::move(fetch));
  return effects;
}

ProfileEffects ProfileExchange::receive(pbft::MemberIndex sender, MessageType type, ByteView body,
                                        MonotonicMillis now) {
  ProfileEffects effects;
  switch (type) {
    case MessageType::profile_offer:
      on_offer(sender, body, now, effects);
      break;
    case MessageType::profile_kept:
      on_kept(sender, body, effects);
      break;
    case MessageType::profile_ask:
      on_ask(sender, body, effects);
      break;
    case MessageType::profile:
      on_profile(body, now, effects);
      break;
    default:
      break;
  }
  return effects;
}

void ProfileExchange::on_offer(pbft::MemberIndex sender, ByteView body, MonotonicMillis now,
                               ProfileEffects& effects) {
  if (body.size() > ledger::max_profile_bytes || !ledger::decode_profile(body)) return;
  const auto commitment = ledger::profile_commitment(body);
  if (!profiles_.contains(commitment)) {
    const auto given = unconfirmed_.find(sender);
    const bool too_many =
        given != unconfirmed_.end() && given->second >= limits_.max_unconfirmed_per_peer;
    if (too_many || !has_room(body.size())) return;
    add(commitment, {to_bytes(body), false, sender, now}, effects);
    answer_complete(effects);
  }
  effects.send.push_back({sender, MessageType::profile_kept, Encoder().raw(commitment).data()});
}

void ProfileExchange::on_kept(pbft::MemberIndex sender, ByteView body, ProfileEffects& effects) {
  Decoder in(body);
  const auto commitment = in.array<32>();
  if (!in.finished()) return;
  for (auto call = keeps_.begin(); call != keeps_.end();) {
    auto& [number, keep] = *call;
    if (keep.commitment == commitment) keep.have.insert(sender);
    if (keep.have.size() < keep.needed) {
      ++call;
      continue;
    }
    effects.kept.push_back({number, keep.commitment});
    call = keeps_.erase(call);
  }
}

void ProfileExchange::on_ask(pbft::MemberIndex sender, ByteView body,
                             ProfileEffects& effects) const {
  const auto commitments = decode_profile_ask(body, limits_.max_asked_at_once);
  if (!commitments) return;
  for (const auto& commitment : *commitments) {
    const auto found = profiles_.find(commitment);
    // Not what nobody has named yet: whoever needs that was offered it.
    if (found == profiles_.end() || !named_.contains(commitment)) continue;
    effects.send.push_back({sender, MessageType::profile, found->second.bytes});
  }
}

void ProfileExchange::on_profile(ByteView body, MonotonicMillis now, ProfileEffects& effects) {
  if (body.size() > ledger::max_profile_bytes) return;
  const auto commitment = ledger::profile_commitment(body);
  if (profiles_.contains(commitment) || !is_wanted(commitment) || !has_room(body.size())) return;
  if (!ledger::decode_profile(body)) return;
  add(commitment, {to_bytes(body), false, std::nullopt, now}, effects);
  answer_complete(effects);
}

void ProfileExchange::applied(ByteView transaction) {
  for (const auto& commitment : unnamed_) {
    if (was_named_.contains(commitment)) continue;
    const auto found =
        std::search(transaction.begin(), transaction.end(), commitment.begin(), commitment.end());
    if (found != transaction.end()) was_named_.insert(commitment);
  }
}

ProfileEffects ProfileExchange::follow(std::set<crypto::Digest> named,
                                       const std::vector<pbft::MemberIndex>& others,
                                       MonotonicMillis now) {
  ProfileEffects effects;
  named_ = std::move(named);
  std::vector<crypto::Digest> missing;
  for (const auto& commitment : named_) {
    const auto found = profiles_.find(commitment);
    if (found == profiles_.end()) {
      if (missing.size() < limits_.max_asked_at_once) missing.push_back(commitment);
      continue;
    }
    auto& profile = found->second;
    if (profile.confirmed) continue;
    profile.confirmed = true;
    unnamed_.erase(commitment);
    if (profile.from) --unconfirmed_[*profile.from];
    effects.confirm.push_back(commitment);
  }
  for (auto entry = profiles_.begin(); entry != profiles_.end();) {
    auto& [commitment, profile] = *entry;
    const bool was_named = profile.confirmed || was_named_.contains(commitment);
    if (!was_named || named_.contains(commitment)) {
      ++entry;
      continue;
    }
    if (!profile.confirmed && profile.from) --unconfirmed_[*profile.from];
    entry = remove(entry, effects);
  }
  was_named_.clear();
  const bool again = !asked_ || now.value - asked_->value >= limits_.ask_again_ms;
  if (!missing.empty() && again) {
    asked_ = now;
    ask(missing, others, effects);
  }
  return effects;
}

ProfileEffects ProfileExchange::tick(MonotonicMillis now) {
  ProfileEffects effects;
  for (auto call = keeps_.begin(); call != keeps_.end();) {
    if (now < call->second.deadline) {
      ++call;
      continue;
    }
    effects.kept.push_back({call->first, std::nullopt});
    call = keeps_.erase(call);
  }
  for (auto call = fetches_.begin(); call != fetches_.end();) {
    if (now < call->second.deadline) {
      ++call;
      continue;
    }
    answer(call->first, call->second, effects);
    call = fetches_.erase(call);
  }
  for (auto entry = profiles_.begin(); entry != profiles_.end();) {
    const auto& profile = entry->second;
    if (profile.confirmed || now.value - profile.since.value < limits_.unconfirmed_ms) {
      ++entry;
      continue;
    }
    if (profile.from) --unconfirmed_[*profile.from];
    entry = remove(entry, effects);
  }
  return effects;
}

void ProfileExchange::ask(const std::vector<crypto::Digest>& commitments,
                          const std::vector<pbft::MemberIndex>& others,
                          ProfileEffects& effects) const {
  for (std::size_t from = 0; from < commitments.size(); from += limits_.max_asked_at_once) {
    const auto to = std::min(commitments.size(), from + limits_.max_asked_at_once);
    const std::vector<crypto::Digest> part(commitments.begin() + static_cast<std::ptrdiff_t>(from),
                                           commitments.begin() + static_cast<std::ptrdiff_t>(to));
    for (const auto other : others) {
      effects.send.push_back({other, MessageType::profile_ask, encode_profile_ask(part)});
    }
  }
}

void ProfileExchange::answer(std::uint64_t call, const FetchCall& fetch,
                             ProfileEffects& effects) const {
  ProfileEffects::Found found{call, {}};
  for (const auto& commitment : fetch.commitments) {
    const auto profile = profiles_.find(commitment);
    found.profiles.push_back(profile == profiles_.end() ? std::nullopt
                                                        : std::optional(profile->second.bytes));
  }
  effects.found.push_back(std::move(found));
}

void ProfileExchange::answer_complete(ProfileEffects& effects) {
  for (auto call = fetches_.begin(); call != fetches_.end();) {
    if (!is_complete(call->second)) {
      ++call;
      continue;
    }
    answer(call->first, call->second, effects);
    call = fetches_.erase(call);
  }
}

bool ProfileExchange::is_wanted(const crypto::Digest& commitment) const {
  if (named_.contains(commitment)) return true;
  return std::any_of(fetches_.begin(), fetches_.end(), [&](const auto& call) {
    const auto& wanted = call.second.commitments;
    return std::find(wanted.begin(), wanted.end(), commitment) != wanted.end();
  });
}

bool ProfileExchange::is_complete(const FetchCall& fetch) const {
  return std::all_of(fetch.commitments.begin(), fetch.commitments.end(),
                     [&](const auto& commitment) { return profiles_.contains(commitment); });
}

}  // namespace powershare::protocol
