#include "ledger/state.hpp"

#include "ledger/dedup.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

bool is_dedup(ByteView key) {
  return !key.empty() && key[0] == static_cast<std::uint8_t>(StateTable::dedup);
}

std::string principal_of_dedup(ByteView key) {
  return state_key::Reader(key).text();
}

/// The first `depth` bits of a hash, as a number.
std::uint32_t first_bits(const crypto::Digest& hash, unsigned depth) {
  const auto first16 = static_cast<std::uint32_t>(hash[0] << 8 | hash[1]);
  return first16 >> (16 - depth);
}

}  // namespace

std::optional<Bytes> State::get(ByteView key) const {
  const auto record = records_.find(key);
  if (record == records_.end()) return std::nullopt;
  return record->second;
}

void State::scan(ByteView prefix, ByteView from,
                 const std::function<bool(ByteView, ByteView)>& visit) const {
  Bytes start = to_bytes(prefix);
  start.insert(start.end(), from.begin(), from.end());
  for (auto record = records_.lower_bound(ByteView(start)); record != records_.end(); ++record) {
    const ByteView key(record->first);
    if (key.size() < prefix.size() || !equal(key.first(prefix.size()), prefix)) return;
    if (!visit(key, record->second)) return;
  }
}

void State::apply(const std::vector<StateWrite>& writes) {
  for (const auto& write : writes) {
    if (write.value) {
      put(write.key, *write.value);
    } else {
      erase(write.key);
    }
  }
}

void State::put(const Bytes& key, const Bytes& value) {
  const auto key_hash = crypto::sha256(key);
  tree_.put(key_hash, crypto::sha256(value));
  auto record = records_.find(ByteView(key));
  if (record == records_.end()) {
    record = records_.emplace(key, value).first;
    by_hash_.emplace(key_hash, record);
  } else {
    note_dedup(record, false);
    record->second = value;
  }
  note_dedup(record, true);
}

void State::erase(const Bytes& key) {
  const auto record = records_.find(ByteView(key));
  if (record == records_.end()) return;
  const auto key_hash = crypto::sha256(key);
  tree_.erase(key_hash);
  by_hash_.erase(key_hash);
  note_dedup(record, false);
  records_.erase(record);
}

void State::note_dedup(Records::const_iterator record, bool there) {
  if (!is_dedup(record->first)) return;
  // A record that does not decode comes from a damaged disk: the root will tell.
  const auto dedup = DedupRecord::decode(record->second);
  if (!dedup) return;
  const ByExpiry entry{dedup->expires.value, &record->first};
  const auto principal = principal_of_dedup(record->first);
  if (there) {
    dedup_by_expiry_.insert(entry);
    ++dedup_count_[principal];
  } else {
    dedup_by_expiry_.erase(entry);
    if (--dedup_count_[principal] == 0) dedup_count_.erase(principal);
  }
}

std::vector<StateWrite> State::records_below(unsigned depth, std::uint32_t index) const {
  PS_ASSERT(depth <= 16 && index < (std::uint32_t{1} << depth));
  crypto::Digest first{};
  const auto first16 = index << (16 - depth);
  first[0] = static_cast<std::uint8_t>(first16 >> 8);
  first[1] = static_cast<std::uint8_t>(first16);
  std::vector<StateWrite> result;
  for (auto entry = by_hash_.lower_bound(first);
       entry != by_hash_.end() && first_bits(entry->first, depth) == index; ++entry) {
    result.push_back({entry->second->first, entry->second->second});
  }
  return result;
}

std::vector<Bytes> State::expired_dedup_keys(UtcMillis now, std::size_t limit) const {
  std::vector<Bytes> keys;
  for (const auto& entry : dedup_by_expiry_) {
    if (entry.expires > now.value || keys.size() == limit) break;
    keys.push_back(*entry.key);
  }
  return keys;
}

std::size_t State::dedup_count(const std::string& principal) const {
  const auto count = dedup_count_.find(principal);
  return count == dedup_count_.end() ? 0 : count->second;
}

}  // namespace powershare::ledger
