// A picture as anybody may send it: what comes out, if anything, is a small JPEG that is taken
// again.
#include "gateway/household/picture.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto picture = gateway::household::plain_picture({data, size});
  if (!picture) return 0;
  require(picture->size() > 4 && picture->size() <= ledger::max_picture_bytes);
  require((*picture)[0] == 0xff && (*picture)[1] == 0xd8);
  require(gateway::household::plain_picture(*picture).ok());
  return 0;
}
