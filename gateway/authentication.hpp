// API keys (header x-api-key): kept as SHA-256 only, compared in constant time.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/gateway.hpp"

namespace powershare::gateway {

class Authenticator {
 public:
  explicit Authenticator(std::vector<ApiKey> keys) : keys_(std::move(keys)) {}
  /// The entry that `key` belongs to; takes the same time whichever it is, and when it is none.
  std::optional<ApiKey> find(std::string_view key) const;

 private:
  std::vector<ApiKey> keys_;
};

}  // namespace powershare::gateway
