// API keys (header x-api-key): kept as SHA-256 only, compared in constant time.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/gateway.hpp"
#include "ledger/state_reader.hpp"

namespace powershare::gateway {

class Authenticator {
 public:
  explicit Authenticator(std::vector<ApiKey> keys) : keys_(std::move(keys)) {}
  /// The entry that `key` belongs to; takes the same time whichever it is, and when it is none.
  std::optional<ApiKey> find(std::string_view key) const;
  /// The key that the chain knows, and that has not expired at `now`. It is looked up by its hash,
  /// which tells nobody anything about the key.
  static std::optional<ApiKey> find_in_ledger(const ledger::StateReader& state,
                                              std::string_view key, UtcMillis now);

 private:
  std::vector<ApiKey> keys_;
};

}  // namespace powershare::gateway
