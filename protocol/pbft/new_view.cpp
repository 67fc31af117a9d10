#include "protocol/pbft/new_view.hpp"

#include <map>

#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {
namespace {

constexpr std::size_t max_view_change_bytes = 2 << 20;

}  // namespace

Obligations obligations(const std::vector<const ViewChange*>& view_changes) {
  Obligations result;
  for (const auto* message : view_changes) {
    if (message->stable.position.sequence >= result.stable.position.sequence) {
      result.stable = message->stable;
    }
  }
  const auto low = result.stable.position.sequence;
  std::map<Sequence, const PreparedCertificate*> highest;
  for (const auto* message : view_changes) {
    for (const auto& certificate : message->prepared) {
      if (certificate.vote.sequence <= low) continue;
      auto& best = highest[certificate.vote.sequence];
      const bool later = best != nullptr && best->vote.view < certificate.vote.view;
      if (best == nullptr || later != planted(Bug::lowest_view_wins)) best = &certificate;
    }
  }
  const auto last = highest.empty() ? low : highest.rbegin()->first;
  for (auto sequence = low + 1; sequence <= last; ++sequence) {
    const auto found = highest.find(sequence);
    result.orders.push_back(
        {sequence, found == highest.end() ? Batch::null()->digest() : found->second->vote.digest});
  }
  return result;
}

Bytes NewView::encode() const {
  Encoder out;
  out.u64(view).u32(static_cast<std::uint32_t>(view_changes.size()));
  for (const auto& entry : view_changes) {
    out.u32(entry.sender).bytes(entry.body).raw(entry.signature);
  }
  out.u32(static_cast<std::uint32_t>(digests.size()));
  for (std::size_t i = 0; i < digests.size(); ++i) out.raw(digests[i]).raw(pre_prepares[i]);
  return std::move(out).take();
}

Result<NewView> NewView::decode(ByteView body, std::uint32_t window) {
  Decoder in(body);
  NewView message;
  message.view = in.u64();
  const auto count = in.count(max_members, 4 + 4 + 64);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Entry entry;
    entry.sender = in.u32();
    entry.body = to_bytes(in.bytes(max_view_change_bytes));
    entry.signature = in.array<64>();
    if (i > 0 && entry.sender <= message.view_changes.back().sender) in.fail();
    message.view_changes.push_back(std::move(entry));
  }
  const auto orders = in.count(window, 32 + 64);
  for (std::uint32_t i = 0; i < orders && in.ok(); ++i) {
    message.digests.push_back(in.array<32>());
    message.pre_prepares.push_back(in.array<64>());
  }
  if (!in.finished() || message.view == 0) {
    return Error{ConsensusError::malformed, "not a NEW-VIEW"};
  }
  return message;
}

}  // namespace powershare::pbft
