#include "actors/verified_requests.hpp"

namespace powershare::actors {

std::optional<VerifiedRequests::Passed> VerifiedRequests::passed(ByteView request) {
  const auto id = crypto::sha256(request);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = passed_.find(id); found != passed_.end()) return found->second;
  }
  const auto checked = check_(request);
  if (checked) remember(id, *checked);
  return checked;
}

void VerifiedRequests::remember(const crypto::Digest& id, const Passed& passed) {
  const std::lock_guard lock(mutex_);
  if (!passed_.emplace(id, passed).second) return;
  order_.push_back(id);
  if (order_.size() <= max_entries) return;
  passed_.erase(order_.front());
  order_.pop_front();
}

bool VerifiedRequests::check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level) {
  const auto known = passed(request);
  return known && batch_time < known->expires && known->feature_level <= feature_level;
}

bool VerifiedRequests::warm(ByteView request) {
  return passed(request).has_value();
}

}  // namespace powershare::actors
