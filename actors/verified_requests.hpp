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
  /// What the check depends on besides the request.
  struct Passed {
    UtcMillis expires;
    std::uint32_t feature_level = 1;  ///< below it the request is malformed
  };
  /// The whole stateless check but for the batch's time and its epoch's feature level; nothing
  /// where it does not pass.
  using Check = std::function<std::optional<Passed>(ByteView request)>;

  explicit VerifiedRequests(Check check) : check_(std::move(check)) {}

  /// As wire::stateless_check: format, limits, chain, signature, expiry against `batch_time`, and
  /// nothing above the feature level of the batch's epoch; remembered when good.
  bool check(ByteView request, UtcMillis batch_time, std::uint32_t feature_level);
  /// Verifies ahead of the check, for requests that consensus will see next. False where it does
  /// not pass.
  bool warm(ByteView request);
  /// Notes a request that the caller has checked itself.
  void remember(const crypto::Digest& id, const Passed& passed);

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
  std::optional<Passed> passed(ByteView request);

  const Check check_;
  std::mutex mutex_;
  std::unordered_map<crypto::Digest, Passed, FirstBytes> passed_;
  std::deque<crypto::Digest> order_;
};

}  // namespace powershare::actors
