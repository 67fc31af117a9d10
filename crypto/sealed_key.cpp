#include "crypto/sealed_key.hpp"

#include <sodium.h>

#include "base/assert.hpp"
#include "crypto/error.hpp"

namespace powershare::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t box_bytes = nonce_bytes + tag_bytes + sizeof(Seed);
static_assert(nonce_bytes == 24 && tag_bytes == 16);
static_assert(crypto_pwhash_SALTBYTES == sizeof(SealedSeed::salt));

Error closed() {
  return {CryptoError::bad_key, "the password does not open this key"};
}

/// The key that the password gives; wiped when it goes.
class DerivedKey {
 public:
  DerivedKey(std::string_view password, const std::array<std::uint8_t, 16>& salt,
             const SealCost& cost) {
    derived_ = crypto_pwhash(key_.data(), key_.size(), password.data(), password.size(),
                             salt.data(), cost.passes, std::size_t{cost.memory_kib} * 1024,
                             crypto_pwhash_ALG_ARGON2ID13) == 0;
  }
  ~DerivedKey() { wipe(key_); }
  DerivedKey(const DerivedKey&) = delete;
  DerivedKey& operator=(const DerivedKey&) = delete;
  bool ok() const { return derived_; }
  const std::uint8_t* data() const { return key_.data(); }

 private:
  std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_KEYBYTES> key_{};
  bool derived_ = false;
};

}  // namespace

Result<SealedSeed> seal_seed(const Seed& seed, std::string_view password, ByteView bound_to,
                             const SealCost& cost) {
  SealedSeed sealed;
  sealed.cost = cost;
  random_bytes(sealed.salt);
  const DerivedKey key(password, sealed.salt, cost);
  if (!key.ok()) return Error{CryptoError::bad_key, "no memory to seal a key with"};
  sealed.box.resize(box_bytes);
  auto* nonce = sealed.box.data();
  random_bytes({nonce, nonce_bytes});
  const auto sealed_well = crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
      nonce + nonce_bytes + tag_bytes, nonce + nonce_bytes, nullptr, seed.data(), seed.size(),
      bound_to.data(), bound_to.size(), nullptr, nonce, key.data());
  PS_ASSERT(sealed_well == 0);
  return sealed;
}

Result<Seed> open_seed(const SealedSeed& sealed, std::string_view password, ByteView bound_to) {
  const DerivedKey key(password, sealed.salt, sealed.cost);
  if (!key.ok() || sealed.box.size() != box_bytes) return closed();
  Seed seed{};
  const auto* nonce = sealed.box.data();
  if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
          seed.data(), nullptr, nonce + nonce_bytes + tag_bytes, seed.size(), nonce + nonce_bytes,
          bound_to.data(), bound_to.size(), nonce, key.data()) != 0) {
    return closed();
  }
  return seed;
}

void pretend_to_open(std::string_view password) {
  const DerivedKey key(password, {}, SealCost{});
  static_cast<void>(key.ok());
}

}  // namespace powershare::crypto
