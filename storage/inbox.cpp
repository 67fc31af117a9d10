#include "storage/inbox.hpp"

namespace powershare::storage {

Result<void> LmdbInbox::update(const std::vector<std::pair<Bytes, Bytes>>& put,
                               const std::vector<Bytes>& erase) {
  std::vector<protocol::TableWrite> all;
  all.reserve(put.size() + erase.size());
  // In this order: a reading that is new under a key just given up must stay.
  for (const auto& key : erase) all.push_back({std::string(inbox_table), key, std::nullopt});
  for (const auto& [key, value] : put) all.push_back({std::string(inbox_table), key, value});
  return environment_->commit(all);
}

Result<std::vector<std::pair<Bytes, Bytes>>> LmdbInbox::load() const {
  const auto snapshot = environment_->snapshot();
  if (!snapshot) return snapshot.error();
  std::vector<std::pair<Bytes, Bytes>> records;
  const auto read =
      (*snapshot)->scan(inbox_table, {}, {}, false, [&records](ByteView key, ByteView value) {
        records.emplace_back(to_bytes(key), to_bytes(value));
        return true;
      });
  if (!read) return read.error();
  return records;
}

}  // namespace powershare::storage
