// JSON as a client sends it: as a document, as a list of items, and as a transaction.
#include "gateway/json.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/proof_json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto items =
      gateway::json::parse_items(text, 1'000, {}, [](const gateway::json::Value&) {});
  const auto document = gateway::json::parse(text);
  if (!document) return 0;
  // One document is also one item, or a list that passes or goes past a limit of its own.
  if (!document->is_array()) require(items.ok() && items->items == 1 && !items->is_array);

  if (const auto proof = gateway::read_proof(*document)) {
    gateway::json::Writer out;
    gateway::write_proof(out, *proof, {});
    const auto again = gateway::parse_proof(std::move(out).take());
    require(again.ok() && *again == *proof);
  }
  const auto payload = gateway::read_payload(*document);
  if (!payload) return 0;
  gateway::json::Writer out;
  gateway::write_payload(out, *payload);
  const auto written = std::move(out).take();
  const auto parsed = gateway::json::parse(written);
  require(parsed.ok());
  const auto again = gateway::read_payload(*parsed);
  require(again.ok());
  gateway::json::Writer second;
  gateway::write_payload(second, *again);
  require(std::move(second).take() == written);
  return 0;
}
