// Reads a closed LMDB data file (format of LMDB 0.9, 64 bit, little-endian) without LMDB and
// without mapping it, and proves that LMDB can use it: LMDB trusts its pages, so that a flipped bit
// gives wrong answers or a crash, and a truncated file a SIGBUS.
//
// Every page must be in exactly one place (a tree, or the free list), every node inside its page,
// every key in order and between its parents' separators, every record must match its checksum, the
// counts in the meta page must be those found, and the commit number in the records must be that of
// the meta page.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "storage/limits.hpp"

namespace powershare::storage {

/// The table of each environment that holds its own records; no caller may write to it.
inline constexpr std::string_view environment_table = "environment";
/// In environment_table: the number of the last commit (u64), equal to LMDB's transaction number.
inline constexpr std::string_view commit_number_key = "commit";
/// In environment_table: the label given at creation.
inline constexpr std::string_view label_key = "label";

/// One thing that is wrong.
struct Damage {
  std::string table;    ///< empty when the damage is not inside a table
  std::string key_hex;  ///< empty when no single record is meant
  std::string what;
  /// "table ledger, key 0102: checksum does not match"
  std::string text() const;
};

struct PageReport {
  std::uint64_t page_bytes = 0;
  std::uint64_t pages = 0;  ///< last page + 1
  std::uint64_t free_pages = 0;
  std::uint64_t records = 0;
  std::uint64_t commit_number = 0;  ///< 0: nothing was ever committed
  Bytes label;                      ///< given when the environment was created
  std::vector<Damage> damages;      ///< at most maximum_reported_damages
  std::uint64_t damage_count = 0;
  bool whole() const { return damage_count == 0; }
};

/// Walks `data_file`. An error only where the file cannot be read (StorageError::io); damage stands
/// in the report. A file of 0 bytes is damage: whether it may be a new one is the caller's
/// knowledge.
Result<PageReport> check_pages(const std::filesystem::path& data_file, bool verify_records);

}  // namespace powershare::storage
