// Time-outs and limits of a replica with their defaults (DECISIONS 8), and who it is.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/committee.hpp"
#include "protocol/ports.hpp"

namespace powershare::pbft {

struct Options {
  std::int64_t request_timeout_ms = 2'000;  ///< a request not ordered by then: view change
  std::int64_t view_change_backoff_max_ms = 64'000;
  std::int64_t clock_bound_ms = 10'000;     ///< of a fresh proposal's time against the own clock
  std::int64_t status_interval_ms = 1'000;  ///< between STATUS messages when all is well
  std::int64_t status_repair_interval_ms =
      150;  ///< while something is outstanding for longer than this
  std::int64_t batch_wait_ms =
      5;  ///< a batch is filled for at most this long while others are in flight
  std::int64_t request_ttl_ms = 600'000;   ///< a request not ordered by then leaves the mempool
  std::uint32_t checkpoint_interval = 64;  ///< K, in sequences
  std::uint32_t window = 256;              ///< L, in sequences
  std::uint32_t in_flight = 4;             ///< proposed and not executed
  std::uint32_t partial_in_flight = 2;     ///< so many are under way: the next batch must be full
  std::uint32_t mempool_requests = 20'000;
  std::uint32_t mempool_bytes = 64 << 20;
  std::uint32_t reservation_step =
      1'000;                     ///< sequences reserved in IDENTITY ahead of votes (DECISIONS 13)
  bool confirm_at_start = true;  ///< ask the others what was signed before the start (DECISIONS 13)
  BatchLimits batch;
};

struct Config {
  Committee committee;  ///< of the epoch in which the ledger stands
  Options options;
};

/// What IDENTITY says of a replica whose log is gone: it may have promised anything up to here
/// (DECISIONS 13).
struct Reservation {
  std::uint64_t epoch = 0;
  View view = 0;  ///< of that epoch
  Sequence sequence = 0;
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

/// A block that the ledger holds: for BLOCK votes that others may have lost.
struct BlockReference {
  std::uint64_t height = 0;
  Digest header_hash{};
};

/// What a start found on disk.
struct Recovered {
  std::vector<protocol::LogWrite> log;  ///< ConsensusLog::load()
  Position executed;                    ///< of the durable ledger; head = genesis hash at height 0
  std::uint64_t certified_height = 0;   ///< all blocks up to here have their block certificate
  std::vector<BlockReference> recent_blocks;  ///< the newest up to 256 blocks of the ledger, rising
  std::optional<Reservation> lost;  ///< set when the log is gone or older than IDENTITY says
  EpochEndPointer epoch_end;        ///< set while the ledger holds a change of members
};

/// The stateless check before PREPARE (DECISIONS 4): format, limits, chain, expiry against the
/// batch's time, signature under the key inside, nothing above the epoch's feature level. Called
/// for every request of every proposal: the host may answer from what its verifier pool has
/// checked.
using RequestChecker =
    std::function<bool(ByteView request, UtcMillis batch_time, std::uint32_t feature_level)>;

}  // namespace powershare::pbft
