#include "storage/consensus_log.hpp"

namespace powershare::storage {
namespace {

constexpr auto log_table = "log";

}  // namespace

Result<void> LmdbConsensusLog::append(const std::vector<protocol::LogWrite>& writes) {
  std::vector<protocol::TableWrite> all;
  all.reserve(writes.size());
  for (const auto& write : writes) all.push_back({log_table, write.key, write.value});
  return environment_->commit(all);
}

Result<std::vector<protocol::LogWrite>> LmdbConsensusLog::load() const {
  const auto snapshot = environment_->snapshot();
  if (!snapshot) return snapshot.error();
  std::vector<protocol::LogWrite> records;
  const auto read =
      (*snapshot)->scan(log_table, {}, {}, false, [&records](ByteView key, ByteView value) {
        records.push_back({to_bytes(key), to_bytes(value)});
        return true;
      });
  if (!read) return read.error();
  return records;
}

}  // namespace powershare::storage
