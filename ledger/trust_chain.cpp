#include "ledger/trust_chain.hpp"

#include "ledger/error.hpp"

namespace powershare::ledger {
namespace {

Error unproven(std::string detail) {
  return {LedgerError::unproven, std::move(detail)};
}

std::string block_name(const Header& header) {
  return "block " + std::to_string(header.height);
}

/// Whether the headers are one piece of one chain.
Result<void> check_headers(const std::vector<Header>& headers, const Digest& genesis) {
  if (headers.empty()) return unproven("a proof without a header");
  if (headers.size() > max_proof_headers) return unproven("a proof with too many headers");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto& header = headers[i];
    if (header.genesis != genesis) return unproven(block_name(header) + " is of another genesis");
    if (header.version != Header::current_version || header.height == 0) {
      return unproven("not a header of a block");
    }
    if (i == 0) continue;
    const auto& before = headers[i - 1];
    if (header.previous != before.hash() || header.height != before.height + 1 ||
        header.epoch < before.epoch || header.sequence <= before.sequence) {
      return unproven("broken chain: " + block_name(header) + " does not follow on " +
                      block_name(before));
    }
  }
  return {};
}

/// A quorum of distinct members, in rising order, over the header's statement.
Result<void> check_certificate(const Header& header, const crypto::QuorumCertificate& certificate,
                               const TrustedEpoch& epoch, const SignatureCheck& check) {
  const auto where = "the certificate of " + block_name(header) + ": ";
  const auto& endorsements = certificate.endorsements;
  const auto size = static_cast<std::uint32_t>(epoch.members.size());
  for (std::size_t i = 0; i < endorsements.size(); ++i) {
    const auto signer = endorsements[i].signer;
    if (signer >= size) {
      return unproven(where + "unknown member " + std::to_string(signer) + " of epoch " +
                      std::to_string(epoch.number));
    }
    if (i == 0 || signer > endorsements[i - 1].signer) continue;
    return unproven(where + (signer == endorsements[i - 1].signer
                                 ? "member " + epoch.members[signer].peer.text() + " stands twice"
                                 : std::string("the signers do not stand in order")));
  }
  const auto needed = crypto::quorum(size);
  if (endorsements.size() < needed) {
    return unproven(where + "too few signers: " + std::to_string(endorsements.size()) + " of " +
                    std::to_string(needed));
  }
  const auto statement = block_statement(epoch.genesis, epoch.number, header.height, header.hash());
  for (const auto& endorsement : endorsements) {
    const auto& member = epoch.members[endorsement.signer];
    if (!check(member.consensus_key, statement, endorsement.signature)) {
      return unproven(where + "the signature of " + member.peer.text() + " does not verify");
    }
  }
  return {};
}

}  // namespace

bool verify_signature(const PublicKey& key, ByteView statement,
                      const crypto::Signature& signature) {
  return crypto::verify(key, statement, signature);
}

TrustedEpoch first_epoch(const Genesis& genesis) {
  return {genesis.hash(), 0, genesis.members};
}

Result<void> verify_header_proof(const HeaderProof& proof, const TrustedEpoch& epoch,
                                 const SignatureCheck& check) {
  if (auto chained = check_headers(proof.headers, epoch.genesis); !chained) return chained;
  const auto& last = proof.headers.back();
  if (last.epoch != epoch.number) {
    return unproven(block_name(last) + " is of epoch " + std::to_string(last.epoch) +
                    ", the members are those of epoch " + std::to_string(epoch.number));
  }
  return check_certificate(last, proof.certificate, epoch, check);
}

Result<TrustedEpoch> follow_link(const TrustedEpoch& epoch, const EpochLink& link,
                                 const SignatureCheck& check) {
  const auto next = epoch.number + 1;
  const auto where = "epoch " + std::to_string(next) + ": ";
  if (auto proven = verify_header_proof(link.proof, epoch, check); !proven) {
    return unproven(where + proven.error().detail());
  }
  const auto& header = link.proof.headers.front();
  // A header of an earlier epoch commits to that epoch's successor, which may have other members.
  if (header.epoch != epoch.number) {
    return unproven(where + block_name(header) + " is not of the epoch before");
  }
  if (auto members = check_members(link.members); !members) {
    return unproven(where + members.error().detail());
  }
  if (members_hash(link.members) != header.next_members) {
    return unproven(where + block_name(header) + " commits to other members");
  }
  return TrustedEpoch{epoch.genesis, next, link.members};
}

Result<Header> verify_block_proof(const Genesis& genesis, const BlockProof& proof,
                                  const SignatureCheck& check) {
  if (proof.epochs.size() > max_proof_epochs) return unproven("a proof with too many epochs");
  auto epoch = first_epoch(genesis);
  std::uint64_t height = 0;
  for (const auto& link : proof.epochs) {
    auto next = follow_link(epoch, link, check);
    if (!next) return next.error();
    const auto& header = link.proof.headers.front();
    if (header.height <= height) {
      return unproven("broken chain: " + block_name(header) + " ends epoch " +
                      std::to_string(epoch.number) + " before it began");
    }
    height = header.height;
    epoch = *std::move(next);
  }
  if (auto proven = verify_header_proof(proof.block, epoch, check); !proven) return proven.error();
  return proof.block.headers.front();
}

}  // namespace powershare::ledger
