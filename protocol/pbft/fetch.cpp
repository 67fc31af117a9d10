#include "protocol/pbft/fetch.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes Fetch::encode() const {
  return Encoder().u64(sequence).raw(digest).data();
}

Result<Fetch> Fetch::decode(ByteView body) {
  Decoder in(body);
  Fetch fetch;
  fetch.sequence = in.u64();
  fetch.digest = in.array<32>();
  if (!in.finished()) return Error{ConsensusError::malformed, "not a FETCH of 40 bytes"};
  return fetch;
}

Bytes encode_fetched_batch(Sequence sequence, const Batch& batch) {
  return Encoder().u64(sequence).raw(batch.encoded()).data();
}

Result<FetchedBatch> FetchedBatch::decode(Bytes body, const BatchLimits& limits) {
  Decoder in(body);
  FetchedBatch fetched;
  fetched.sequence = in.u64();
  if (!in.ok()) return Error{ConsensusError::malformed, "not a FETCHED-BATCH"};
  auto batch = Batch::decode(std::move(body), 8, limits);
  if (!batch) return batch.error();
  fetched.batch = std::move(*batch);
  return fetched;
}

Bytes FetchedEntry::encode() const {
  Encoder out;
  out.u64(sequence).raw(digest);
  certificate.encode(out);
  if (batch) out.raw(batch->encoded());
  return std::move(out).take();
}

Result<FetchedEntry> FetchedEntry::decode(Bytes body, const BatchLimits& limits) {
  Decoder in(body);
  FetchedEntry entry;
  entry.sequence = in.u64();
  entry.digest = in.array<32>();
  entry.certificate = OrderingCertificate::decode(in);
  if (!in.ok()) return Error{ConsensusError::malformed, "not a FETCHED-ENTRY"};
  if (in.remaining() == 0) return entry;
  const auto offset = body.size() - in.remaining();
  auto batch = Batch::decode(std::move(body), offset, limits);
  if (!batch) return batch.error();
  if ((*batch)->digest() != entry.digest) {
    return Error{ConsensusError::invalid_batch, "an entry whose batch has another digest"};
  }
  entry.batch = std::move(*batch);
  return entry;
}

}  // namespace powershare::pbft
