// SHA-256, the only hash function of the project (DECISIONS 9): so that a browser can check
// everything.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace powershare::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView data);

/// SHA-256 of a message that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256& update(ByteView data);
  /// Ends the message; the object must not be used after it.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline std::string to_hex(const Digest& digest) {
  return powershare::to_hex(ByteView(digest));
}
/// 64 hexadecimal digits. CryptoError::malformed.
Result<Digest> digest_from_hex(std::string_view text);
inline bool is_zero(const Digest& digest) {
  return digest == Digest{};
}

}  // namespace powershare::crypto
