#include "storage/environment.hpp"

#include <lmdb.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "storage/checksummed_record.hpp"
#include "storage/environment_implementation.hpp"
#include "storage/file.hpp"
#include "storage/lmdb_handles.hpp"
#include "storage/page_check.hpp"

namespace powershare::storage {
namespace {

using protocol::TableWrite;
using std::chrono::milliseconds;

std::int64_t now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(since).count();
}

}  // namespace

Environment::Implementation::~Implementation() {
  if (environment_ != nullptr) mdb_env_close(environment_);
}

Result<std::uint64_t> Environment::Implementation::check_file(const std::filesystem::path& file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (code && code != std::errc::no_such_file_or_directory) {
    return system_error(code.value(), "asking for the size of " + file.string());
  }
  if (code || size == 0) {
    if (!options_.must_exist) return std::uint64_t{0};
    return Error{StorageError::damaged, file.string() + (code ? " is gone" : " is empty")};
  }
  const auto report = check_pages(file, options_.verify_records);
  if (!report) return report.error();
  if (!report->whole()) {
    return Error{StorageError::damaged, file.string() + ": " + report->damages.front().text() +
                                            " (" + std::to_string(report->damage_count) +
                                            " faults)"};
  }
  if (options_.must_exist && report->commit_number == 0) {
    return Error{StorageError::damaged, file.string() + " holds no commit"};
  }
  return std::max<std::uint64_t>(size, report->pages * report->page_bytes);
}

Result<void> Environment::Implementation::open(const std::filesystem::path& folder,
                                               const EnvironmentOptions& options) {
  folder_ = folder;
  options_ = options;
  if (auto made = make_private_folder(folder); !made) return made;
  const auto size = check_file(folder / "data.mdb");
  if (!size) return size.error();
  auto map_bytes = options.initial_map_bytes;
  while (map_bytes < 2 * *size && map_bytes < options.maximum_map_bytes) map_bytes *= 2;
  int code = mdb_env_create(&environment_);
  if (code == 0) code = mdb_env_set_maxdbs(environment_, maximum_tables + 1);
  if (code == 0) code = mdb_env_set_maxreaders(environment_, maximum_readers + 2);
  if (code == 0) code = mdb_env_set_mapsize(environment_, map_bytes);
  if (code == 0) code = mdb_env_open(environment_, folder.c_str(), MDB_NOTLS, 0600);
  int dead = 0;
  if (code == 0) code = mdb_reader_check(environment_, &dead);
  if (code == 0) code = open_tables();
  if (code != 0) return lmdb_error(code, "opening " + folder.string());
  if (auto synced = sync_folder(folder); !synced) return synced;
  note_size();
  return read_label();
}

int Environment::Implementation::open_tables() {
  Transaction transaction;
  int code = transaction.begin(environment_, MDB_RDONLY);
  if (code != 0) return code;
  MDB_dbi main = 0;
  MDB_cursor* cursor = nullptr;
  code = mdb_dbi_open(transaction.get(), nullptr, 0, &main);
  if (code == 0) code = mdb_cursor_open(transaction.get(), main, &cursor);
  if (code != 0) return code;
  std::vector<std::string> names;
  MDB_val key{};
  MDB_val value{};
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    names.emplace_back(as_text(lmdb_view(key)));
  }
  mdb_cursor_close(cursor);
  if (code != MDB_NOTFOUND) return code;
  Tables tables;
  for (const auto& name : names) {
    code = mdb_dbi_open(transaction.get(), name.c_str(), 0, &tables[name]);
    if (code != 0) return code;
  }
  commit_number_ = mdb_txn_id(transaction.get());
  code = transaction.commit();  // keeps the handles
  tables_ = std::make_shared<const Tables>(std::move(tables));
  return code;
}

