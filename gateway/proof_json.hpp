// Members, epochs and proofs of blocks as JSON: what GET /v1/members and
// GET /v1/blocks/{height}/certificate say, and what `powershare verify-certificate` reads.
#pragma once

#include <string>

#include "gateway/json.hpp"
#include "gateway/ports.hpp"
#include "ledger/membership.hpp"
#include "ledger/trust_chain.hpp"

namespace powershare::gateway {

/// [{"index","peer","consensus_key","gateway_key","transport_key"}], keys in hex.
void write_members(json::Writer& out, const std::vector<ledger::Member>& members);

/// The proof of one block, from the genesis on. Nothing where this peer has no certificate at or
/// above it yet; GatewayError::not_certified where it lacks one of an epoch before.
Result<std::optional<ledger::BlockProof>> collect_proof(const ChainView& view,
                                                        std::uint64_t height);
/// `proof` has a header; `first_members`, of epoch 0, name signers for people.
void write_proof(json::Writer& out, const ledger::BlockProof& proof,
                 const std::vector<ledger::Member>& first_members);
/// Reads what write_proof() wrote: bytes of headers, members and signatures; the fields that repeat
/// them for people are compared with them. GatewayError::bad_parameter with the first fault.
Result<ledger::BlockProof> read_proof(const json::Value& value);
/// As read_proof, for a file of up to 64 MiB.
Result<ledger::BlockProof> parse_proof(std::string_view text);

std::string members_schema();
std::string proof_schema();

}  // namespace powershare::gateway
