// All that a replica may ask of its host.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/pbft/certificate.hpp"
#include "protocol/pbft/input.hpp"

namespace powershare::pbft {

/// Bulk messages never delay votes (DECISIONS 32).
enum class Channel : std::uint8_t { control, bulk };

struct Outgoing {
  std::optional<MemberIndex> recipient;  ///< none: all other members of the epoch
  MessageType type = MessageType::status;
  Bytes body;
  Signature signature{};  ///< own, over Committee::statement
  Channel channel = Channel::control;
  std::uint64_t epoch = 0;
};

/// A decided batch, to be executed in order, exactly once; its record is in the log (persist)
/// already.
struct Decision {
  std::uint64_t epoch = 0;
  Sequence sequence = 0;
  BatchPointer batch;  ///< batch->is_null(): nothing to execute, only Executed to answer
  OrderingCertificate certificate;
};

struct BlockCertificate {
  std::uint64_t height = 0;
  Digest header_hash{};
  QuorumCertificate certificate;  ///< over ledger::block_statement
  std::uint64_t epoch = 0;
};

/// This replica lacks decided batches that the others' logs hold no longer: run protocol::CatchUp.
struct TransferRequest {
  /// Certified, and above what is executed. None: as far as the others are, across epochs; what
  /// they send proves itself.
  std::optional<Position> target;
  QuorumCertificate certificate;
};

/// The epoch is over: everything up to its last sequence is executed, certified as a checkpoint,
/// and the newest block has its certificate. Store it: members that come later need it.
struct EpochFinished {
  std::uint64_t epoch = 0;
  CheckpointCertificate end;
};

/// Two different statements of the same kind, view and sequence, signed by one member.
struct Evidence {
  MemberIndex member = 0;
  MessageType type = MessageType::pre_prepare;
  Vote first;
  Signature first_signature{};
  Vote second;
  Signature second_signature{};
  std::uint64_t epoch = 0;
};

struct Refused {
  Digest request{};
  std::error_code
      reason;  ///< ConsensusError::overloaded, invalid_batch (does not pass the check), duplicate
};

/// In this order: `reserve` and `persist` become durable, then `send`; `deliver` may go out once
/// persisted.
struct Effects {
  std::optional<Reservation> reserve;  ///< write this to IDENTITY first
  std::vector<protocol::LogWrite> persist;
  std::vector<Outgoing> send;
  std::vector<Decision> deliver;
  std::vector<BlockCertificate> block_certificates;
  std::optional<TransferRequest> transfer;
  std::vector<EpochFinished> epochs_finished;
  std::vector<Evidence> evidence;
  std::vector<Refused> refused;
  std::vector<std::string>
      alarms;  ///< one sentence each, for the log: view changes, divergence, lost log
  std::optional<MonotonicMillis> wake_at;  ///< a Tick is wanted by then, if nothing else happens

  /// Appends what `next`, of a later step, asks for: hosts step all that is queued and act once.
  void merge(Effects&& next);
};

}  // namespace powershare::pbft
