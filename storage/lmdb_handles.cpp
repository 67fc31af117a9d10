#include "storage/lmdb_handles.hpp"

#include <lmdb.h>

#include <cerrno>
#include <type_traits>

namespace powershare::storage {

static_assert(std::is_same_v<MDB_dbi, Tables::mapped_type>);

MDB_val lmdb_value(ByteView bytes) {
  // LMDB takes a pointer to non-const and does not write through it.
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

ByteView lmdb_view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

Error lmdb_error(int code, const std::string& doing) {
  auto kind = StorageError::io;
  switch (code) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      kind = StorageError::no_space;
      break;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      kind = StorageError::damaged;
      break;
    default:
      break;
  }
  return Error{kind, doing + ": " + mdb_strerror(code)};
}

Error damaged_record(std::string_view table, ByteView key) {
  return Error{StorageError::damaged, "table " + std::string(table) + ", key " + to_hex(key) +
                                          ": checksum does not match"};
}

int Transaction::begin(MDB_env* environment, unsigned flags) {
  return mdb_txn_begin(environment, nullptr, flags, &transaction_);
}

int Transaction::commit() {
  return mdb_txn_commit(std::exchange(transaction_, nullptr));
}

void Transaction::end() {
  if (transaction_ != nullptr) mdb_txn_abort(std::exchange(transaction_, nullptr));
}

}  // namespace powershare::storage
