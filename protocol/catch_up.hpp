// State transfer: a replica that lacks what the others' logs hold no longer gets executed blocks,
// or the state itself, from their ledgers, checks everything against certificates and hands it to
// its ledger (DECISIONS 12). Pure: hosted by the settlement actor and by the simulator.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/sparse_merkle_tree.hpp"
#include "ledger/header.hpp"
#include "protocol/pbft/effects.hpp"

namespace powershare::protocol {

/// An executed block as a ledger keeps it: enough to check and to execute it again.
struct BlockRecord {
  ledger::Header header;
  Bytes batch;                         ///< pbft::Batch, encoded
  pbft::OrderingCertificate ordering;  ///< over the batch's digest at header.sequence
};

/// A key and a value of the state.
struct StateRecord {
  Bytes key;
  Bytes value;
};

/// A header with the quorum of BLOCK signatures over it.
struct CertifiedHeader {
  ledger::Header header;
  crypto::QuorumCertificate certificate;
};

struct CatchUpOptions {
  std::int64_t answer_timeout_ms = 2'000;  ///< then another source is asked
  std::uint64_t snapshot_above_blocks =
      20'000;  ///< further behind than this: the state is fetched, not the blocks
  std::uint32_t max_blocks_per_answer = 64;
  std::uint32_t max_bytes_per_answer =
      4 << 20;  ///< a single larger block or chunk is still sent, up to the frame's limit
};

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────────
/// The replica asks for it (pbft::Effects::transfer); `own` is where the ledger stands, `committee`
/// that of the epoch in which it stands, `peers` how many sources the host numbers, itself among
/// them.
struct StartCatchUp {
  pbft::Position own;
  pbft::TransferRequest request;
  pbft::Committee committee;
  std::uint32_t peers = 0;
  std::vector<crypto::Subtree>
      own_level;  ///< StateMachine::tree_level(8); may be empty where snapshots are not wanted
};
/// Answer to CatchUpEffects::ServeBlocks: consecutive blocks of the asked epoch from the asked
/// height on (as many as there are and the limits allow), and the newest block certificate at or
/// above the last of them with the headers in between, all of that epoch; with its last block, or
/// where there is none left, the proof of its end; no blocks = not there.
struct BlocksRead {
  pbft::MemberIndex peer = 0;
  std::uint64_t from_height = 0;
  std::vector<BlockRecord> blocks;
  std::vector<ledger::Header> further_headers;  ///< after the last block up to the certified one
                                                ///< (to the head where none is); at most 256
  std::optional<crypto::QuorumCertificate> certificate;  ///< over the last of all these headers
  std::optional<pbft::CheckpointCertificate> epoch_end;
};
/// All blocks handed out by `install` are executed, durable, and gave the headers that they
/// claimed, or the epoch's end is noted; the ledger stands here.
struct Installed {
  pbft::Position own;
  /// Of the epoch in which it stands now, where that is another than before.
  std::shared_ptr<const pbft::Committee> committee{};
};
/// Executing a verified block gave another header, or the store failed: stop.
struct InstallFailed {};
/// Answer to ServeManifest: the newest certified header whose state is at hand and its
/// tree_level(8).
struct ManifestRead {
  pbft::MemberIndex peer = 0;
  CertifiedHeader head;
  std::vector<crypto::Subtree> level;
};
/// Answer to ServeChunk: the records below one subtree, now.
struct ChunkRead {
  pbft::MemberIndex peer = 0;
  std::uint32_t index = 0;
  std::vector<StateRecord> records;
};
using CatchUpInput = std::variant<StartCatchUp, pbft::Received, pbft::Tick, BlocksRead, Installed,
                                  InstallFailed, ManifestRead, ChunkRead>;

// ── Effects ─────────────────────────────────────────────────────────────────────────────────────
struct ServeBlocks {
  pbft::MemberIndex peer = 0;
  std::uint64_t from_height = 0;
  std::uint64_t epoch = 0;
  std::uint32_t max_blocks = 0;
  std::uint32_t max_bytes = 0;
};
struct ServeManifest {
  pbft::MemberIndex peer = 0;
};
struct ServeChunk {
  pbft::MemberIndex peer = 0;
  std::uint32_t index = 0;  ///< of the 256 subtrees
};
/// A block whose ordering certificate and place in a certified chain of headers are verified.
struct VerifiedBlock {
  ledger::Header header;  ///< what executing it must give
  pbft::BatchPointer batch;
  pbft::OrderingCertificate ordering;
};
/// A verified subtree: replaces all records below it in the staging database.
struct StagedChunk {
  std::uint32_t index = 0;
  std::vector<StateRecord> records;
};
struct CatchUpEffects {
  std::vector<pbft::Outgoing> send;  ///< not signed: what they carry proves itself
  std::vector<ServeBlocks> serve_blocks;
  std::vector<ServeManifest> serve_manifest;
  std::vector<ServeChunk> serve_chunk;
  std::vector<VerifiedBlock> install;  ///< execute in order, then Installed
  std::optional<pbft::BlockCertificate>
      certificate;  ///< of the newest installed chain of headers; store it with its block
  /// The ledger holds all blocks of this epoch: note its end (the position's sequence moves to
  /// `end.position`), then Installed with the next epoch's committee.
  std::optional<pbft::EpochFinished> epoch_finished;
  bool begin_staging = false;      ///< empty the staging database first
  std::vector<StagedChunk> stage;  ///< write to the staging database
  std::optional<CertifiedHeader>
      swap_in;  ///< all subtrees staged or equal already: make staging the state, then Installed
  std::optional<pbft::Position> finished;  ///< give Restored to the replica
};

class CatchUp {
 public:
  /// `committee` is that of the epoch in which the ledger stands. `self` is the host's own number
  /// among the peers: sources and askers go by the host's numbers, which outlast epochs.
  /// `signatory` must outlive the object.
  CatchUp(pbft::Committee committee, pbft::MemberIndex self, const Signatory& signatory,
          CatchUpOptions options = {});
  CatchUp(CatchUp&&) noexcept;
  CatchUp& operator=(CatchUp&&) noexcept;
  ~CatchUp();

  CatchUpEffects step(CatchUpInput input);
  bool running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace powershare::protocol
