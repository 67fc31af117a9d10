// Headers, receipts, certificates and proofs, as strangers send them.
#include "crypto/merkle_list.hpp"
#include "crypto/quorum.hpp"
#include "crypto/sparse_merkle_tree.hpp"
#include "ledger/header.hpp"
#include "ledger/receipt.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;
using fuzz::require_same;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto header = ledger::Header::decode(input)) require_same(header->encode(), input);
  if (const auto receipt = ledger::Receipt::decode(input)) require_same(receipt->encode(), input);

  Decoder in(input);
  const auto certificate = crypto::QuorumCertificate::decode(in);
  if (in.finished()) {
    Encoder out;
    certificate.encode(out);
    require_same(out.data(), input);
    // Nobody can sign for members whose keys are hashes of nothing.
    const std::vector<crypto::PublicKey> members(4, crypto::sha256({}));
    require(!crypto::verify_certificate(certificate, input, members).ok());
  }

  // Proofs of any shape are safe to verify, and none leads to a root that it was not made for.
  Decoder proof(input);
  crypto::MerkleProof path{.index = proof.u64(), .size = proof.u64(), .path = {}};
  crypto::SparseProof sparse;
  while (proof.ok() && proof.remaining() >= 32) {
    path.path.push_back(proof.array<32>());
    sparse.siblings.push_back(path.path.back());
  }
  const auto root = crypto::sha256(as_bytes("no list and no state has this root"));
  require(!crypto::verify_merkle_proof(crypto::sha256(input), path, root));
  require(!crypto::verify_sparse_proof(root, crypto::sha256(input), std::nullopt, sparse));
  return 0;
}
