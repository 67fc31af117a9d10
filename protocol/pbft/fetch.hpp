// FETCH and what it brings: batches by digest, decided entries of the log.
#pragma once

#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/certificate.hpp"

namespace powershare::pbft {

/// Asks for the batch of a sequence. 40 bytes: u64 sequence, digest.
struct Fetch {
  Sequence sequence = 0;
  Digest digest{};

  Bytes encode() const;
  static Result<Fetch> decode(ByteView body);
};

/// FETCHED-BATCH: u64 sequence, then the batch to the end of the body.
Bytes encode_fetched_batch(Sequence sequence, const Batch& batch);
struct FetchedBatch {
  Sequence sequence = 0;
  BatchPointer batch;
  static Result<FetchedBatch> decode(Bytes body, const BatchLimits& limits);
};

/// FETCHED-ENTRY: u64 sequence, digest, OrderingCertificate, then the batch to the end (nothing
/// where the asker has it).
struct FetchedEntry {
  Sequence sequence = 0;
  Digest digest{};
  OrderingCertificate certificate;
  BatchPointer batch;  ///< null pointer: not sent

  Bytes encode() const;
  static Result<FetchedEntry> decode(Bytes body, const BatchLimits& limits);
};

}  // namespace powershare::pbft
