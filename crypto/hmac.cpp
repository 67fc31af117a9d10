#include "crypto/hmac.hpp"

#include <array>

#include "base/encoding.hpp"

namespace powershare::crypto {

Digest hmac_sha256(ByteView key, ByteView message) {
  constexpr std::size_t block_bytes = 64;
  std::array<std::uint8_t, block_bytes> inner{}, outer{};
  const auto hashed = key.size() > block_bytes ? sha256(key) : Digest{};
  const ByteView used = key.size() > block_bytes ? ByteView(hashed) : key;
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const std::uint8_t byte = i < used.size() ? used[i] : 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  const auto digest = sha256(Encoder().raw(inner).raw(message).data());
  return sha256(Encoder().raw(outer).raw(digest).data());
}

}  // namespace powershare::crypto
