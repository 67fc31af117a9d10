#include <lmdb.h>

#include "storage/checksummed_record.hpp"
#include "storage/environment_implementation.hpp"

namespace powershare::storage {

using protocol::LedgerSnapshot;

/// A read transaction and the tables that were there when it began.
class Environment::Snapshot final : public LedgerSnapshot {
 public:
  static Result<std::unique_ptr<LedgerSnapshot>> begin(std::shared_ptr<Implementation> owner) {
    auto snapshot = std::unique_ptr<Snapshot>(new Snapshot);
    if (auto begun = owner->begin_read(snapshot->transaction_, snapshot->tables_); !begun) {
      return begun.error();
    }
    snapshot->owner_ = std::move(owner);
    return std::unique_ptr<LedgerSnapshot>(std::move(snapshot));
  }
  ~Snapshot() override {
    transaction_.end();
    if (owner_) owner_->end_read();
  }
  Result<std::optional<Bytes>> get(std::string_view table, ByteView key) const override;
  Result<void> scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                    const std::function<bool(ByteView, ByteView)>& visit) const override;

 private:
  Snapshot() = default;

  std::shared_ptr<Implementation> owner_;
  std::shared_ptr<const Tables> tables_;
  Transaction transaction_;
  // LMDB's transaction is not for two threads at once. Recursive: a visitor may look something up.
  mutable std::recursive_mutex mutex_;
};

Result<std::optional<Bytes>> Environment::Snapshot::get(std::string_view table,
                                                        ByteView key) const {
  const auto found = tables_->find(table);
  if (found == tables_->end() || key.empty() || key.size() > maximum_key_bytes) {
    return std::optional<Bytes>{};
  }
  const std::lock_guard lock(mutex_);
  auto name = lmdb_value(key);
  MDB_val value{};
  const int code = mdb_get(transaction_.get(), found->second, &name, &value);
  if (code == MDB_NOTFOUND) return std::optional<Bytes>{};
  if (code != 0) return lmdb_error(code, "reading table " + std::string(table));
  const auto payload = open_record(table, key, lmdb_view(value));
  if (!payload) return damaged_record(table, key);
  return std::optional<Bytes>{to_bytes(*payload)};
}

namespace {

bool begins_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

/// The first key, in byte order, behind all that begin with `prefix`; empty when there is none.
Bytes behind_prefix(ByteView prefix) {
  auto result = to_bytes(prefix);
  while (!result.empty() && result.back() == 0xFF) result.pop_back();
  if (!result.empty()) ++result.back();
  return result;
}

/// Moves to the first record not below `start` (the first of all when it is empty).
int seek_first(MDB_cursor* cursor, ByteView start, MDB_val& key, MDB_val& value) {
  if (start.empty()) return mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  key = lmdb_value(start);
  return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
}

/// Moves to the last record below `end`, or at it where `inclusive`; to the very last when `end` is
/// empty.
int seek_last(MDB_cursor* cursor, ByteView end, bool inclusive, MDB_val& key, MDB_val& value) {
  if (end.empty()) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  const int code = seek_first(cursor, end, key, value);
  if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  if (code != 0 || (inclusive && equal(lmdb_view(key), end))) return code;
  return mdb_cursor_get(cursor, &key, &value, MDB_PREV);
}

/// Closes its cursor.
class Cursor {
 public:
  ~Cursor() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  }
  Cursor() = default;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  int open(MDB_txn* transaction, MDB_dbi table) {
    return mdb_cursor_open(transaction, table, &cursor_);
  }
  MDB_cursor* get() const { return cursor_; }

 private:
  MDB_cursor* cursor_ = nullptr;
};

}  // namespace

Result<void> Environment::Snapshot::scan(
    std::string_view table, ByteView prefix, ByteView from, bool descending,
    const std::function<bool(ByteView, ByteView)>& visit) const {
  const auto found = tables_->find(table);
  if (found == tables_->end()) return {};
  auto start = to_bytes(prefix);
  start.insert(start.end(), from.begin(), from.end());
  // No key is longer, so that what lies at or around a longer one lies around its beginning as
  // well.
  const bool cut = start.size() > maximum_key_bytes;
  if (cut) start.resize(maximum_key_bytes);
  const std::lock_guard lock(mutex_);
  Cursor cursor;
  MDB_val key{};
  MDB_val value{};
  int code = cursor.open(transaction_.get(), found->second);
  if (code != 0) return lmdb_error(code, "reading table " + std::string(table));
  if (!descending) {
    code = seek_first(cursor.get(), start, key, value);
    if (code == 0 && cut && equal(lmdb_view(key), start)) {
      code = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT);
    }
  } else if (from.empty()) {
    code = seek_last(cursor.get(), behind_prefix(prefix), false, key, value);
  } else {
    code = seek_last(cursor.get(), start, true, key, value);
  }
  while (code == 0 && begins_with(lmdb_view(key), prefix)) {
    const auto payload = open_record(table, lmdb_view(key), lmdb_view(value));
    if (!payload) return damaged_record(table, lmdb_view(key));
    if (!visit(lmdb_view(key), *payload)) return {};
    code = mdb_cursor_get(cursor.get(), &key, &value, descending ? MDB_PREV : MDB_NEXT);
  }
  if (code == 0 || code == MDB_NOTFOUND) return {};
  return lmdb_error(code, "reading table " + std::string(table));
}

Result<std::unique_ptr<LedgerSnapshot>> Environment::snapshot() const {
  return Snapshot::begin(implementation_);
}

}  // namespace powershare::storage
