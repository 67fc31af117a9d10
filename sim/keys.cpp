#include "sim/keys.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace powershare::sim {

Keys::Keys(std::uint32_t signers, std::uint64_t seed, bool real, std::string_view purpose)
    : real_(real) {
  for (std::uint32_t signer = 0; signer < signers; ++signer) {
    const auto material = crypto::sha256(
        Encoder().raw(as_bytes("sim key")).text(purpose).u64(seed).u32(signer).data());
    if (real_) {
      pairs_.push_back(crypto::KeyPair::from_seed(material));
      public_.push_back(pairs_.back().public_key());
    } else {
      public_.push_back(material);
    }
    index_[public_.back()] = signer;
  }
}

crypto::Signature Keys::sign(std::uint32_t signer, ByteView statement) const {
  if (real_) return pairs_[signer].sign(statement);
  const auto tag = crypto::sha256(
      Encoder().raw(as_bytes("sim oracle")).raw(public_[signer]).raw(statement).data());
  crypto::Signature signature{};
  std::copy(tag.begin(), tag.end(), signature.begin());
  return signature;
}

bool Keys::verify(const crypto::PublicKey& signer, ByteView statement,
                  const crypto::Signature& signature) const {
  if (real_) return crypto::verify(signer, statement, signature);
  const auto found = index_.find(signer);
  return found != index_.end() && sign(found->second, statement) == signature;
}

}  // namespace powershare::sim
