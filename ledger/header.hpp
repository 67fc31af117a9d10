// The header of a block: what the block certificate signs (DECISIONS 1, 2).
#pragma once

#include "base/encoding.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/quorum.hpp"

namespace powershare::ledger {

using crypto::Digest;

/// No view, proposer or signature: two replicas may commit the same batch in different views.
/// Null batches make no block, so height and sequence differ.
struct Header {
  static constexpr std::uint8_t current_version = 1;
  static constexpr std::size_t encoded_bytes = 1 + 32 + 8 + 8 + 8 + 8 + 6 * 32;

  std::uint8_t version = current_version;
  Digest genesis{};            ///< hash of the genesis: the chain's domain in every signature
  std::uint64_t epoch = 0;     ///< membership epoch whose members agreed on this block
  std::uint64_t height = 0;    ///< 1 for the first block; the genesis state is height 0
  std::uint64_t sequence = 0;  ///< PBFT sequence number
  UtcMillis time;              ///< agreed: max(previous block's time, proposed)
  Digest previous{};           ///< hash of the previous header; of the genesis for height 1
  Digest transactions_root{};  ///< RFC 6962 root over the transactions as submitted
  Digest receipts_root{};      ///< RFC 6962 root over the encoded receipts
  Digest outbox_root{};        ///< RFC 6962 root over the messages to parent and children
  Digest state_root{};         ///< compact sparse Merkle root after this block
  Digest next_members{};       ///< SHA-256 of the encoded members of the next epoch

  Bytes encode() const;
  static Result<Header> decode(ByteView bytes);
  Digest hash() const { return crypto::sha256(encode()); }
  friend bool operator==(const Header&, const Header&) = default;
};

/// What a peer signs for a block: "powershare/block/1" ‖ genesis hash ‖ epoch ‖ height ‖ header
/// hash. q of these signatures are the block certificate that anyone with the genesis verifies
/// offline.
Bytes block_statement(const Digest& genesis, std::uint64_t epoch, std::uint64_t height,
                      const Digest& header_hash);

}  // namespace powershare::ledger
