// From the genesis to any block, offline: who the members of each epoch are, and that a quorum of
// them signed the block (DECISIONS 1, 2; docs/adr/0011). Pure, and the one place that checks it:
// for auditors, for peers that catch up, for parents and children of this chain.
#pragma once

#include <functional>
#include <vector>

#include "crypto/quorum.hpp"
#include "ledger/genesis.hpp"
#include "ledger/header.hpp"

namespace powershare::ledger {

/// Consecutive headers, each the hash of the one before inside; a quorum signed the last of them.
struct HeaderProof {
  std::vector<Header> headers;
  crypto::QuorumCertificate certificate;
  friend bool operator==(const HeaderProof&, const HeaderProof&) = default;
};

/// How the members of an epoch are known: the first header of `proof`, of the epoch before and
/// certified by that epoch's members, holds their hash.
struct EpochLink {
  HeaderProof proof;
  std::vector<Member> members;
  friend bool operator==(const EpochLink&, const EpochLink&) = default;
};

/// A block's header with all that it takes to check it against the genesis.
struct BlockProof {
  std::vector<EpochLink> epochs;  ///< into epochs 1, 2, … up to that of the block's certificate
  HeaderProof block;              ///< from the block's header on
  friend bool operator==(const BlockProof&, const BlockProof&) = default;
};

inline constexpr std::size_t max_proof_headers = 1024;  ///< of one HeaderProof
inline constexpr std::size_t max_proof_epochs = 4096;   ///< of one BlockProof

/// What is established: the members of one epoch of one chain.
struct TrustedEpoch {
  Digest genesis{};
  std::uint64_t number = 0;
  std::vector<Member> members;
};

/// True when `key` signed `statement`: Ed25519, or the simulator's oracle.
using SignatureCheck = std::function<bool(const PublicKey& key, ByteView statement,
                                          const crypto::Signature& signature)>;
/// Ed25519.
bool verify_signature(const PublicKey& key, ByteView statement, const crypto::Signature& signature);

/// Epoch 0, which the genesis itself names.
TrustedEpoch first_epoch(const Genesis& genesis);
/// The proof holds under the epoch's members: LedgerError::unproven with what is wrong otherwise.
/// The headers belong to that epoch or, but for the last, to earlier ones.
Result<void> verify_header_proof(const HeaderProof& proof, const TrustedEpoch& epoch,
                                 const SignatureCheck& check);
/// The epoch after `epoch`. LedgerError::unproven likewise.
Result<TrustedEpoch> follow_link(const TrustedEpoch& epoch, const EpochLink& link,
                                 const SignatureCheck& check);
/// The proven header: the first of proof.block. LedgerError::unproven with the first fault.
Result<Header> verify_block_proof(const Genesis& genesis, const BlockProof& proof,
                                  const SignatureCheck& check = verify_signature);

}  // namespace powershare::ledger
