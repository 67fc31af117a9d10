#include "protocol/pbft/committee.hpp"

#include "ledger/header.hpp"
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/certificate.hpp"

namespace powershare::pbft {

Bytes signed_statement(const Digest& genesis, std::uint64_t epoch, MessageType type,
                       ByteView body) {
  if (type == MessageType::block_vote) {
    if (const auto vote = BlockVote::decode(body)) {
      return ledger::block_statement(genesis, epoch, vote->height, vote->header_hash);
    }
  }
  if (type == MessageType::pre_prepare && body.size() > Vote::encoded_bytes) {
    body = body.first(Vote::encoded_bytes);
  }
  return Encoder()
      .raw(as_bytes("powershare/pbft/1"))
      .raw(planted(Bug::chain_not_signed) ? Digest{} : genesis)
      .u64(epoch)
      .u8(static_cast<std::uint8_t>(type))
      .raw(body)
      .data();
}

Bytes Committee::statement(MessageType type, ByteView body) const {
  return signed_statement(genesis, epoch, type, body);
}

}  // namespace powershare::pbft