Result<void> Environment::Implementation::read_label() {
  const auto table = tables_->find(environment_table);
  if (table == tables_->end()) {
    const int code =
        attempt({{std::string(environment_table), to_bytes(label_key), options_.label}});
    if (code != 0) return lmdb_error(code, "creating " + folder_.string());
    label_ = options_.label;
    return {};
  }
  Transaction transaction;
  int code = transaction.begin(environment_, MDB_RDONLY);
  auto key = lmdb_value(as_bytes(label_key));
  MDB_val value{};
  if (code == 0) code = mdb_get(transaction.get(), table->second, &key, &value);
  if (code != 0) return lmdb_error(code, "reading the label of " + folder_.string());
  const auto payload = open_record(environment_table, lmdb_view(key), lmdb_view(value));
  if (!payload) return damaged_record(environment_table, lmdb_view(key));
  label_ = to_bytes(*payload);
  return {};
}

int Environment::Implementation::put(MDB_txn* transaction, Tables& tables,
                                     const TableWrite& write) {
  auto key = lmdb_value(write.key);
  auto table = tables.find(write.table);
  if (!write.value) {
    if (table == tables.end()) return 0;  // nothing there to erase
    const int code = mdb_del(transaction, table->second, &key, nullptr);
    return code == MDB_NOTFOUND ? 0 : code;
  }
  if (table == tables.end()) {
    MDB_dbi handle = 0;
    const int code = mdb_dbi_open(transaction, write.table.c_str(), MDB_CREATE, &handle);
    if (code != 0) return code;
    table = tables.emplace(write.table, handle).first;
  }
  const auto stored = seal_record(write.table, write.key, *write.value);
  auto value = lmdb_value(stored);
  return mdb_put(transaction, table->second, &key, &value, 0);
}

int Environment::Implementation::put_commit_number(MDB_txn* transaction, Tables& tables) {
  Encoder number;
  number.u64(mdb_txn_id(transaction));
  return put(transaction, tables,
             {std::string(environment_table), to_bytes(commit_number_key), number.data()});
}

int Environment::Implementation::attempt(const std::vector<TableWrite>& writes) {
  Transaction transaction;
  int code = transaction.begin(environment_, 0);
  // Handles made here are LMDB's again if the transaction is aborted; the copy goes with it.
  auto tables = std::make_shared<Tables>(*tables_);
  for (std::size_t i = 0; code == 0 && i < writes.size(); ++i) {
    code = put(transaction.get(), *tables, writes[i]);
  }
  if (code == 0) code = put_commit_number(transaction.get(), *tables);
  return code == 0 ? finish(transaction, std::move(tables)) : code;
}

int Environment::Implementation::finish(Transaction& transaction,
                                        std::shared_ptr<const Tables> tables) {
  const std::uint64_t number = mdb_txn_id(transaction.get());
  const auto began = now_ms();
  commit_began_ms_ = began;
  int code = 0;
  if (tables->size() != tables_->size()) {
    const std::lock_guard lock(visibility_);
    code = transaction.commit();
    if (code == 0) tables_ = std::move(tables);
  } else {
    code = transaction.commit();
  }
  commit_began_ms_ = 0;
  last_commit_ms_ = now_ms() - began;
  longest_commit_ms_ = std::max(longest_commit_ms_.load(), last_commit_ms_.load());
  if (code == 0) {
    ++commits_;
    commit_number_ = number;
    note_size();
  }
  return code;
}

