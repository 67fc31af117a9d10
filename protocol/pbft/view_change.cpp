#include "protocol/pbft/view_change.hpp"

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes ViewChange::encode() const {
  Encoder out;
  out.u64(view);
  stable.encode(out);
  out.u32(static_cast<std::uint32_t>(prepared.size()));
  for (const auto& certificate : prepared) certificate.encode(out);
  return std::move(out).take();
}

Result<ViewChange> ViewChange::decode(ByteView body, std::uint32_t window) {
  Decoder in(body);
  ViewChange message;
  message.view = in.u64();
  message.stable = CheckpointCertificate::decode(in);
  const auto low = message.stable.position.sequence;
  const auto count = in.count(window, Vote::encoded_bytes + 64 + 4);
  auto previous = low;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    message.prepared.push_back(PreparedCertificate::decode(in));
    const auto& vote = message.prepared.back().vote;
    if (vote.sequence <= previous || vote.sequence - low > window || vote.view >= message.view) {
      in.fail();
    }
    previous = vote.sequence;
  }
  if (!in.finished() || message.view == 0) {
    return Error{ConsensusError::malformed, "not a VIEW-CHANGE"};
  }
  return message;
}

}  // namespace powershare::pbft
