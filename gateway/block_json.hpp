// Blocks, transactions, receipts, certificates and Merkle proofs as JSON of /v1.
#pragma once

#include "crypto/merkle_list.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/ports.hpp"

namespace powershare::gateway {

void write_header(json::Writer& out, const ledger::Header& header);
/// {"id","type","principal","idempotency_key","expires","signer","payload","bytes"}; where the
/// bytes do not decode, all but id and bytes are null. Of one that the viewer may not see there are
/// only id and type, and "leaf", its hash in the block's tree, so that proofs still verify.
void write_transaction(json::Writer& out, ByteView bytes, const ledger::TransactionDecoder& decode,
                       const Viewer& viewer);
void write_receipt(json::Writer& out, const ledger::Receipt& receipt);
/// null, or what the certificate's signers signed and their signatures; `state` knows the members
/// of all epochs, by which signers are named.
void write_certificate(json::Writer& out, const BlockRecord& block,
                       const ledger::StateReader& state);
void write_block(json::Writer& out, const BlockRecord& block, const ledger::StateReader& state,
                 const Ports& ports, const Viewer& viewer);

/// RFC 6962 audit path of item `index` of `items`, as {"leaf","index","size","path","root"}, hashes
/// in hex.
void write_proof(json::Writer& out, const std::vector<Bytes>& items, std::size_t index);

}  // namespace powershare::gateway
