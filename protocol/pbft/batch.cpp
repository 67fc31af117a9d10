#include "protocol/pbft/batch.hpp"

#include "base/encoding.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {
namespace {

constexpr BatchLimits own_limits{1u << 20, 1u << 30};

Digest batch_digest(ByteView encoded) {
  crypto::Sha256 hash;
  hash.update(as_bytes("powershare/batch/1"));
  hash.update(encoded);
  return hash.finish();
}

}  // namespace

std::shared_ptr<const Batch> Batch::make(UtcMillis time, const std::vector<ByteView>& requests) {
  Encoder out;
  out.time(time).u32(static_cast<std::uint32_t>(requests.size()));
  for (const auto request : requests) out.bytes(request);
  std::shared_ptr<Batch> batch(new Batch());
  batch->storage_ = std::move(out).take();
  PS_ASSERT(batch->parse(own_limits));
  return batch;
}

std::shared_ptr<const Batch> Batch::null() {
  static const std::shared_ptr<const Batch> batch = make(UtcMillis{0}, {});
  return batch;
}

Result<std::shared_ptr<const Batch>> Batch::decode(Bytes storage, std::size_t offset,
                                                   const BatchLimits& limits) {
  std::shared_ptr<Batch> batch(new Batch());
  batch->storage_ = std::move(storage);
  batch->offset_ = offset;
  if (offset > batch->storage_.size() || !batch->parse(limits)) {
    return Error{ConsensusError::malformed, "not a batch within the limits"};
  }
  return std::shared_ptr<const Batch>(std::move(batch));
}

bool Batch::parse(const BatchLimits& limits) {
  if (encoded().size() > limits.max_bytes) return false;
  Decoder in(encoded());
  time_ = in.time();
  const auto count = in.count(limits.max_requests, 4);
  requests_.reserve(count);
  ids_.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i)
    requests_.push_back(in.bytes(limits.max_bytes));
  if (!in.finished()) return false;
  for (const auto request : requests_) ids_.push_back(crypto::sha256(request));
  digest_ = batch_digest(encoded());
  return true;
}

}  // namespace powershare::pbft
