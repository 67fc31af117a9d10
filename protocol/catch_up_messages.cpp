#include "protocol/catch_up_messages.hpp"

#include "protocol/pbft/error.hpp"

namespace powershare::protocol {
namespace {

constexpr std::size_t max_batch_bytes = 4 << 20;
constexpr std::size_t max_record_bytes = 4 << 20;

Error malformed(const char* detail) {
  return Error{ConsensusError::malformed, detail};
}

ledger::Header read_header(Decoder& in) {
  const auto header = ledger::Header::decode(in.raw(ledger::Header::encoded_bytes));
  if (!header) {
    in.fail();
    return {};
  }
  return *header;
}

}  // namespace

Bytes encode_fetch_blocks(const FetchBlocks& fetch) {
  return Encoder().u64(fetch.from_height).u64(fetch.epoch).data();
}

Result<FetchBlocks> decode_fetch_blocks(ByteView body) {
  Decoder in(body);
  FetchBlocks fetch;
  fetch.from_height = in.u64();
  fetch.epoch = in.u64();
  if (!in.finished() || fetch.from_height == 0) return malformed("not a FETCH-BLOCKS");
  return fetch;
}

Bytes encode_fetch_chunk(std::uint32_t index) {
  return Encoder().u32(index).data();
}

Result<std::uint32_t> decode_fetch_chunk(ByteView body) {
  Decoder in(body);
  const auto index = in.u32();
  if (!in.finished() || index >= manifest_subtrees) return malformed("not a FETCH-CHUNK");
  return index;
}

Bytes encode_blocks(const BlocksRead& blocks) {
  Encoder out;
  out.u64(blocks.from_height).u32(static_cast<std::uint32_t>(blocks.blocks.size()));
  for (const auto& block : blocks.blocks) {
    out.raw(block.header.encode());
    block.ordering.encode(out);
    out.bytes(block.batch);
  }
  out.u32(static_cast<std::uint32_t>(blocks.further_headers.size()));
  for (const auto& header : blocks.further_headers) out.raw(header.encode());
  out.boolean(blocks.certificate.has_value());
  if (blocks.certificate) blocks.certificate->encode(out);
  out.boolean(blocks.epoch_end.has_value());
  if (blocks.epoch_end) blocks.epoch_end->encode(out);
  return std::move(out).take();
}

Result<BlocksRead> decode_blocks(ByteView body, const CatchUpOptions& options) {
  Decoder in(body);
  BlocksRead blocks;
  blocks.from_height = in.u64();
  const auto count = in.count(options.max_blocks_per_answer, ledger::Header::encoded_bytes + 16);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    BlockRecord block;
    block.header = read_header(in);
    block.ordering = pbft::OrderingCertificate::decode(in);
    block.batch = to_bytes(in.bytes(max_batch_bytes));
    blocks.blocks.push_back(std::move(block));
  }
  const auto further = in.count(max_further_headers, ledger::Header::encoded_bytes);
  for (std::uint32_t i = 0; i < further && in.ok(); ++i) {
    blocks.further_headers.push_back(read_header(in));
  }
  if (in.boolean()) {
    blocks.certificate = crypto::QuorumCertificate::decode(in, pbft::max_members);
  }
  if (in.boolean()) blocks.epoch_end = pbft::CheckpointCertificate::decode(in);
  if (!in.finished()) return malformed("not BLOCKS");
  return blocks;
}

Bytes encode_manifest(const ManifestRead& manifest) {
  Encoder out;
  out.raw(manifest.head.header.encode());
  manifest.head.certificate.encode(out);
  for (const auto& subtree : manifest.level) {
    out.u8(static_cast<std::uint8_t>(subtree.kind)).raw(subtree.hash);
  }
  return std::move(out).take();
}

Result<ManifestRead> decode_manifest(ByteView body) {
  Decoder in(body);
  ManifestRead manifest;
  manifest.head.header = read_header(in);
  manifest.head.certificate = crypto::QuorumCertificate::decode(in, pbft::max_members);
  for (std::uint32_t i = 0; i < manifest_subtrees && in.ok(); ++i) {
    crypto::Subtree subtree;
    const auto kind = in.u8();
    if (kind > static_cast<std::uint8_t>(crypto::SubtreeKind::inner)) in.fail();
    subtree.kind = static_cast<crypto::SubtreeKind>(kind);
    subtree.hash = in.array<32>();
    manifest.level.push_back(subtree);
  }
  if (!in.finished()) return malformed("not a MANIFEST");
  return manifest;
}

Bytes encode_chunk(const ChunkRead& chunk) {
  Encoder out;
  out.u32(chunk.index).u32(static_cast<std::uint32_t>(chunk.records.size()));
  for (const auto& record : chunk.records) out.bytes(record.key).bytes(record.value);
  return std::move(out).take();
}

Result<ChunkRead> decode_chunk(ByteView body) {
  Decoder in(body);
  ChunkRead chunk;
  chunk.index = in.u32();
  const auto count = in.count(1u << 20, 8);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    StateRecord record;
    record.key = to_bytes(in.bytes(max_record_bytes));
    record.value = to_bytes(in.bytes(max_record_bytes));
    chunk.records.push_back(std::move(record));
  }
  if (!in.finished() || chunk.index >= manifest_subtrees) return malformed("not a CHUNK");
  return chunk;
}

}  // namespace powershare::protocol
