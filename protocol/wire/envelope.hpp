// The frame between peers: who says what on which chain, signed. Protobuf on the wire
// (protocol/peer.proto); limits are checked before anything is parsed or allocated.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::wire {

/// Larger frames are refused unread: room for a NEW-VIEW of 13 members with a full window.
inline constexpr std::size_t max_frame_bytes = 8 << 20;

struct Envelope {
  crypto::Digest genesis{};
  std::uint64_t epoch = 0;
  pbft::MessageType type = pbft::MessageType::status;
  pbft::MemberIndex sender = 0;
  Bytes body;  ///< fixed layout of the type, docs/formats-pbft.md
  crypto::Signature
      signature{};  ///< by `sender`, over pbft::signed_statement(genesis, epoch, type, body)

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

Bytes encode_envelope(const Envelope& envelope);
/// ConsensusError::malformed for anything that encode_envelope would not have written: too large,
/// fields missing, of wrong length or repeated, unknown fields, unknown types.
Result<Envelope> decode_envelope(ByteView frame);

}  // namespace powershare::wire
