#include "protocol/pbft/request.hpp"

#include "base/encoding.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes encode_requests(const std::vector<std::shared_ptr<const Bytes>>& requests) {
  Encoder out;
  out.u32(static_cast<std::uint32_t>(requests.size()));
  for (const auto& request : requests) out.bytes(*request);
  return std::move(out).take();
}

Result<std::vector<std::shared_ptr<const Bytes>>> decode_requests(ByteView body,
                                                                  const BatchLimits& limits) {
  Decoder in(body);
  std::vector<std::shared_ptr<const Bytes>> requests;
  const auto count = in.count(limits.max_requests, 4);
  requests.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    requests.push_back(std::make_shared<const Bytes>(to_bytes(in.bytes(limits.max_bytes))));
  }
  if (!in.finished() || requests.empty()) {
    return Error{ConsensusError::malformed, "not a list of requests within the limits"};
  }
  return requests;
}

}  // namespace powershare::pbft
