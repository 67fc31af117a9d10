// Numbers, times and byte strings as text: what is accepted has one canonical text, which is
// accepted too.
#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto nano = parse_nano(text)) {
    const auto canonical = format_nano(*nano);
    const auto again = parse_nano_exact(canonical);
    require(again.ok() && *again == *nano);
  }
  if (const auto exact = parse_nano_exact(text)) {
    const auto rounded = parse_nano(text);
    require(rounded.ok() && *rounded == *exact);
  }
  if (const auto time = parse_iso8601(text)) {
    const auto again = parse_iso8601(to_iso8601(*time));
    require(again.ok() && *again == *time);
  }
  (void)parse_duration_ms(text);
  if (const auto bytes = from_base64(text)) {
    const auto again = from_base64(to_base64(*bytes));
    require(again.has_value() && equal(*again, *bytes));
  }
  if (const auto bytes = from_hex(text)) {
    const auto again = from_hex(to_hex(*bytes));
    require(again.has_value() && equal(*again, *bytes));
  }
  if (const auto chain = ChainId::parse(text)) require(chain->text() == text);
  if (const auto participant = ParticipantId::parse(text)) require(participant->text() == text);
  return 0;
}
