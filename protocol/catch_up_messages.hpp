// The messages of state transfer: FETCH-BLOCKS, BLOCKS, FETCH-MANIFEST, MANIFEST, FETCH-CHUNK,
// CHUNK.
#pragma once

#include "protocol/catch_up.hpp"

namespace powershare::protocol {

inline constexpr unsigned manifest_depth = 8;
inline constexpr std::uint32_t manifest_subtrees = 1u << manifest_depth;
inline constexpr std::uint32_t max_further_headers = 256;

struct FetchBlocks {
  std::uint64_t from_height = 0;
  std::uint64_t epoch = 0;  ///< in which the asker's ledger stands
  friend bool operator==(const FetchBlocks&, const FetchBlocks&) = default;
};

/// FETCH-BLOCKS: u64 first height, u64 epoch. FETCH-CHUNK: u32 index. FETCH-MANIFEST: one byte, 1.
Bytes encode_fetch_blocks(const FetchBlocks& fetch);
Result<FetchBlocks> decode_fetch_blocks(ByteView body);
Bytes encode_fetch_chunk(std::uint32_t index);
Result<std::uint32_t> decode_fetch_chunk(ByteView body);

/// BLOCKS: u64 first height; u32 count, per block header, OrderingCertificate, batch with length;
/// u32 count of further headers; u8 whether a certificate follows; the certificate; u8 whether the
/// proof of the epoch's end follows; a CheckpointCertificate.
Bytes encode_blocks(const BlocksRead& blocks);
Result<BlocksRead> decode_blocks(ByteView body, const CatchUpOptions& options);

/// MANIFEST: header, certificate, 256 times u8 kind and hash.
Bytes encode_manifest(const ManifestRead& manifest);
Result<ManifestRead> decode_manifest(ByteView body);

/// CHUNK: u32 index; u32 count, per record key and value with lengths.
Bytes encode_chunk(const ChunkRead& chunk);
Result<ChunkRead> decode_chunk(ByteView body);

}  // namespace powershare::protocol
