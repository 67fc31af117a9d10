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

/// Bounded; the oldest entry goes first. Safe from any thread.
class VerifiedRequests {
 public:
  /// What the check finds out of a request that passes.
  struct Verified {
    UtcMillis expires;
    std::uint32_t feature_level = 1;  ///< the lowest that knows it
  };
  /// The whole stateless check but for the batch's time and level; nothing where the request does
  /// not pass at any.
  using Check = std::function<std::optional<Verified>(ByteView request)>;

  explicit VerifiedRequests(Check check) : check_(std::move(check)) {}

  /// As wire::stateless_check: format, limits, chain, signature, expiry against `batch_time`, and
  /// whether the feature level of the batch's epoch knows it; remembered when good.
  bool check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level);
  /// Verifies ahead of the check, for requests that consensus will see next. False where it does
  /// not pass.
  bool warm(ByteView request);
  /// Notes a request that the caller has checked itself.
  void remember(const crypto::Digest& id, const Verified& request);

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
  /// What is known of a request that passed; nothing where it does not pass.
  std::optional<Verified> verified(ByteView request);

  const Check check_;
  std::mutex mutex_;
  std::unordered_map<crypto::Digest, Verified, FirstBytes> entries_;
  std::deque<crypto::Digest> order_;
};

}  // namespace powershare::actors
