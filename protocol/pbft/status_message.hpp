// STATUS: what a member has and what it misses. Whoever holds what it misses sends exactly that.
#pragma once

#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

/// 17 bytes per sequence that is not delivered yet.
struct SlotStatus {
  static constexpr std::uint8_t has_proposal = 1;  ///< the PRE-PREPARE of the view
  static constexpr std::uint8_t has_batch = 2;
  static constexpr std::uint8_t is_decided = 4;
  std::uint8_t flags = 0;
  std::uint64_t prepares = 0;  ///< bit i: member i's PREPARE of the view is held
  std::uint64_t commits = 0;
  friend bool operator==(const SlotStatus&, const SlotStatus&) = default;
};

struct StatusMessage {
  View view = 0;
  bool view_active = false;
  Sequence delivered = 0;
  Sequence executed = 0;
  std::uint64_t height = 0;
  std::uint64_t certified_height = 0;  ///< block certificates are held up to here
  Sequence stable = 0;
  UtcMillis clock;
  Sequence recovering_to =
      0;  ///< not 0: votes again once this is stable; please fill with null batches
  std::uint64_t view_changes = 0;  ///< bit i: member i's VIEW-CHANGE for `view` is held
  MemberIndex helper = 0;          ///< who is asked for decided entries this time
  std::vector<SlotStatus> slots;   ///< of delivered + 1 onwards

  Bytes encode() const;
  static Result<StatusMessage> decode(ByteView body, std::uint32_t window);
  friend bool operator==(const StatusMessage&, const StatusMessage&) = default;
};

}  // namespace powershare::pbft
