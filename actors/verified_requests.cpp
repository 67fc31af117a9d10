#include "actors/verified_requests.hpp"

#include "protocol/wire/transaction_codec.hpp"

namespace powershare::actors {

std::optional<UtcMillis> VerifiedRequests::expiry_of(ByteView request) {
  const auto id = crypto::sha256(request);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = expiry_.find(id); found != expiry_.end()) return found->second;
  }
  const auto transaction = wire::decode_transaction(request, genesis_);
  if (!transaction) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (expiry_.emplace(id, transaction->expires).second) {
    order_.push_back(id);
    if (order_.size() > max_entries) {
      expiry_.erase(order_.front());
      order_.pop_front();
    }
  }
  return transaction->expires;
}

bool VerifiedRequests::check(ByteView request, UtcMillis batch_time) {
  const auto expires = expiry_of(request);
  return expires && batch_time < *expires;
}

void VerifiedRequests::warm(ByteView request) {
  expiry_of(request);
}

}  // namespace powershare::actors
