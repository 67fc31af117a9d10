#include "protocol/wire/envelope.hpp"

#include <algorithm>

#include "peer.pb.h"
#include "protocol/pbft/error.hpp"

namespace powershare::wire {
namespace {

Error malformed(const char* detail) {
  return Error{ConsensusError::malformed, detail};
}

template <std::size_t N>
bool copy_exactly(const std::string& from, std::array<std::uint8_t, N>& to) {
  if (from.size() != N) return false;
  std::copy(from.begin(), from.end(), to.begin());
  return true;
}

std::string as_string(ByteView bytes) {
  return std::string(as_text(bytes));
}

}  // namespace

Bytes encode_envelope(const Envelope& envelope) {
  PeerEnvelope message;
  message.set_genesis(as_string(envelope.genesis));
  message.set_epoch(envelope.epoch);
  message.set_type(static_cast<std::uint32_t>(envelope.type));
  message.set_sender(envelope.sender);
  message.set_body(as_string(envelope.body));
  message.set_signature(as_string(envelope.signature));
  Bytes frame(message.ByteSizeLong());
  PS_ASSERT(message.SerializeToArray(frame.data(), static_cast<int>(frame.size())));
  return frame;
}

Result<Envelope> decode_envelope(ByteView frame) {
  if (frame.size() > max_frame_bytes) return malformed("a frame larger than the limit");
  PeerEnvelope message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return malformed("a frame that is not an envelope");
  }
  // Unknown fields, repeated fields and long varints make the frame longer than its canonical form;
  // fields in another order have its length.
  if (message.ByteSizeLong() != frame.size() ||
      !message.GetReflection()->GetUnknownFields(message).empty()) {
    return malformed("an envelope with more than its fields");
  }
  Bytes canonical(frame.size());
  if (!message.SerializeToArray(canonical.data(), static_cast<int>(canonical.size())) ||
      !equal(canonical, frame)) {
    return malformed("an envelope whose fields are not in order");
  }
  Envelope envelope;
  envelope.epoch = message.epoch();
  envelope.type = static_cast<pbft::MessageType>(message.type());
  envelope.sender = message.sender();
  if (message.type() > 255 || !pbft::is_known(envelope.type)) return malformed("an unknown type");
  if (!copy_exactly(message.genesis(), envelope.genesis) ||
      !copy_exactly(message.signature(), envelope.signature)) {
    return malformed("a genesis hash or signature of the wrong length");
  }
  envelope.body.assign(message.body().begin(), message.body().end());
  return envelope;
}

}  // namespace powershare::wire
