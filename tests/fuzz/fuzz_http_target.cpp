// The target of an HTTP request: percent-decoding and the query.
#include "net/http.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  net::HttpRequest request;
  if (net::parse_target(as_text({data, size}), request)) {
    fuzz::require(request.path == "*" || request.path.starts_with('/'));
    fuzz::require(request.path.size() <= size);
  }
  return 0;
}
