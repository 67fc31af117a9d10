#include "protocol/pbft/checkpoint.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes encode_checkpoint(const Position& position) {
  return Encoder().u64(position.sequence).u64(position.height).raw(position.head).data();
}

Position read_position(Decoder& in) {
  Position position;
  position.sequence = in.u64();
  position.height = in.u64();
  position.head = in.array<32>();
  return position;
}

Result<Position> decode_checkpoint(ByteView body) {
  Decoder in(body);
  const auto position = read_position(in);
  if (!in.finished()) return Error{ConsensusError::malformed, "not a checkpoint of 48 bytes"};
  return position;
}

}  // namespace powershare::pbft
