#include "protocol/pbft/relayed.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes encode_relayed(MemberIndex author, MessageType type, ByteView body,
                     const Signature& signature) {
  return Encoder().u32(author).u8(static_cast<std::uint8_t>(type)).raw(signature).raw(body).data();
}

Result<Received> decode_relayed(ByteView body) {
  Decoder in(body);
  Received message;
  message.sender = in.u32();
  message.type = static_cast<MessageType>(in.u8());
  message.signature = in.array<64>();
  const bool allowed =
      message.type == MessageType::view_change || message.type == MessageType::new_view;
  if (!in.ok() || !allowed) return Error{ConsensusError::malformed, "not a relayed message"};
  message.body = to_bytes(in.raw(in.remaining()));
  return message;
}

}  // namespace powershare::pbft
