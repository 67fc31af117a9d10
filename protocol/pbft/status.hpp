// What a replica tells about itself: metrics, /v1/status, "why stuck".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "protocol/pbft/options.hpp"

namespace powershare::pbft {

/// The last STATUS of another member.
struct PeerStatus {
  bool heard = false;
  MonotonicMillis heard_at;
  View view = 0;
  bool view_active = false;
  Sequence executed = 0;
  Sequence stable = 0;
  std::uint64_t height = 0;
  std::int64_t clock_offset_ms = 0;  ///< its wall clock − own, when heard
};

struct Status {
  std::uint64_t epoch = 0;
  bool member = true;  ///< of this epoch; otherwise the peer only follows the chain
  std::uint32_t members = 0;
  View view = 0;
  MemberIndex primary = 0;
  bool view_active = false;      ///< false between VIEW-CHANGE and NEW-VIEW
  MonotonicMillis active_since;  ///< of the present or last active view
  Sequence delivered = 0;
  Position executed;
  Sequence stable_checkpoint = 0;
  std::uint64_t certified_height = 0;
  std::uint32_t in_flight = 0;  ///< sequences accepted and not delivered
  std::size_t mempool_requests = 0;
  std::size_t mempool_bytes = 0;
  std::uint64_t view_changes = 0;  ///< VIEW-CHANGEs sent since the start
  std::uint64_t batches_delivered = 0;
  std::uint64_t requests_delivered = 0;
  std::uint64_t equivocations = 0;
  bool transferring = false;
  bool recovering = false;       ///< no votes yet: lost log, or asking the others after a start
  bool votes_forgotten = false;  ///< others have shown votes of this member that its log lacks
  bool quarantined = false;      ///< own state differs from a certified one: votes no more
  bool clock_suspect =
      false;                ///< own clock is off the median of the others' by more than the bound
  Reservation reservation;  ///< what IDENTITY must hold at least
  std::vector<PeerStatus> peers;                 ///< by member index; own entry not heard
  std::map<std::string, std::uint64_t> rejects;  ///< refused messages by reason
  std::string why_stuck;                         ///< empty when nothing waits
};

}  // namespace powershare::pbft
