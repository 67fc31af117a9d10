#include "actors/verified_requests.hpp"

#include "ledger/genesis.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::actors {

std::optional<VerifiedRequests::Entry> VerifiedRequests::verified(ByteView request) {
  const auto id = crypto::sha256(request);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) return found->second;
  }
  const auto transaction = wire::decode_transaction(request, genesis_, ledger::known_feature_level);
  if (!transaction) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const Entry entry{transaction->expires, transaction->feature_level};
  if (entries_.emplace(id, entry).second) {
    order_.push_back(id);
    if (order_.size() > max_entries) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
  }
  return entry;
}

bool VerifiedRequests::check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level) {
  const auto entry = verified(request);
  return entry && batch_time < entry->expires && entry->feature_level <= feature_level;
}

void VerifiedRequests::warm(ByteView request) {
  verified(request);
}

}  // namespace powershare::actors
