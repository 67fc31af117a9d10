// The IDENTITY file: what is accepted is what format_identity writes.
#include "storage/identity.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto identity = storage::parse_identity(text)) {
    fuzz::require(storage::format_identity(*identity) == text);
  }
  return 0;
}
