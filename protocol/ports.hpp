// What the protocol's host must bring: a durable log, a durable ledger, an inbox for readings, and
// signatures. Implemented by storage (LMDB), by the simulator (memory with faults) and by unit
// tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare {

/// How a host must act on a storage failure (failure table in docs/failure-table.md).
enum class StorageError {
  no_space = 1,    ///< disk or map full: committed data is intact, go read-only and try again
  io,              ///< EIO, short write, stall: stop at once, exit 74
  damaged,         ///< checksum, chain or size mismatch: fetch from peers, else exit 65
  wrong_identity,  ///< another chain's or peer's files: exit 78
  lost,            ///< the log is gone or older than its IDENTITY file says: recovering
  locked,          ///< another process has the folder: exit 69
};

namespace protocol {

/// One change of the consensus log. Keys are small and sort as the protocol wants them.
struct LogWrite {
  Bytes key;
  std::optional<Bytes> value;  ///< none: erase
  friend bool operator==(const LogWrite&, const LogWrite&) = default;
};

/// The promises of a replica: votes, prepared certificates, view, stable checkpoint. Small (one
/// window).
class ConsensusLog {
 public:
  virtual ~ConsensusLog() = default;
  /// All of `writes` or nothing, durable on return.
  virtual Result<void> append(const std::vector<LogWrite>& writes) = 0;
  /// Everything, in key order; each value's checksum verified.
  virtual Result<std::vector<LogWrite>> load() const = 0;
};

/// One change of a table of the ledger environment.
struct TableWrite {
  std::string table;
  Bytes key;
  std::optional<Bytes> value;  ///< none: erase
};

/// A consistent view of the ledger environment: any thread, short-lived (a long one pins old pages
/// and the file grows).
class LedgerSnapshot {
 public:
  virtual ~LedgerSnapshot() = default;
  /// StorageError::damaged when the record's checksum does not match.
  virtual Result<std::optional<Bytes>> get(std::string_view table, ByteView key) const = 0;
  /// Records whose key begins with `prefix`, ascending from `prefix ‖ from`, or descending from the
  /// last one not above `prefix ‖ from` (from the very last where `from` is empty), until `visit`
  /// returns false.
  virtual Result<void> scan(
      std::string_view table, ByteView prefix, ByteView from, bool descending,
      const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
};

/// What is executed: blocks, certificates, state, history, meta: tables of checksummed records.
class LedgerStore {
 public:
  virtual ~LedgerStore() = default;
  /// All of `writes` (one or several whole blocks) in one durable transaction.
  virtual Result<void> commit(const std::vector<TableWrite>& writes) = 0;
  virtual Result<std::unique_ptr<LedgerSnapshot>> snapshot() const = 0;
};

/// Acknowledged readings that are not yet in the ledger. Keys are (meter, sequence) in an encoding
/// of the caller's.
class Inbox {
 public:
  virtual ~Inbox() = default;
  /// Adds `put`, removes `erase`, durable on return; erasing what is not there is harmless.
  virtual Result<void> update(const std::vector<std::pair<Bytes, Bytes>>& put,
                              const std::vector<Bytes>& erase) = 0;
  virtual Result<std::vector<std::pair<Bytes, Bytes>>> load() const = 0;
};

/// A profile of a participant as it is kept off the ledger (protocol/profile_exchange.hpp).
struct StoredProfile {
  crypto::Digest commitment{};
  Bytes profile;           ///< ledger::encode_profile
  bool confirmed = false;  ///< the ledger has named it
};

/// Signs and verifies with the keys of one peer; a keyed-hash oracle in the simulator (DECISIONS
/// 36). A peer whose key is being replaced has two.
class Signatory {
 public:
  virtual ~Signatory() = default;
  virtual bool owns(const crypto::PublicKey& key) const = 0;
  /// `as` is one of the own keys.
  virtual crypto::Signature sign(const crypto::PublicKey& as, ByteView statement) const = 0;
  virtual bool verify(const crypto::PublicKey& signer, ByteView statement,
                      const crypto::Signature& signature) const = 0;
};

}  // namespace protocol
}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::StorageError, "storage");
