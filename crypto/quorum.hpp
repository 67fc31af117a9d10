// Quorums and quorum certificates: the one place that knows how many are enough (DECISIONS 3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"

namespace powershare::crypto {

/// The most faulty peers that a group of n may have: floor((n − 1) / 3).
constexpr std::uint32_t max_faulty(std::uint32_t n) {
  return (n - 1) / 3;
}
/// The votes that any two groups share an honest member in: ceil((n + f + 1) / 2). "2f+1" in the
/// papers, where n = 3f + 1.
constexpr std::uint32_t quorum(std::uint32_t n) {
  return (n + max_faulty(n) + 2) / 2;
}
/// The votes among which one is honest: f + 1.
constexpr std::uint32_t weak_quorum(std::uint32_t n) {
  return max_faulty(n) + 1;
}

static_assert(quorum(4) == 3 && quorum(5) == 4 && quorum(6) == 4 && quorum(7) == 5 &&
              quorum(10) == 7);

/// One member's signature; `signer` is its index in the epoch's list of members.
struct Endorsement {
  std::uint32_t signer = 0;
  Signature signature{};
  friend bool operator==(const Endorsement&, const Endorsement&) = default;
};

/// Signatures of distinct members, in rising order of index, over one and the same statement.
struct QuorumCertificate {
  std::vector<Endorsement> endorsements;
  void encode(Encoder& out) const;
  /// Not more than `max_signers` endorsements, in strictly rising order of signer; else the decoder
  /// fails.
  static QuorumCertificate decode(Decoder& in, std::uint32_t max_signers = 128);
  friend bool operator==(const QuorumCertificate&, const QuorumCertificate&) = default;
};

/// Checks that at least quorum(members.size()) distinct members signed `statement`.
/// CryptoError::bad_certificate with the reason otherwise.
Result<void> verify_certificate(const QuorumCertificate& certificate, ByteView statement,
                                std::span<const PublicKey> members);

}  // namespace powershare::crypto
