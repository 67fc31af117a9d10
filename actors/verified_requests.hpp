// Requests whose stateless check has passed on this peer, so that each signature is verified once:
// by the gateway or the verifier pool, not again by consensus (DECISIONS 4).
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace powershare::actors {

/// Bounded; the oldest entry goes first. Safe from any thread.
class VerifiedRequests {
 public:
  explicit VerifiedRequests(crypto::Digest genesis) : genesis_(genesis) {}

  /// As wire::stateless_check: format, limits, chain, signature, expiry against `batch_time`, and
  /// whether the feature level of the batch's epoch knows it; remembered when good.
  bool check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level);
  /// Verifies ahead of the check, for requests inside a proposal that consensus will see next.
  void warm(ByteView request);

 private:
  static constexpr std::size_t max_entries = 65'536;
  struct Entry {
    UtcMillis expires;
    std::uint32_t feature_level = 1;
  };
  /// What is known of a request that passed; nothing where it does not pass at any level.
  std::optional<Entry> verified(ByteView request);

  crypto::Digest genesis_;
  std::mutex mutex_;
  std::map<crypto::Digest, Entry> entries_;
  std::deque<crypto::Digest> order_;
};

}  // namespace powershare::actors
