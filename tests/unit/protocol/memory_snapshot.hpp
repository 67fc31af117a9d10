// A ledger's tables in memory.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "protocol/block_store.hpp"

namespace powershare::test {

using protocol::LedgerSnapshot;
using protocol::TableWrite;

/// Tables in memory, as a snapshot.
class MemorySnapshot final : public LedgerSnapshot {
 public:
  void apply(const std::vector<TableWrite>& writes) {
    for (const auto& write : writes) {
      if (write.value) {
        tables_[write.table][write.key] = *write.value;
      } else {
        tables_[write.table].erase(write.key);
      }
    }
  }
  Result<std::optional<Bytes>> get(std::string_view table, ByteView key) const override {
    const auto rows = tables_.find(std::string(table));
    if (rows == tables_.end()) return std::optional<Bytes>{};
    const auto row = rows->second.find(to_bytes(key));
    return row == rows->second.end() ? std::optional<Bytes>{} : std::optional<Bytes>{row->second};
  }
  Result<void> scan(std::string_view table, ByteView prefix, ByteView from, bool,
                    const std::function<bool(ByteView, ByteView)>& visit) const override {
    const auto rows = tables_.find(std::string(table));
    if (rows == tables_.end()) return {};
    for (const auto& [key, value] : rows->second) {
      const bool begins =
          key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
      if (!begins || less(ByteView(key).subspan(prefix.size()), from)) continue;
      if (!visit(key, value)) break;
    }
    return {};
  }

 private:
  std::map<std::string, std::map<Bytes, Bytes>> tables_;
};

}  // namespace powershare::test
