#include "actors/verified_requests.hpp"

namespace powershare::actors {

std::optional<UtcMillis> VerifiedRequests::expiry_of(ByteView request) {
  const auto id = crypto::sha256(request);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = expiry_.find(id); found != expiry_.end()) return found->second;
  }
  const auto expires = check_(request);
  if (expires) remember(id, *expires);
  return expires;
}

void VerifiedRequests::remember(const crypto::Digest& id, UtcMillis expires) {
  const std::lock_guard lock(mutex_);
  if (!expiry_.emplace(id, expires).second) return;
  order_.push_back(id);
  if (order_.size() <= max_entries) return;
  expiry_.erase(order_.front());
  order_.pop_front();
}

bool VerifiedRequests::check(ByteView request, UtcMillis batch_time) {
  const auto expires = expiry_of(request);
  return expires && batch_time < *expires;
}

bool VerifiedRequests::warm(ByteView request) {
  return expiry_of(request).has_value();
}

}  // namespace powershare::actors
