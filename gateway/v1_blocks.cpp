// GET /v1/blocks and /v1/blocks/{height}.
#include <algorithm>
#include <limits>

#include "gateway/block_json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_blocks = 20;
constexpr std::size_t max_blocks = 100;
/// A list ends early past this; `next` goes on.
constexpr std::size_t max_answer_bytes = 4 * 1024 * 1024;
constexpr auto max_height = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

void get_block(const Services& services, const Request& request, const Responder& responder) {
  const auto height = parse_unsigned("height", request.path_parameter("height"), max_height);
  if (!height) return responder.send(problem_of(height.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto block = view->block(*height);
  if (!block) return responder.send(problem_of(block.error()));
  if (!block->has_value()) {
    return responder.send(problem(404, "not_found", "This peer has no block of that height."));
  }
  json::Writer out;
  write_block(out, **block, view->state(), services.ports, Viewer(view->state(), request));
  responder.send(json_response(std::move(out).take()));
}

void list_blocks(const Services& services, const Request& request, const Responder& responder) {
  const auto from = unsigned_parameter(request, "from", max_height);
  if (!from) return responder.send(problem_of(from.error()));
  const auto limit = limit_parameter(request, default_blocks, max_blocks);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto head = view->head().height;
  const auto newest = head >= *limit ? head - *limit + 1 : 1;
  auto height = std::max<std::uint64_t>(from->value_or(newest), 1);
  const Viewer viewer(view->state(), request);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  std::size_t count = 0;
  for (; height <= head && count < *limit && out.size() < max_answer_bytes; ++height) {
    const auto block = view->block(height);
    if (!block) return responder.send(problem_of(block.error()));
    if (!block->has_value()) continue;  // pruned
    write_block(out, **block, view->state(), services.ports, viewer);
    ++count;
  }
  out.end_array().key("next");
  if (height <= head) {
    out.unsigned_integer(height);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_block_routes(Router& router, const ServicesPtr& services) {
  RouteInfo list;
  list.method = "GET";
  list.pattern = "/v1/blocks";
  list.summary =
      "Blocks with transactions, receipts and certificates, by rising height; without `from` the "
      "newest. `next` is the `from` of the next page.";
  list.access = Access::read;
  list.parameters = {{"from", "query", "integer", false, "height of the first block"},
                     {"limit", "query", "integer", false, "1 to 100, default 20"}};
  list.response_schema = list_schema(block_schema(), "integer");
  list.statuses = {200, 400, 503};
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_blocks(*services, request, responder);
  });

  RouteInfo one;
  one.method = "GET";
  one.pattern = "/v1/blocks/{height}";
  one.summary = "One block with transactions, receipts and its certificate.";
  one.access = Access::read;
  one.parameters = {{"height", "path", "integer", true, "1 for the first block"}};
  one.response_schema = block_schema();
  one.statuses = {200, 400, 404, 503};
  router.add(std::move(one), [services](const Request& request, const Responder& responder) {
    get_block(*services, request, responder);
  });
}

}  // namespace powershare::gateway
