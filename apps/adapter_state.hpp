// What an adapter must not forget: the readings that the ledger has not got yet, under the numbers
// that they were given, and up to where each meter's registers have become readings.
//
// One small file, replaced as a whole (write beside, sync, rename) before anything in it is acted
// on: a reading is in the file before it is sent, and its number is never given to another one that
// could be sent too. docs/adapters.md says what is lost with the file: nothing of the ledger, and
// of the registers what they counted since the last reading.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "adapters/register_intervals.hpp"
#include "crypto/hash.hpp"
#include "ledger/reading.hpp"

namespace powershare::apps {

/// What the chain says of a meter.
struct MeterFacts {
  MeterId meter;
  UtcMillis active_from;  ///< no reading begins earlier
  std::string owner;      ///< "Resident:H01"
  std::uint64_t in_ledger_through = 0;
  std::optional<UtcMillis> last_end;  ///< of the newest reading in the ledger
};

struct MeterState {
  /// Readings kept per meter; past it no further ones are made until the ledger has taken some:
  /// the registers remember what they would have said.
  static constexpr std::size_t max_pending = 4'096;

  UtcMillis not_before;  ///< no interval begins earlier
  std::string owner;
  std::uint64_t next_sequence = 1;
  std::set<std::uint64_t> free_sequences;  ///< given to readings that can never be accepted
  std::optional<adapters::Point> base;
  std::map<std::uint64_t, ledger::Reading> pending;  ///< by sequence

  /// A number that no reading has which may still be accepted.
  std::uint64_t take_sequence();
  /// The ledger has this reading.
  void settle(std::uint64_t sequence) { pending.erase(sequence); }
  /// The ledger has readings of all numbers up to `through`: they are given to none any more.
  void used_through(std::uint64_t through);
  /// The reading was refused for good: its number is used again.
  void drop(std::uint64_t sequence);
  /// The number was used for another reading, by somebody: the reading gets a new one.
  void renumber(std::uint64_t sequence);
};

struct AdapterState {
  std::optional<crypto::Digest> genesis;  ///< of the chain that the readings are for
  std::int64_t slot_ms = 0;               ///< 0: not known yet
  std::map<MeterId, MeterState> meters;   ///< those that the chain was asked about

  /// "powershare/adapter-state/1" ‖ u8 flag and 32 bytes of genesis ‖ i64 slot ms ‖ u32 meters,
  /// each: text id, i64 not_before, text owner, u64 next sequence, u32 free numbers and each as
  /// u64, u8 flag and of the base i64 time, i64 imported, i64 exported, u32 readings, each: u64
  /// sequence, i64 start, u32 seconds, i64 imported, i64 exported; ‖ SHA-256 of all that.
  Bytes encode() const;
  /// AppError::damaged_data.
  static Result<AdapterState> decode(ByteView bytes);
};

/// The file, locked for this process.
class AdapterStateFile {
 public:
  /// AppError::unavailable where another process has it, damaged_data where it cannot be read;
  /// storage_error.
  static Result<AdapterStateFile> open(const std::filesystem::path& path);
  AdapterStateFile(AdapterStateFile&& other) noexcept;
  AdapterStateFile& operator=(AdapterStateFile&&) = delete;
  ~AdapterStateFile();

  /// What stood in it at open(); an empty state where there was none.
  AdapterState& state() { return state_; }
  const AdapterState& state() const { return state_; }
  /// Durable when it returns. AppError::storage_error.
  Result<void> save() const;

 private:
  AdapterStateFile(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_;
  AdapterState state_;
};

}  // namespace powershare::apps
