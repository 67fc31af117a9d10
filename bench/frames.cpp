#include "bench/frames.hpp"

#include "base/encoding.hpp"

namespace powershare::bench {
namespace {

constexpr std::uint32_t max_replies = 1u << 20;

Bytes frame(FrameKind kind, ByteView content) {
  return std::move(Encoder()
                       .u32(static_cast<std::uint32_t>(content.size() + 1))
                       .u8(static_cast<std::uint8_t>(kind))
                       .raw(content))
      .take();
}

}  // namespace

Bytes request_frame(ByteView request) {
  return frame(FrameKind::request, request);
}

Bytes ask_statistics_frame() {
  return frame(FrameKind::ask_statistics, {});
}

Bytes replies_frame(const Replies& replies) {
  Encoder out;
  out.u64(replies.height).raw(replies.chain);
  out.u32(static_cast<std::uint32_t>(replies.executed.size()));
  for (const auto& name : replies.executed) out.u32(name.client).u32(name.number);
  return frame(FrameKind::replies, out.data());
}

Bytes statistics_frame(const PeerStatistics& statistics) {
  Encoder out;
  out.boolean(statistics.ready).u32(statistics.primary).u64(statistics.view);
  out.u64(statistics.height).raw(statistics.chain).u64(statistics.requests);
  out.u64(statistics.sent_bytes).u64(statistics.sent_frames).u64(statistics.dropped_frames);
  out.u64(statistics.log_commits);
  return frame(FrameKind::statistics, out.data());
}

Bytes refused_frame(const crypto::Digest& request) {
  return frame(FrameKind::refused, request);
}

Replies decode_replies(ByteView content) {
  Decoder in(content);
  Replies replies;
  replies.height = in.u64();
  replies.chain = in.array<32>();
  const auto count = in.count(max_replies, 8);
  replies.executed.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto client = in.u32();
    replies.executed.push_back({client, in.u32()});
  }
  return replies;
}

PeerStatistics decode_statistics(ByteView content) {
  Decoder in(content);
  PeerStatistics statistics;
  statistics.ready = in.boolean();
  statistics.primary = in.u32();
  statistics.view = in.u64();
  statistics.height = in.u64();
  statistics.chain = in.array<32>();
  statistics.requests = in.u64();
  statistics.sent_bytes = in.u64();
  statistics.sent_frames = in.u64();
  statistics.dropped_frames = in.u64();
  statistics.log_commits = in.u64();
  return statistics;
}

void FrameReader::append(ByteView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::size_t FrameReader::length_at(std::size_t at) const {
  return Decoder(ByteView(buffer_).subspan(at, 4)).u32();
}

}  // namespace powershare::bench
