// BLOCK ⟨height, header hash⟩: a member's signature under an executed block (DECISIONS 1).
#pragma once

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

/// 40 bytes: u64 height, header hash.
struct BlockVote {
  std::uint64_t height = 0;
  Digest header_hash{};

  Bytes encode() const;
  static Result<BlockVote> decode(ByteView body);
  friend bool operator==(const BlockVote&, const BlockVote&) = default;
};

}  // namespace powershare::pbft
