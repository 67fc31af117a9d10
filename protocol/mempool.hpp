// Requests that wait to be ordered: bounded, each at most once, fair between submitters.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace powershare::protocol {

struct MempoolLimits {
  std::uint32_t max_requests = 20'000;  ///< of all submitters together
  std::uint32_t max_bytes = 64 << 20;
  std::uint32_t max_request_bytes = 1 << 19;
  std::int64_t ttl_ms = 600'000;
};

enum class Admission : std::uint8_t { added, known, full, too_large };

/// A waiting request. `submitter` is the peer whose gateway took it in (or that forwarded it
/// first).
struct PendingRequest {
  std::shared_ptr<const Bytes> bytes;
  crypto::Digest id{};
  std::uint32_t submitter = 0;
  bool local = false;  ///< taken in by this peer: it forwards it
  std::optional<MonotonicMillis>
      told_at;            ///< forwarded to all, because the primary had not ordered it
  bool proposed = false;  ///< inside a batch of the present view
  MonotonicMillis first_seen;
};

class Mempool {
 public:
  explicit Mempool(MempoolLimits limits, std::uint32_t submitters);

  /// No submitter gets more than half of the places while others share the rest.
  Admission add(std::shared_ptr<const Bytes> bytes, const crypto::Digest& id,
                std::uint32_t submitter, bool local, MonotonicMillis now);
  bool contains(const crypto::Digest& id) const { return pending_.contains(id); }
  PendingRequest* find(const crypto::Digest& id);
  /// Decided: forget it.
  void remove(const crypto::Digest& id);
  /// The next requests to propose, round robin over submitters, oldest first, up to the limits;
  /// marks them proposed.
  std::vector<std::shared_ptr<const Bytes>> take(std::uint32_t max_requests, std::size_t max_bytes);
  /// A new view: nothing is proposed any more but what `mark_proposed` then names.
  void restart();
  void mark_proposed(const crypto::Digest& id);
  /// Drops what waits for longer than the TTL; returns how many.
  std::size_t expire(MonotonicMillis now);

  std::size_t size() const { return pending_.size(); }
  std::size_t bytes() const { return bytes_; }
  /// Local requests in no batch that everyone was not told of since `before`, oldest first; marks
  /// them told at `now`.
  std::vector<std::shared_ptr<const Bytes>> untold(MonotonicMillis before, MonotonicMillis now,
                                                   std::size_t max);
  void clear();
  /// Requests not inside a batch of this view, and their bytes.
  std::size_t waiting() const { return waiting_; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// What waits longest, proposed or not; none when empty. Amortised constant time.
  const PendingRequest* oldest();
  /// Requests of this peer's own clients that are in no batch of this view, oldest first: for a new
  /// primary.
  std::vector<std::shared_ptr<const Bytes>> local_waiting(std::size_t max);
  /// Local requests that wait since `before` or earlier and were not told to everyone yet; marks
  /// them, at most `max`.
  std::vector<std::shared_ptr<const Bytes>> overdue(MonotonicMillis before, std::size_t max);

 private:
  struct ById {
    bool operator()(const crypto::Digest& left, const crypto::Digest& right) const {
      return left < right;
    }
  };
  struct Queue {
    std::deque<crypto::Digest> ids;  ///< in order of arrival; entries already gone are skipped
    std::size_t count = 0;
    std::size_t bytes = 0;
  };
  /// Drops ids of requests that are gone, once most are: so a queue stays within twice what is
  /// pending.
  void compact(std::deque<crypto::Digest>& ids, std::size_t alive);
  void forget(std::map<crypto::Digest, PendingRequest, ById>::iterator found);

  MempoolLimits limits_;
  std::map<crypto::Digest, PendingRequest, ById> pending_;
  std::vector<Queue> queues_;
  std::deque<crypto::Digest> arrivals_;  ///< of all, oldest first; entries already gone are skipped
  std::size_t bytes_ = 0;
  std::size_t waiting_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace powershare::protocol
