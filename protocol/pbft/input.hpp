// All that may happen to a replica.
#pragma once

#include <variant>

#include "protocol/pbft/options.hpp"

namespace powershare::pbft {

/// A message whose envelope is of this chain and whose signature was verified under the key that
/// `sender` has in `epoch`.
struct Received {
  MemberIndex sender =
      0;  ///< index in that epoch; for state transfer the host's number of the peer
  MessageType type = MessageType::status;
  Bytes body;
  Signature signature{};
  std::uint64_t epoch = 0;
};

/// A request for the mempool; `from_local`: by this peer's own gateway, which has admitted it.
struct Submit {
  Bytes request;
  bool from_local = true;
};

/// Time passes. Hosts send one before each group of inputs; Effects::wake_at says when the next is
/// needed.
struct Tick {
  MonotonicMillis now;
  UtcMillis wall_clock;
  bool work_due = false;  ///< a market slot is due: counts as a pending request (DECISIONS 21)
};

/// The ledger has executed the decision of `position.sequence`, durably. Once per decision, in
/// order, null batches included (with unchanged height and head).
struct Executed {
  Position position;
  EpochEndPointer epoch_end{};  ///< with every position from the one that set it
};

/// The ledger stands here after state transfer (or after an attempt at it that got this far); ends
/// Effects::transfer.
struct Restored {
  Position position;
  std::vector<Digest>
      requests;  ///< ids of the requests in the blocks that were installed: they wait no longer
  bool forget_requests =
      false;  ///< a snapshot was installed: what waits may all be executed already
  EpochEndPointer epoch_end{};
  /// The epoch in which the ledger stands now, where that is a later one than before.
  std::shared_ptr<const Committee> committee{};
};

/// Orderly shutdown: ask for the next view if this replica leads (DECISIONS 8).
struct HandOver {};

using Input = std::variant<Received, Submit, Tick, Executed, Restored, HandOver>;

}  // namespace powershare::pbft
