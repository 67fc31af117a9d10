// A private key's seed, sealed under a password (DECISIONS 59): XChaCha20-Poly1305 under
// Argon2id(password), both libsodium's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "crypto/keys.hpp"

namespace powershare::crypto {

/// What Argon2id costs whoever tries a password, and whoever opens with it.
struct SealCost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
};

struct SealedSeed {
  std::array<std::uint8_t, 16> salt{};
  SealCost cost;
  Bytes box;  ///< 24 nonce ‖ 16 tag ‖ 32 seed, encrypted
};

/// Takes tens of milliseconds and `cost.memory_kib` of memory: never on a thread that answers
/// others. `bound_to` must be the same when it is opened. CryptoError::bad_key where the memory is
/// not to be had or the cost is outside of what libsodium takes.
Result<SealedSeed> seal_seed(const Seed& seed, std::string_view password, ByteView bound_to,
                             const SealCost& cost = {});
/// CryptoError::bad_key where the password is not the one, or anything has been changed; in the
/// same time as when it is.
Result<Seed> open_seed(const SealedSeed& sealed, std::string_view password, ByteView bound_to);
/// Takes the time of open_seed() at the default cost and opens nothing: for names that are not
/// known.
void pretend_to_open(std::string_view password);

}  // namespace powershare::crypto
