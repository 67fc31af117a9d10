// The messages of state transfer, as a lying peer sends them. The first byte chooses which.
#include "protocol/catch_up_messages.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require_same;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  const protocol::CatchUpOptions options;
  switch (data[0] % 5) {
    case 0:
      if (const auto it = protocol::decode_blocks(body, options)) {
        require_same(protocol::encode_blocks(*it), body);
      }
      break;
    case 1:
      if (const auto it = protocol::decode_manifest(body)) {
        require_same(protocol::encode_manifest(*it), body);
      }
      break;
    case 2:
      if (const auto it = protocol::decode_chunk(body)) {
        require_same(protocol::encode_chunk(*it), body);
      }
      break;
    case 3:
      if (const auto it = protocol::decode_fetch_blocks(body)) {
        require_same(protocol::encode_fetch_blocks(*it), body);
      }
      break;
    default:
      if (const auto it = protocol::decode_fetch_chunk(body)) {
        require_same(protocol::encode_fetch_chunk(*it), body);
      }
      break;
  }
  return 0;
}
