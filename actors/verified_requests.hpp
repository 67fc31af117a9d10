// Requests whose stateless check has passed on this peer, so that each signature is verified once:
// by the gateway or the verifier pool, not again by consensus (DECISIONS 4).
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace powershare::actors {

/// What is known of a request that passed its check.
struct VerifiedRequest {
  UtcMillis expires;
  std::uint32_t feature_level = 1;  ///< the lowest that knows what it holds
};

/// Bounded; the oldest entry goes first. Safe from any thread.
class VerifiedRequests {
 public:
  /// The whole stateless check but for the batch's time and the epoch's feature level; nothing
  /// where the request does not pass.
  using Check = std::function<std::optional<VerifiedRequest>(ByteView request)>;

  explicit VerifiedRequests(Check check) : check_(std::move(check)) {}

  /// As wire::stateless_check: format, limits, chain, signature, expiry against `batch_time`, and
  /// whether the feature level of the batch's epoch knows it; remembered when good.
  bool check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level);
  /// Verifies ahead of the check, for requests that consensus will see next. False where it does
  /// not pass.
  bool warm(ByteView request);
  /// Notes a request that the caller has checked itself.
  void remember(const crypto::Digest& id, const VerifiedRequest& entry);

 private:
  static constexpr std::size_t max_entries = 65'536;
  /// Any eight bytes of a hash are a hash.
  struct FirstBytes {
    std::size_t operator()(const crypto::Digest& id) const {
      std::size_t value = 0;
      std::memcpy(&value, id.data(), sizeof value);
      return value;
    }
  };
  std::optional<VerifiedRequest> verified(ByteView request);

  const Check check_;
  std::mutex mutex_;
  std::unordered_map<crypto::Digest, VerifiedRequest, FirstBytes> entries_;
  std::deque<crypto::Digest> order_;
};

}  // namespace powershare::actors
