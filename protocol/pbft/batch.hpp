// A batch of requests: what one sequence number decides. Opaque requests, shared, never copied.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

/// Limits of what a batch may be, checked by every backup before PREPARE.
struct BatchLimits {
  std::uint32_t max_requests = 512;
  std::uint32_t max_bytes = 1 << 20;  ///< of the encoded batch
};

/// Immutable. Layout: i64 time, u32 count, then per request u32 length and its bytes. Digest =
/// SHA-256 over "powershare/batch/1" ‖ layout, the time inside.
class Batch {
 public:
  /// Encodes a batch of requests proposed for `time`.
  static std::shared_ptr<const Batch> make(UtcMillis time, const std::vector<ByteView>& requests);
  /// The batch that fills a hole: no time, no requests. It makes no block.
  static std::shared_ptr<const Batch> null();
  /// Takes over `storage`, whose bytes from `offset` on are an encoded batch.
  /// ConsensusError::malformed.
  static Result<std::shared_ptr<const Batch>> decode(Bytes storage, std::size_t offset,
                                                     const BatchLimits& limits);

  UtcMillis time() const { return time_; }
  const std::vector<ByteView>& requests() const { return requests_; }
  /// SHA-256 of each request: its id.
  const std::vector<Digest>& ids() const { return ids_; }
  const Digest& digest() const { return digest_; }
  ByteView encoded() const { return ByteView(storage_).subspan(offset_); }
  /// True for the batch that null() gives; the host must not execute it.
  bool is_null() const { return time_.value == 0 && requests_.empty(); }

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

 private:
  Batch() = default;
  bool parse(const BatchLimits& limits);

  Bytes storage_;
  std::size_t offset_ = 0;
  UtcMillis time_;
  std::vector<ByteView> requests_;
  std::vector<Digest> ids_;
  Digest digest_{};
};

using BatchPointer = std::shared_ptr<const Batch>;

}  // namespace powershare::pbft
