#include "protocol/pbft/promises.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes Promises::encode() const {
  Encoder out;
  stable.encode(out);
  out.u32(static_cast<std::uint32_t>(newest.size()));
  for (const auto& promise : newest) {
    out.u8(static_cast<std::uint8_t>(promise.type)).bytes(promise.body).raw(promise.signature);
  }
  return std::move(out).take();
}

Result<Promises> Promises::decode(ByteView body) {
  Decoder in(body);
  Promises message;
  message.stable = CheckpointCertificate::decode(in);
  const auto count = in.count(4, 1 + 4 + 64);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Promise promise;
    promise.type = static_cast<MessageType>(in.u8());
    promise.body = to_bytes(in.bytes(2 << 20));
    promise.signature = in.array<64>();
    message.newest.push_back(std::move(promise));
  }
  if (!in.finished()) return Error{ConsensusError::malformed, "not PROMISES"};
  return message;
}

}  // namespace powershare::pbft
