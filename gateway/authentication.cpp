#include "gateway/authentication.hpp"

#include "crypto/keys.hpp"

namespace powershare::gateway {

Digest hash_api_key(std::string_view key) {
  return crypto::sha256(as_bytes(key));
}

std::optional<ApiKey> Authenticator::find(std::string_view key) const {
  // A key of sensible length only; the hash of a huge header would be work for nothing.
  if (key.empty() || key.size() > 256) return std::nullopt;
  const auto hash = hash_api_key(key);
  const ApiKey* found = nullptr;
  for (const auto& candidate : keys_) {
    if (crypto::constant_time_equal(hash, candidate.hash)) found = &candidate;
  }
  return found != nullptr ? std::optional<ApiKey>(*found) : std::nullopt;
}

}  // namespace powershare::gateway
