// LMDB's transactions and values as storage's own .cpp files use them; not for other rooms.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "protocol/ports.hpp"

struct MDB_env;
struct MDB_txn;
struct MDB_val;

namespace powershare::storage {

/// Table name → LMDB's handle (MDB_dbi). Replaced as a whole, so that a snapshot keeps the one it
/// began with.
using Tables = std::map<std::string, unsigned, std::less<>>;

MDB_val lmdb_value(ByteView bytes);
ByteView lmdb_view(const MDB_val& value);

/// A StorageError for LMDB's answer `code` (its own or an errno).
Error lmdb_error(int code, const std::string& doing);
Error damaged_record(std::string_view table, ByteView key);

/// Aborts unless it was committed. Answers are LMDB's codes.
class Transaction {
 public:
  Transaction() = default;
  ~Transaction() { end(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  int begin(MDB_env* environment, unsigned flags);
  int commit();
  void end();
  MDB_txn* get() const { return transaction_; }

 private:
  MDB_txn* transaction_ = nullptr;
};

}  // namespace powershare::storage
