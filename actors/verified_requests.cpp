#include "actors/verified_requests.hpp"

namespace powershare::actors {

std::optional<VerifiedRequest> VerifiedRequests::verified(ByteView request) {
  const auto id = crypto::sha256(request);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) return found->second;
  }
  const auto entry = check_(request);
  if (entry) remember(id, *entry);
  return entry;
}

void VerifiedRequests::remember(const crypto::Digest& id, const VerifiedRequest& entry) {
  const std::lock_guard lock(mutex_);
  if (!entries_.emplace(id, entry).second) return;
  order_.push_back(id);
  if (order_.size() <= max_entries) return;
  entries_.erase(order_.front());
  order_.pop_front();
}

bool VerifiedRequests::check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level) {
  const auto entry = verified(request);
  return entry && batch_time < entry->expires && entry->feature_level <= feature_level;
}

bool VerifiedRequests::warm(ByteView request) {
  return verified(request).has_value();
}

}  // namespace powershare::actors
