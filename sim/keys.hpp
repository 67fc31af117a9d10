// Signatures for simulations: a keyed hash whose keys only the oracle has, so that no simulated
// adversary can forge; or real Ed25519 (DECISIONS 36).
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/ports.hpp"

namespace powershare::sim {

/// The keys of one group of signers, as the members of a chain or its clients.
class Keys {
 public:
  /// `purpose` keeps groups of the same seed apart.
  Keys(std::uint32_t signers, std::uint64_t seed, bool real, std::string_view purpose = "members");
  const std::vector<crypto::PublicKey>& public_keys() const { return public_; }
  bool real() const { return real_; }
  crypto::Signature sign(std::uint32_t signer, ByteView statement) const;
  /// As the owner of one of these keys.
  crypto::Signature sign_as(const crypto::PublicKey& signer, ByteView statement) const {
    return sign(index_.at(signer), statement);
  }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const;

 private:
  bool real_;
  std::vector<crypto::KeyPair> pairs_;
  std::vector<crypto::PublicKey> public_;
  std::map<crypto::PublicKey, std::uint32_t> index_;
};

/// One member's half of them.
class OracleSignatory final : public protocol::Signatory {
 public:
  /// `newer`: its second key, for when its first is replaced; it owns both all the time.
  OracleSignatory(const Keys& keys, std::uint32_t member,
                  std::optional<std::uint32_t> newer = std::nullopt)
      : keys_(keys), member_(member), newer_(newer.value_or(member)) {}
  bool owns(const crypto::PublicKey& key) const override {
    return key == keys_.public_keys()[member_] || key == keys_.public_keys()[newer_];
  }
  crypto::Signature sign(const crypto::PublicKey& as, ByteView statement) const override {
    return keys_.sign(as == keys_.public_keys()[member_] ? member_ : newer_, statement);
  }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const override {
    return keys_.verify(signer, statement, signature);
  }

 private:
  const Keys& keys_;
  std::uint32_t member_;
  std::uint32_t newer_;
};

}  // namespace powershare::sim
