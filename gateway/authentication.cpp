#include "gateway/authentication.hpp"

#include "crypto/keys.hpp"
#include "ledger/identities.hpp"

namespace powershare::gateway {

Digest hash_api_key(std::string_view key) {
  return crypto::sha256(as_bytes(key));
}

namespace {

/// A key of sensible length only; the hash of a huge header would be work for nothing.
bool is_sensible(std::string_view key) {
  return !key.empty() && key.size() <= 256;
}

}  // namespace

std::optional<ApiKey> Authenticator::find_in_ledger(const ledger::StateReader& state,
                                                    std::string_view key, UtcMillis now) {
  if (!is_sensible(key)) return std::nullopt;
  const auto found = ledger::find_api_key(state, hash_api_key(key));
  if (!found || (found->expires.value != 0 && found->expires <= now)) return std::nullopt;
  return ApiKey{found->hash, found->role, found->label, found->max_requests_per_second};
}

std::optional<ApiKey> Authenticator::find(std::string_view key) const {
  if (!is_sensible(key)) return std::nullopt;
  const auto hash = hash_api_key(key);
  const ApiKey* found = nullptr;
  for (const auto& candidate : keys_) {
    if (crypto::constant_time_equal(hash, candidate.hash)) found = &candidate;
  }
  return found != nullptr ? std::optional<ApiKey>(*found) : std::nullopt;
}

}  // namespace powershare::gateway