void Environment::Implementation::note_size() {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(environment_, &info);
  mdb_env_stat(environment_, &stat);
  bytes_used_ = (std::uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
  map_bytes_ = info.me_mapsize;
}

Result<void> Environment::Implementation::check_free_space(std::uint64_t payload_bytes) const {
  const auto free = free_bytes(folder_);
  if (!free || *free >= options_.minimum_free_bytes + 2 * payload_bytes) return {};
  return Error{StorageError::no_space, "the disk of " + folder_.string() + " has only " +
                                           std::to_string(*free) + " bytes left"};
}

bool Environment::Implementation::grow(std::uint64_t payload_bytes) {
  const auto current = map_bytes_.load();
  const auto wanted = std::max(2 * current, current + 4 * payload_bytes);
  const auto size = std::min(wanted, options_.maximum_map_bytes);
  if (size <= current || !gate_.close(milliseconds(grow_wait_ms))) return false;
  const bool grown = mdb_env_set_mapsize(environment_, size) == 0;
  if (grown) note_size();
  gate_.open();
  return grown;
}

Result<void> Environment::Implementation::commit(const std::vector<TableWrite>& writes) {
  std::uint64_t payload_bytes = 0;
  for (const auto& write : writes) {
    PS_ASSERT(!write.key.empty() && write.key.size() <= maximum_key_bytes);
    PS_ASSERT(is_plain_name(write.table) && write.table != environment_table);
    PS_ASSERT(!write.value || write.value->size() <= maximum_value_bytes);
    payload_bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  const std::lock_guard lock(writer_);
  if (failed_)
    return Error{StorageError::io, "an earlier commit to " + folder_.string() + " failed"};
  if (writes.empty()) return {};
  if (auto room = check_free_space(payload_bytes); !room) {
    ++refused_no_space_;
    return room;
  }
  int code = attempt(writes);
  if (code == MDB_MAP_FULL && grow(payload_bytes)) code = attempt(writes);
  if (code != 0) {
    const auto error = lmdb_error(code, "committing to " + folder_.string());
    if (error.code() == StorageError::no_space) {
      ++refused_no_space_;
    } else {
      failed_ = true;  // the kernel may have dropped pages that LMDB believes written
    }
    return error;
  }
  if (last_commit_ms_ <= options_.commit_stall_ms) return {};
  ++stalls_;
  failed_ = true;
  return Error{StorageError::io, "a commit to " + folder_.string() + " took " +
                                     std::to_string(last_commit_ms_) + " ms"};
}

StorageStatistics Environment::Implementation::statistics() const {
  StorageStatistics result;
  result.bytes_used = bytes_used_;
  result.map_bytes = map_bytes_;
  result.disk_free_bytes = free_bytes(folder_).value_or(0);
  result.last_commit_ms = last_commit_ms_;
  result.longest_commit_ms = longest_commit_ms_;
  const auto began = commit_began_ms_.load();
  result.running_commit_ms = began == 0 ? 0 : now_ms() - began;
  result.commits = commits_;
  result.stalls = stalls_;
  result.refused_no_space = refused_no_space_;
  result.open_snapshots = gate_.readers();
  return result;
}

Result<void> Environment::Implementation::begin_read(Transaction& transaction,
                                                     std::shared_ptr<const Tables>& tables) {
  if (failed_)
    return Error{StorageError::io, "an earlier commit to " + folder_.string() + " failed"};
  if (!gate_.enter(milliseconds(reader_wait_ms))) {
    return Error{StorageError::locked, "too many snapshots of " + folder_.string() + " are open"};
  }
  const std::lock_guard lock(visibility_);
  tables = tables_;
  const int code = transaction.begin(environment_, MDB_RDONLY);
  if (code == 0) return {};
  gate_.leave();
  return lmdb_error(code, "beginning to read " + folder_.string());
}

Environment::Environment(std::shared_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Environment::~Environment() = default;

Result<std::unique_ptr<Environment>> Environment::open(const std::filesystem::path& folder,
                                                       const EnvironmentOptions& options) {
  auto implementation = std::make_shared<Implementation>();
  if (auto opened = implementation->open(folder, options); !opened) return opened.error();
  return std::unique_ptr<Environment>(new Environment(std::move(implementation)));
}

Result<void> Environment::commit(const std::vector<TableWrite>& writes) {
  return implementation_->commit(writes);
}

const Bytes& Environment::label() const {
  return implementation_->label();
}
std::uint64_t Environment::commit_number() const {
  return implementation_->commit_number();
}
StorageStatistics Environment::statistics() const {
  return implementation_->statistics();
}

}  // namespace powershare::storage
