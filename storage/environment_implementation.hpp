// What is behind storage/environment.hpp; for environment.cpp and snapshot.cpp only.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/environment.hpp"
#include "storage/lmdb_handles.hpp"
#include "storage/reader_gate.hpp"

namespace powershare::storage {

class Environment::Implementation {
 public:
  ~Implementation();
  Result<void> open(const std::filesystem::path& folder, const EnvironmentOptions& options);
  Result<void> commit(const std::vector<protocol::TableWrite>& writes);
  StorageStatistics statistics() const;

  /// Begins a read transaction inside the gate; `tables` are those that exist in it.
  Result<void> begin_read(Transaction& transaction, std::shared_ptr<const Tables>& tables);
  void end_read() { gate_.leave(); }

  const Bytes& label() const { return label_; }
  std::uint64_t commit_number() const { return commit_number_; }

 private:
  Result<std::uint64_t> check_file(const std::filesystem::path& file);
  int open_tables();
  Result<void> read_label();
  Result<void> check_free_space(std::uint64_t payload_bytes) const;
  /// One try at a durable transaction; LMDB's code.
  int attempt(const std::vector<protocol::TableWrite>& writes);
  int put(MDB_txn* transaction, Tables& tables, const protocol::TableWrite& write);
  int put_commit_number(MDB_txn* transaction, Tables& tables);
  int finish(Transaction& transaction, std::shared_ptr<const Tables> tables);
  bool grow(std::uint64_t payload_bytes);
  void note_size();

  MDB_env* environment_ = nullptr;
  EnvironmentOptions options_;
  std::filesystem::path folder_;
  Bytes label_;
  std::mutex writer_;  // one commit at a time
  // Held while a snapshot begins and while a commit that makes a new table becomes visible, so that
  // no snapshot sees the commit without its tables.
  std::mutex visibility_;
  std::shared_ptr<const Tables> tables_ = std::make_shared<const Tables>();
  ReaderGate gate_;
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> commit_number_{0};
  std::atomic<std::uint64_t> bytes_used_{0};
  std::atomic<std::uint64_t> map_bytes_{0};
  std::atomic<std::int64_t> last_commit_ms_{0};
  std::atomic<std::int64_t> longest_commit_ms_{0};
  std::atomic<std::int64_t> commit_began_ms_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> stalls_{0};
  std::atomic<std::uint64_t> refused_no_space_{0};
};

}  // namespace powershare::storage
