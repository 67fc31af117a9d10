// A frame off the wire: what is accepted is what encode_envelope writes, byte for byte.
#include "protocol/wire/envelope.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView frame(data, size);
  if (const auto envelope = wire::decode_envelope(frame)) {
    fuzz::require_same(wire::encode_envelope(*envelope), frame);
  }
  return 0;
}
