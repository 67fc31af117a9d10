// History rows in memory, read as the database's snapshot is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/queries.hpp"

namespace powershare::ledger::test {

using Rows = std::map<Bytes, Bytes, ByteOrder>;

inline bool begins_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

class MapHistory final : public HistoryReader {
 public:
  std::optional<Bytes> get(std::string_view table, ByteView key) const override {
    const auto& rows = of(table);
    const auto found = rows.find(key);
    if (found == rows.end()) return std::nullopt;
    return found->second;
  }
  void scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    std::vector<const Rows::value_type*> hits;
    Bytes bound = to_bytes(prefix);
    bound.insert(bound.end(), from.begin(), from.end());
    const auto& rows = of(table);
    if (!descending) {
      for (auto at = rows.lower_bound(ByteView(bound)); at != rows.end(); ++at) {
        if (!begins_with(at->first, prefix) || !visit(at->first, at->second)) return;
      }
      return;
    }
    for (auto at = rows.rbegin(); at != rows.rend(); ++at) {
      if (!begins_with(at->first, prefix)) continue;
      if (!from.empty() && less(bound, at->first)) continue;
      if (!visit(at->first, at->second)) return;
    }
  }
  const Rows& of(std::string_view table) const {
    static const Rows none;
    const auto found = tables.find(std::string(table));
    return found == tables.end() ? none : found->second;
  }
  void keep(const std::vector<HistoryRow>& rows) {
    for (const auto& row : rows) {
      if (row.value) {
        tables[row.table][row.key] = *row.value;
      } else {
        tables[row.table].erase(row.key);
      }
    }
  }
  std::map<std::string, Rows> tables;
};

}  // namespace powershare::ledger::test
