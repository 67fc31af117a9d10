// Proofs made of votes: prepared certificates (view changes), ordering certificates (decided
// batches) and checkpoint certificates (stability).
#pragma once

#include "base/encoding.hpp"
#include "crypto/quorum.hpp"
#include "protocol/pbft/committee.hpp"
#include "protocol/ports.hpp"

namespace powershare::pbft {

using crypto::QuorumCertificate;

/// The body of PREPARE and COMMIT and the signed part of a PRE-PREPARE: all votes over the same
/// batch in the same view are over the same bytes. 48 bytes: u64 view, u64 sequence, digest.
struct Vote {
  static constexpr std::size_t encoded_bytes = 48;
  View view = 0;
  Sequence sequence = 0;
  Digest digest{};

  Bytes encode() const;
  static Result<Vote> decode(ByteView body);  ///< exactly 48 bytes
  friend bool operator==(const Vote&, const Vote&) = default;
};

/// "Prepared" (Castro & Liskov §4.2): the primary's PRE-PREPARE and quorum − 1 matching PREPAREs of
/// others.
struct PreparedCertificate {
  Vote vote;
  Signature pre_prepare{};     ///< by the primary of vote.view
  QuorumCertificate prepares;  ///< by members other than that primary

  void encode(Encoder& out) const;
  static PreparedCertificate decode(Decoder& in);
  friend bool operator==(const PreparedCertificate&, const PreparedCertificate&) = default;
};

/// Quorum COMMITs over one Vote: the batch is decided, whatever views follow.
struct OrderingCertificate {
  View view = 0;
  QuorumCertificate commits;

  void encode(Encoder& out) const;
  static OrderingCertificate decode(Decoder& in);
  friend bool operator==(const OrderingCertificate&, const OrderingCertificate&) = default;
};

/// Quorum CHECKPOINTs over one position; empty at sequence 0, where the genesis is the proof.
struct CheckpointCertificate {
  Position position;
  QuorumCertificate checkpoints;

  void encode(Encoder& out) const;
  static CheckpointCertificate decode(Decoder& in);
  friend bool operator==(const CheckpointCertificate&, const CheckpointCertificate&) = default;
};

/// ConsensusError::bad_certificate with the reason unless quorum(n) distinct members signed
/// `statement`; through the port, so that the simulator's oracle can stand in for Ed25519.
Result<void> verify_quorum(const QuorumCertificate& certificate, ByteView statement,
                           const Committee& committee, const protocol::Signatory& signatory);
Result<void> verify(const PreparedCertificate& certificate, const Committee& committee,
                    const protocol::Signatory& signatory);
Result<void> verify(const OrderingCertificate& certificate, Sequence sequence, const Digest& digest,
                    const Committee& committee, const protocol::Signatory& signatory);
Result<void> verify(const CheckpointCertificate& certificate, const Committee& committee,
                    const protocol::Signatory& signatory);

}  // namespace powershare::pbft
