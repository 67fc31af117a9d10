#include "crypto/keys.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/assert.hpp"

namespace powershare::crypto {

void initialise() {
  PS_ASSERT(sodium_init() >= 0);
}

KeyPair KeyPair::from_seed(const Seed& seed) {
  KeyPair pair;
  PS_ASSERT(
      crypto_sign_seed_keypair(pair.public_key_.data(), pair.secret_key_.data(), seed.data()) == 0);
  return pair;
}

KeyPair KeyPair::generate() {
  Seed seed;
  random_bytes(seed);
  auto pair = from_seed(seed);
  wipe(seed);
  return pair;
}

KeyPair::~KeyPair() {
  wipe(secret_key_);
}

Signature KeyPair::sign(ByteView message) const {
  Signature signature;
  PS_ASSERT(crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                                 secret_key_.data()) == 0);
  return signature;
}

Seed KeyPair::seed() const {
  Seed seed;
  PS_ASSERT(crypto_sign_ed25519_sk_to_seed(seed.data(), secret_key_.data()) == 0);
  return seed;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

void random_bytes(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}

bool constant_time_equal(ByteView left, ByteView right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) {
  sodium_memzero(secret.data(), secret.size());
}

}  // namespace powershare::crypto
