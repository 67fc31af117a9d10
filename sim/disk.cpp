#include "sim/disk.hpp"

#include <cstring>

namespace powershare::sim {
namespace {

/// Of key and value: each step is a bijection of what came before, so that no single changed byte
/// goes unseen.
std::uint64_t checksum_of(ByteView key, ByteView value) {
  std::uint64_t sum = 0xcbf2'9ce4'8422'2325 ^ key.size();
  const auto fold = [&](ByteView bytes) {
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, 8);
      sum = (sum ^ word) * 0x9e37'79b9'7f4a'7c15;
      sum ^= sum >> 31;
    }
    for (; at < bytes.size(); ++at) sum = (sum ^ bytes[at]) * 0x0000'0100'0000'01b3;
  };
  fold(key);
  fold(value);
  return sum;
}

bool begins_with(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

Bytes joined(ByteView prefix, ByteView from) {
  auto bytes = to_bytes(prefix);
  bytes.insert(bytes.end(), from.begin(), from.end());
  return bytes;
}

Error damaged_record(std::string_view table) {
  return {StorageError::damaged, "a record of table " + std::string(table) + " is damaged"};
}

}  // namespace

void Environment::write(std::vector<protocol::TableWrite> group) {
  PS_ASSERT(unsynced_.empty());  // one writer, one transaction at a time
  unsynced_ = std::move(group);
}

void Environment::apply(protocol::TableWrite&& write) {
  auto& table = tables_[write.table];
  if (!write.value) {
    table.erase(write.key);
    return;
  }
  const auto checksum = checksum_of(write.key, *write.value);
  table.insert_or_assign(std::move(write.key), Record{std::move(*write.value), checksum});
}

void Environment::sync() {
  for (auto& write : unsynced_) apply(std::move(write));
  unsynced_.clear();
}

void Environment::crash(CrashFate fate, Generator& generator) {
  auto group = std::exchange(unsynced_, {});
  if (group.empty() || fate == CrashFate::lost) return;
  for (auto& write : group) {
    if (fate == CrashFate::kept || generator.chance(500)) apply(std::move(write));
  }
  torn_ = torn_ || fate == CrashFate::torn;
}

bool Environment::flip_bit(Generator& generator) {
  const auto count = records();
  if (count == 0) return false;
  auto skip = generator.below(count);
  for (auto& [name, table] : tables_) {
    if (skip >= table.size()) {
      skip -= table.size();
      continue;
    }
    auto& record = std::next(table.begin(), static_cast<std::ptrdiff_t>(skip))->second;
    if (record.value.empty()) {
      record.checksum ^= std::uint64_t{1} << generator.below(64);
    } else {
      record.value[generator.below(record.value.size())] ^=
          static_cast<std::uint8_t>(1U << generator.below(8));
    }
    return true;
  }
  return false;
}

bool Environment::damaged() const {
  if (torn_) return true;
  for (const auto& [name, table] : tables_) {
    for (const auto& [key, record] : table) {
      if (checksum_of(key, record.value) != record.checksum) return true;
    }
  }
  return false;
}

void Environment::clear() {
  tables_.clear();
  unsynced_.clear();
  torn_ = false;
}

std::size_t Environment::records() const {
  std::size_t count = 0;
  for (const auto& [name, table] : tables_) count += table.size();
  return count;
}

Result<std::optional<Bytes>> Environment::get(std::string_view table, ByteView key) const {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return std::optional<Bytes>{};
  const auto record = found->second.find(key);
  if (record == found->second.end()) return std::optional<Bytes>{};
  if (checksum_of(key, record->second.value) != record->second.checksum) {
    return damaged_record(table);
  }
  return std::optional<Bytes>(record->second.value);
}

Result<void> Environment::scan(
    std::string_view table, ByteView prefix, ByteView from, bool descending,
    const std::function<bool(ByteView key, ByteView value)>& visit) const {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return {};
  const auto& records = found->second;
  const auto show = [&](const auto& entry, bool& more) -> Result<void> {
    if (checksum_of(entry.first, entry.second.value) != entry.second.checksum) {
      return damaged_record(table);
    }
    more = visit(entry.first, entry.second.value);
    return {};
  };
  bool more = true;
  if (!descending) {
    for (auto it = records.lower_bound(joined(prefix, from));
         more && it != records.end() && begins_with(it->first, prefix); ++it) {
      if (auto shown = show(*it, more); !shown) return shown;
    }
    return {};
  }
  auto it = records.end();
  if (!from.empty()) {
    it = records.upper_bound(joined(prefix, from));
  } else {
    while (it != records.begin() && !begins_with(std::prev(it)->first, prefix) &&
           less(prefix, std::prev(it)->first)) {
      --it;
    }
  }
  while (more && it != records.begin() && begins_with(std::prev(it)->first, prefix)) {
    --it;
    if (auto shown = show(*it, more); !shown) return shown;
  }
  return {};
}

std::vector<protocol::LogWrite> Disk::load_log() const {
  std::vector<protocol::LogWrite> records;
  const auto read = log.scan(log_table, {}, {}, false, [&](ByteView key, ByteView value) {
    records.push_back({to_bytes(key), to_bytes(value)});
    return true;
  });
  PS_ASSERT(read.ok());  // a damaged log is replaced before it is read
  return records;
}

void Disk::crash(Generator& generator, bool may_tear) {
  const auto fate = [&] {
    if (may_tear && generator.chance(300)) return CrashFate::torn;
    return generator.chance(500) ? CrashFate::lost : CrashFate::kept;
  };
  if (unsynced_identity && generator.chance(500)) identity = unsynced_identity;
  unsynced_identity.reset();
  if (log.has_unsynced()) log.crash(fate(), generator);
  if (ledger.has_unsynced()) ledger.crash(fate(), generator);
}

void Disk::lose_log() {
  log.clear();
  if (!identity) identity.emplace();
  identity->recovering = true;
}

void Disk::wipe() {
  log.clear();
  ledger.clear();
  identity.reset();
  unsynced_identity.reset();
}

std::vector<protocol::TableWrite> log_group(std::vector<protocol::LogWrite> writes) {
  std::vector<protocol::TableWrite> group;
  group.reserve(writes.size());
  for (auto& write : writes) {
    group.push_back({std::string(log_table), std::move(write.key), std::move(write.value)});
  }
  return group;
}

}  // namespace powershare::sim
