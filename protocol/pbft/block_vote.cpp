#include "protocol/pbft/block_vote.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes BlockVote::encode() const {
  return Encoder().u64(height).raw(header_hash).data();
}

Result<BlockVote> BlockVote::decode(ByteView body) {
  Decoder in(body);
  BlockVote vote;
  vote.height = in.u64();
  vote.header_hash = in.array<32>();
  if (!in.finished()) return Error{ConsensusError::malformed, "not a block vote of 40 bytes"};
  return vote;
}

}  // namespace powershare::pbft
