// Ed25519 keys and signatures (libsodium), and secrets that leave no trace in memory.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace powershare::crypto {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
/// The 32 random bytes that an Ed25519 key pair is made from; what a key file holds.
using Seed = std::array<std::uint8_t, 32>;

/// Must be called once before anything of this room is used from several threads; calling it again
/// is harmless.
void initialise();

/// An Ed25519 key pair. The secret half is wiped when the object goes and is never printed.
class KeyPair {
 public:
  static KeyPair from_seed(const Seed& seed);
  /// A new pair from the system's randomness.
  static KeyPair generate();
  KeyPair(const KeyPair&) = default;
  KeyPair(KeyPair&&) = default;
  KeyPair& operator=(const KeyPair&) = default;
  KeyPair& operator=(KeyPair&&) = default;
  ~KeyPair();

  const PublicKey& public_key() const { return public_key_; }
  Signature sign(ByteView message) const;
  /// What from_seed() makes this pair from again; for writing the key file.
  Seed seed() const;

 private:
  KeyPair() = default;
  PublicKey public_key_{};
  std::array<std::uint8_t, 64> secret_key_{};
};

bool verify(const PublicKey& key, ByteView message, const Signature& signature);

/// Fills `out` from the system's randomness.
void random_bytes(std::span<std::uint8_t> out);
/// Compares in a time that depends on the lengths only.
bool constant_time_equal(ByteView left, ByteView right);
/// Overwrites a secret so that the compiler cannot leave it out.
void wipe(std::span<std::uint8_t> secret);

}  // namespace powershare::crypto
