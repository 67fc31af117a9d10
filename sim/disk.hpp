// The disk of a simulated peer: two environments and the IDENTITY file. What is written and not
// synced may be lost in a crash; what has gone bad is found by checksums, as storage finds it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/pbft/options.hpp"
#include "protocol/ports.hpp"
#include "sim/generator.hpp"

namespace powershare::sim {

/// What becomes of a group of writes that was not synced when the power went.
enum class CrashFate : std::uint8_t {
  lost,  ///< the old meta page stands
  kept,  ///< the new meta page had reached the platter, and all before it
  torn   ///< the drive wrote the meta page before the pages that it speaks of
};

/// Tables of checksummed records with one writer. A group of writes is one transaction: after a
/// crash all of it is there or nothing, or, torn, the environment is damaged and says so.
class Environment {
 public:
  /// The group stays unsynced until sync().
  void write(std::vector<protocol::TableWrite> group);
  void sync();
  void crash(CrashFate fate, Generator& generator);
  bool has_unsynced() const { return !unsynced_.empty(); }

  /// Changes one bit of one record at rest; false when there is no record.
  bool flip_bit(Generator& generator);
  /// What opening the environment finds: torn, or a record whose checksum does not match.
  bool damaged() const;
  /// Moved out of the way; a new one begins empty.
  void clear();
  std::size_t records() const;

  Result<std::optional<Bytes>> get(std::string_view table, ByteView key) const;
  Result<void> scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                    const std::function<bool(ByteView key, ByteView value)>& visit) const;

 private:
  struct Record {
    Bytes value;
    std::uint64_t checksum = 0;
  };
  struct ByteOrder {
    using is_transparent = void;
    bool operator()(ByteView left, ByteView right) const { return less(left, right); }
  };
  using Table = std::map<Bytes, Record, ByteOrder>;
  void apply(protocol::TableWrite&& write);

  std::map<std::string, Table, std::less<>> tables_;
  std::vector<protocol::TableWrite> unsynced_;
  bool torn_ = false;
};

/// Reads of the ledger's environment, as the real store gives them.
class EnvironmentSnapshot final : public protocol::LedgerSnapshot {
 public:
  explicit EnvironmentSnapshot(const Environment& environment) : environment_(environment) {}
  Result<std::optional<Bytes>> get(std::string_view table, ByteView key) const override {
    return environment_.get(table, key);
  }
  Result<void> scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                    const std::function<bool(ByteView key, ByteView value)>& visit) const override {
    return environment_.scan(table, prefix, from, descending, visit);
  }

 private:
  const Environment& environment_;
};

/// What IDENTITY keeps outside the environments (DECISIONS 13); replaced by renaming, so never
/// torn.
struct IdentityFile {
  pbft::Reservation reservation;
  bool recovering = false;
};

struct Disk {
  Environment log;
  Environment ledger;
  std::optional<IdentityFile> identity;           ///< none: a new peer
  std::optional<IdentityFile> unsynced_identity;  ///< written, its folder not synced
  bool full = false;

  /// The log as Replica wants it at a start.
  std::vector<protocol::LogWrite> load_log() const;
  /// Each unsynced part by a fate of its own; torn only where `may_tear`.
  void crash(Generator& generator, bool may_tear);
  /// The log is gone; IDENTITY tells that there was one.
  void lose_log();
  /// Everything gone: the peer begins as a new one.
  void wipe();
};

inline constexpr std::string_view log_table = "log";
/// The changes of a consensus log as those of a table.
std::vector<protocol::TableWrite> log_group(std::vector<protocol::LogWrite> writes);

}  // namespace powershare::sim
