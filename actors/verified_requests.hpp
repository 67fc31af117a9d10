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

  /// As wire::stateless_check: format, limits, chain, signature, and expiry against `batch_time`;
  /// remembered when good.
  bool check(ByteView request, UtcMillis batch_time);
  /// Verifies ahead of the check, for requests inside a proposal that consensus will see next.
  void warm(ByteView request);

 private:
  static constexpr std::size_t max_entries = 65'536;
  /// The expiry of a request that passed; nothing where it does not pass.
  std::optional<UtcMillis> expiry_of(ByteView request);

  crypto::Digest genesis_;
  std::mutex mutex_;
  std::map<crypto::Digest, UtcMillis> expiry_;
  std::deque<crypto::Digest> order_;
};

}  // namespace powershare::actors
