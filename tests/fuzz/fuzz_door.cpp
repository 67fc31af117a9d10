// A whole request at the gateway's door: a line with method and target, then the body. All routes,
// readings and transactions included, answer exactly once and with a status.
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/gateway/fakes.hpp"

using namespace powershare;
using fuzz::require;

namespace {

gateway::test::Door& door() {
  static auto* const instance = [] {
    auto* made = new gateway::test::Door;
    made->options.requests_per_second = 1e9;
    made->options.request_burst = 1e9;
    return made;
  }();
  return *instance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto line_end = std::min(text.find('\n'), text.size());
  const auto space = std::min(text.find(' '), line_end);
  net::HttpRequest request;
  request.method = text.substr(0, space);
  const auto target =
      text.substr(std::min(space + 1, line_end), line_end - std::min(space + 1, line_end));
  if (!net::parse_target(target, request)) return 0;
  require(request.path == "*" || request.path.starts_with('/'));
  require(request.path.size() <= target.size());
  request.remote_address = "127.0.0.1";
  request.headers["x-api-key"] = gateway::test::administrator_key;
  request.headers["content-type"] = "application/json";
  request.headers["idempotency-key"] = "fuzz";
  request.body = text.substr(std::min(line_end + 1, text.size()));
  auto& tested = door();
  const auto reply = tested.ask(std::move(request));
  require(reply->answers == 1);
  require(reply->response.status >= 200 && reply->response.status < 600);
  require(reply->response.status != 500);
  if (reply->opened) tested.gateway().close_streams();
  tested.submitter.calls.clear();
  tested.ingestion.taken.clear();
  tested.ingestion.inbox.clear();
  tested.requests.clear();
  return 0;
}
