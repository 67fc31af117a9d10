#include "crypto/hash.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/assert.hpp"
#include "crypto/error.hpp"

namespace powershare::crypto {
namespace {

/// Fetched once: EVP_sha256() looks the algorithm up again at every digest, which costs more than
/// hashing a Merkle node.
const EVP_MD* algorithm() {
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return sha256;
}

EVP_MD_CTX* new_context() {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  PS_ASSERT(context != nullptr);
  return context;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{new_context()};
};

Digest sha256(ByteView data) {
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{new_context()};
  Digest digest;
  const bool hashed = EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  PS_ASSERT(hashed);
  return digest;
}

Sha256::Sha256() : state_(std::make_unique<State>()) {
  PS_ASSERT(EVP_DigestInit_ex2(state_->context.get(), algorithm(), nullptr) == 1);
}

Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView data) {
  PS_ASSERT(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
  return *this;
}

Digest Sha256::finish() {
  Digest digest;
  PS_ASSERT(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Result<Digest> digest_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  Digest digest{};
  if (!bytes || bytes->size() != digest.size()) {
    return Error{CryptoError::malformed, "not a SHA-256 digest of 64 hexadecimal digits"};
  }
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace powershare::crypto
