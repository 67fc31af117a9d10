// The records of the consensus log: what a replica has promised. A key is one tag byte, then for
// records of a sequence the big-endian sequence; docs/formats-pbft.md lists them.
#pragma once

#include "protocol/pbft/certificate.hpp"
#include "protocol/ports.hpp"

namespace powershare::pbft {

enum class LogTag : std::uint8_t {
  epoch = 'e',        ///< EpochRecord; absent in epoch 0
  view = 'v',         ///< u64 view, u8 active
  stable = 's',       ///< CheckpointCertificate
  reservation = 'r',  ///< u64 epoch, u64 view, u64 sequence: what IDENTITY holds at least
  recovering = 'x',   ///< u64 view, u64 floor: no votes below (DECISIONS 13)
  transfer = 't',     ///< u64 sequence that state transfer has reached, u8 running
  view_change = 'w',  ///< own VIEW-CHANGE: body
  new_view = 'n',     ///< NEW-VIEW of the view: body with length, signature
  checkpoint = 'k',   ///< by sequence: own CHECKPOINT, 48 bytes
  accepted = 'a',     ///< by sequence: Vote, the primary's PRE-PREPARE signature
  batch = 'b',        ///< by sequence and digest: the batch
  prepared = 'c',     ///< by sequence: PreparedCertificate of the highest view
  decided = 'o',      ///< by sequence: digest, OrderingCertificate
};

/// The epoch to which all other records belong, and how it came about.
struct EpochRecord {
  Committee committee;
  /// Of the epoch before: its last checkpoint, which is this one's begin. Empty endorsements where
  /// state transfer brought the ledger here.
  CheckpointCertificate end;

  Bytes encode() const;
  static Result<EpochRecord> decode(ByteView value, const Digest& genesis);
};

Bytes log_key(LogTag tag);
Bytes log_key(LogTag tag, Sequence sequence);
Bytes log_key(LogTag tag, Sequence sequence, const Digest& digest);
protocol::LogWrite log_put(Bytes key, Bytes value);
protocol::LogWrite log_erase(Bytes key);

}  // namespace powershare::pbft
