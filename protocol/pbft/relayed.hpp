// RELAYED: a VIEW-CHANGE or NEW-VIEW of a member who cannot be reached, as that member signed it.
#pragma once

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "protocol/pbft/input.hpp"

namespace powershare::pbft {

/// u32 author, u8 type, the author's signature, then the author's body to the end.
Bytes encode_relayed(MemberIndex author, MessageType type, ByteView body,
                     const Signature& signature);
/// The message as if its author had sent it; its signature is still to be verified.
Result<Received> decode_relayed(ByteView body);

}  // namespace powershare::pbft
