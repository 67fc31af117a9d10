// POST /etms/usage, GET /v1/usage.
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "gateway/usage.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_items = 32;              // of each list
constexpr std::size_t max_reported_bytes = 4'096;  // of one fault as it is sent

Error bad(std::string_view sentence) {
  return {GatewayError::bad_parameter, std::string(sentence)};
}

/// The texts of a list that may be missing.
Result<std::vector<std::string>> texts_of(const json::Value& body, std::string_view name) {
  std::vector<std::string> texts;
  const auto* list = body.find(name);
  if (list == nullptr) return texts;
  if (!list->is_array() || list->items().size() > max_items) {
    return bad(std::string(name) + " must be a list of at most 32 texts.");
  }
  for (const auto& item : list->items()) {
    if (item.kind() != json::Kind::string || item.text().size() > max_reported_bytes) {
      return bad(std::string(name) + " must be a list of at most 32 texts.");
    }
    texts.push_back(item.text());
  }
  return texts;
}

Result<void> count(Services& services, const json::Value& body, UtcMillis now) {
  if (!body.is_object()) return bad("The body must be an object.");
  for (const auto& [name, value] : body.members()) {
    if (name != "screens" && name != "errors") return bad("There are screens and errors only.");
  }
  const auto screens = texts_of(body, "screens");
  if (!screens) return screens.error();
  const auto errors = texts_of(body, "errors");
  if (!errors) return errors.error();
  const auto tell = [&](std::string_view what) {
    if (services.ports.on_usage) services.ports.on_usage(what);
  };
  for (const auto& screen : *screens) {
    // A screen of a newer application than this program knows.
    if (services.usage.saw(screen, now)) tell(screen);
  }
  for (const auto& error : *errors) {
    services.usage.failed(error, now);
    tell({});
  }
  return {};
}

void post_usage(Services& services, const Request& request, const Responder& responder) {
  json::Limits limits;
  limits.max_values = 2 * max_items + 8;
  const auto body = json::parse(request.http.body, limits);
  if (!body) return responder.send(problem_of(body.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto counted = count(services, *body, present_time(services, *view));
  if (!counted) return responder.send(problem_of(counted.error()));
  responder.send(json_response("{}"));
}

}  // namespace

void add_usage_routes(Router& router, const ServicesPtr& services) {
  RouteInfo post;
  post.method = "POST";
  post.pattern = "/etms/usage";
  post.summary =
      "Counts screens that were looked at and faults that the application met, by day. Neither who "
      "says so nor when is kept; of a fault's text what could name a person is taken out.";
  post.access = Access::resident;
  std::string names;
  for (const auto screen : usage_screens) {
    names += (names.empty() ? "\"" : ",\"") + std::string(screen) + '"';
  }
  post.request_schema = object_schema(
      {{"screens",
        R"({"type":"array","maxItems":32,"items":{"type":"string","examples":[)" + names + "]}}"},
       {"errors", R"({"type":"array","maxItems":32,"items":{"type":"string","maxLength":4096}})"}},
      {});
  post.response_schema = object_schema({}, {});
  post.statuses = {200, 400, 401, 503};
  router.add(std::move(post), [services](const Request& request, const Responder& responder) {
    post_usage(*services, request, responder);
  });

  RouteInfo get;
  get.method = "GET";
  get.pattern = "/v1/usage";
  get.summary =
      "What POST /etms/usage has counted at this peer in the last 62 days, newest day first.";
  get.access = Access::operators;
  const auto fault = object_schema({{"message", "string"}, {"count", "integer"}});
  const auto day =
      object_schema({{"day", "string"},
                     {"screens", R"({"type":"object","additionalProperties":{"type":"integer"}})"},
                     {"errors", array_schema(fault)},
                     {"other_errors", "integer"}});
  get.response_schema = object_schema({{"days", array_schema(day)}}, {"days"});
  router.add(std::move(get), [services](const Request&, const Responder& responder) {
    responder.send(json_response(services->usage.to_json()));
  });
}

}  // namespace powershare::gateway
