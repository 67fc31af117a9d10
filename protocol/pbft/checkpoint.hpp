// CHECKPOINT ⟨sequence, height, head⟩: what a member's ledger holds after every K-th sequence.
#pragma once

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

/// 48 bytes: u64 sequence, u64 height, header hash.
Bytes encode_checkpoint(const Position& position);
Result<Position> decode_checkpoint(ByteView body);
Position read_position(Decoder& in);

}  // namespace powershare::pbft
