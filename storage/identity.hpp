// DIR/IDENTITY: who this folder belongs to and what its owner may have promised, outside the
// databases, so that a lost or older consensus log is told from a new one (DECISIONS 13).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "protocol/ports.hpp"

namespace powershare::storage {

/// Who a data folder belongs to.
struct Owner {
  ChainId chain;
  PeerId peer;
  crypto::PublicKey public_key{};
  crypto::Digest genesis{};
  friend bool operator==(const Owner&, const Owner&) = default;
};

/// Names one consensus log; a new random one for each log created.
using LogId = std::array<std::uint8_t, 16>;

/// A peer whose log is lost votes nowhere below `view`, nor at or below `sequence`.
struct Reservation {
  std::uint64_t epoch = 0;     ///< that the view belongs to
  std::uint64_t view = 0;      ///< highest view asked for
  std::uint64_t sequence = 0;  ///< highest sequence voted on + reservation_ahead, at least
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

struct Identity {
  Owner owner;
  std::uint64_t stable_checkpoint = 0;  ///< highest known sequence
  Reservation reservation;
  LogId log_id{};
  /// Commits that the log had when this was written; 0: the folder's creation is not finished.
  std::uint64_t log_commits = 0;
  /// True from the replacement of a lost log until the peer may vote again.
  bool recovering = false;
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// The text of the file, with its checksum line (docs/formats-storage.md).
std::string format_identity(const Identity& identity);
/// Takes exactly what format_identity() writes. StorageError::damaged.
Result<Identity> parse_identity(std::string_view text);

/// Nothing when there is no such file. StorageError::damaged, StorageError::io.
Result<std::optional<Identity>> read_identity(const std::filesystem::path& file);
/// Replaces the file durably: temporary file, fsync, rename, fsync of the folder.
/// StorageError::no_space leaves the former one in place.
Result<void> write_identity(const std::filesystem::path& file, const Identity& identity);

/// What the environment `kind` ("consensus", "ledger", "inbox") of this folder is labelled with
/// when it is created: kind, chain, peer, genesis, and for the consensus log its log id at the end.
Bytes environment_label(std::string_view kind, const Identity& identity);
/// Reads the log id at the end of a label of kind "consensus" of the same owner.
/// StorageError::wrong_identity where `label` is somebody else's or another kind's.
Result<LogId> check_label(std::string_view kind, const Identity& identity, ByteView label);

/// StorageError::wrong_identity and one sentence where `found` belongs to somebody else.
Result<void> check_owner(const Owner& found, const Owner& expected);

}  // namespace powershare::storage
