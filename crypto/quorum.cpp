#include "crypto/quorum.hpp"

#include "crypto/error.hpp"

namespace powershare::crypto {

void QuorumCertificate::encode(Encoder& out) const {
  out.u32(static_cast<std::uint32_t>(endorsements.size()));
  for (const auto& endorsement : endorsements) {
    out.u32(endorsement.signer).raw(endorsement.signature);
  }
}

QuorumCertificate QuorumCertificate::decode(Decoder& in, std::uint32_t max_signers) {
  QuorumCertificate certificate;
  const auto count = in.count(max_signers, 4 + 64);
  for (std::uint32_t i = 0; i < count; ++i) {
    Endorsement endorsement;
    endorsement.signer = in.u32();
    endorsement.signature = in.array<64>();
    if (i > 0 && endorsement.signer <= certificate.endorsements.back().signer) in.fail();
    certificate.endorsements.push_back(endorsement);
  }
  return certificate;
}

Result<void> verify_certificate(const QuorumCertificate& certificate, ByteView statement,
                                std::span<const PublicKey> members) {
  const auto& endorsements = certificate.endorsements;
  if (members.empty() || endorsements.size() < quorum(static_cast<std::uint32_t>(members.size()))) {
    return Error{CryptoError::bad_certificate, "fewer signers than a quorum"};
  }
  for (std::size_t i = 0; i < endorsements.size(); ++i) {
    if (endorsements[i].signer >= members.size()) {
      return Error{CryptoError::bad_certificate, "a signer who is not a member"};
    }
    if (i > 0 && endorsements[i].signer <= endorsements[i - 1].signer) {
      return Error{CryptoError::bad_certificate, "signers not in strictly rising order"};
    }
    if (!verify(members[endorsements[i].signer], statement, endorsements[i].signature)) {
      return Error{CryptoError::bad_certificate, "a signature that does not verify"};
    }
  }
  return {};
}

}  // namespace powershare::crypto
