#include "bench/opaque_request.hpp"

#include <limits>

#include "base/encoding.hpp"

namespace powershare::bench {
namespace {

constexpr std::size_t signature_bytes = 32 + 64;

Bytes statement(const crypto::Digest& genesis, ByteView content) {
  return std::move(Encoder().raw(as_bytes("powershare/bench/1")).raw(genesis).raw(content)).take();
}

}  // namespace

Bytes make_request(const crypto::Digest& genesis, const RequestName& name,
                   const RequestShape& shape, const crypto::KeyPair& client) {
  Encoder out;
  out.u32(name.client).u32(name.number).u32(shape.requests_per_bundle).u32(shape.payload_bytes);
  // Meaningless, but no two payloads alike.
  Bytes payload(shape.payload_bytes);
  std::uint32_t state = name.client * 2'654'435'761u + name.number;
  for (std::uint32_t i = 0; i < shape.requests_per_bundle; ++i) {
    for (auto& byte : payload) {
      state = state * 1'664'525u + 1'013'904'223u;
      byte = static_cast<std::uint8_t>(state >> 24);
    }
    out.raw(payload);
  }
  if (shape.is_signed) {
    const auto signature = client.sign(statement(genesis, out.data()));
    out.raw(client.public_key()).raw(signature);
  }
  return std::move(out).take();
}

std::optional<UtcMillis> check_request(const crypto::Digest& genesis, bool must_be_signed,
                                       ByteView request) {
  Decoder in(request);
  in.u64();
  const auto requests = in.u32();
  const auto payload_bytes = in.u32();
  if (!in.ok() || requests == 0 || requests > max_requests_per_bundle ||
      payload_bytes > max_payload_bytes) {
    return std::nullopt;
  }
  in.raw(std::size_t{requests} * payload_bytes);
  if (in.remaining() != (must_be_signed ? signature_bytes : 0)) return std::nullopt;
  if (must_be_signed) {
    const auto content = request.first(request.size() - signature_bytes);
    const auto key = in.array<32>();
    const auto signature = in.array<64>();
    if (!crypto::verify(key, statement(genesis, content), signature)) return std::nullopt;
  }
  if (!in.finished()) return std::nullopt;
  return UtcMillis{std::numeric_limits<std::int64_t>::max()};
}

RequestHead head_of(ByteView request) {
  Decoder in(request);
  RequestHead head;
  head.name.client = in.u32();
  head.name.number = in.u32();
  head.requests = in.u32();
  return head;
}

}  // namespace powershare::bench
