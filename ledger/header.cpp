#include "ledger/header.hpp"

#include "ledger/error.hpp"

namespace powershare::ledger {

Bytes Header::encode() const {
  return Encoder()
      .u8(version)
      .raw(genesis)
      .u64(epoch)
      .u64(height)
      .u64(sequence)
      .time(time)
      .raw(previous)
      .raw(transactions_root)
      .raw(receipts_root)
      .raw(outbox_root)
      .raw(state_root)
      .raw(next_members)
      .data();
}

Result<Header> Header::decode(ByteView bytes) {
  Decoder in(bytes);
  Header header;
  header.version = in.u8();
  header.genesis = in.array<32>();
  header.epoch = in.u64();
  header.height = in.u64();
  header.sequence = in.u64();
  header.time = in.time();
  header.previous = in.array<32>();
  header.transactions_root = in.array<32>();
  header.receipts_root = in.array<32>();
  header.outbox_root = in.array<32>();
  header.state_root = in.array<32>();
  header.next_members = in.array<32>();
  if (!in.finished() || header.version != current_version) {
    return Error{LedgerError::malformed, "not a block header of a known version"};
  }
  return header;
}

Bytes block_statement(const Digest& genesis, std::uint64_t epoch, std::uint64_t height,
                      const Digest& header_hash) {
  return Encoder()
      .raw(as_bytes("powershare/block/1"))
      .raw(genesis)
      .u64(epoch)
      .u64(height)
      .raw(header_hash)
      .data();
}

}  // namespace powershare::ledger
