#include "protocol/pbft/status_message.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes StatusMessage::encode() const {
  Encoder out;
  out.u64(view).boolean(view_active).u64(delivered).u64(executed).u64(height).u64(certified_height);
  out.u64(stable).time(clock).u64(recovering_to).u64(view_changes).u32(helper);
  out.u32(static_cast<std::uint32_t>(slots.size()));
  for (const auto& slot : slots) out.u8(slot.flags).u64(slot.prepares).u64(slot.commits);
  return std::move(out).take();
}

Result<StatusMessage> StatusMessage::decode(ByteView body, std::uint32_t window) {
  Decoder in(body);
  StatusMessage message;
  message.view = in.u64();
  message.view_active = in.boolean();
  message.delivered = in.u64();
  message.executed = in.u64();
  message.height = in.u64();
  message.certified_height = in.u64();
  message.stable = in.u64();
  message.clock = in.time();
  message.recovering_to = in.u64();
  message.view_changes = in.u64();
  message.helper = in.u32();
  const auto count = in.count(2 * window, 17);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    SlotStatus slot;
    slot.flags = in.u8();
    slot.prepares = in.u64();
    slot.commits = in.u64();
    message.slots.push_back(slot);
  }
  if (!in.finished()) return Error{ConsensusError::malformed, "not a STATUS"};
  return message;
}

}  // namespace powershare::pbft
