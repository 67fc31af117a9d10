#include "gateway/openapi.hpp"

#include <algorithm>
#include <set>

#include "gateway/json.hpp"
#include "gateway/schemas.hpp"

namespace powershare::gateway {
namespace {

std::string_view description_of(int status) {
  switch (status) {
    case 200:
      return "Done.";
    case 302:
      return "See the address in Location.";
    case 400:
      return "A parameter or the body is malformed.";
    case 401:
      return "An API key is needed, or the one sent is unknown.";
    case 403:
      return "This API key may not do that.";
    case 404:
      return "There is no such thing.";
    case 413:
      return "The body is too large.";
    case 422:
      return "The ledger has rejected the transaction; it stands in its block with the reason.";
    case 429:
      return "Too many requests; try again after Retry-After seconds.";
    case 503:
      return "Not possible now; try again after Retry-After seconds.";
    default:
      return "See the message.";
  }
}

std::string operation_id(const RouteInfo& info) {
  std::string id = info.method == "GET" ? "get" : "post";
  bool upper = true;
  for (const char c : info.pattern) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter) {
      upper = true;
      continue;
    }
    id.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  if (info.pattern.ends_with('/')) id += "Slash";  // "/explorer/" beside "/explorer"
  return id;
}

/// What the door itself may answer, besides what the route names.
std::set<int> statuses_of(const RouteInfo& info) {
  std::set<int> statuses(info.statuses.begin(), info.statuses.end());
  const bool probe = info.pattern.ends_with('z');
  if (!probe) statuses.insert({400, 401, 429});
  if (info.access == Access::administrator) statuses.insert(403);
  if (info.method != "GET") statuses.insert(413);
  return statuses;
}

void write_parameters(json::Writer& out, const RouteInfo& info) {
  out.key("parameters").begin_array();
  for (const auto& parameter : info.parameters) {
    out.begin_object().key("name").string(parameter.name).key("in").string(parameter.in);
    out.key("required").boolean(parameter.required);
    out.key("description").string(parameter.description);
    out.key("schema").begin_object().key("type").string(parameter.type).end_object();
    out.end_object();
  }
  out.end_array();
}

void write_responses(json::Writer& out, const RouteInfo& info) {
  out.key("responses").begin_object();
  for (const int status : statuses_of(info)) {
    out.key(std::to_string(status)).begin_object();
    out.key("description").string(description_of(status));
    if (status == 200) {
      out.key("content").begin_object().key(info.response_type).begin_object();
      if (!info.response_schema.empty()) out.key("schema").raw(info.response_schema);
      out.end_object().end_object();
    } else if (status >= 400) {
      out.key("content").begin_object().key("application/json").begin_object().key("schema");
      out.begin_object().key("$ref").string("#/components/schemas/Error").end_object();
      out.end_object().end_object();
    }
    out.end_object();
  }
  out.end_object();
}

void write_operation(json::Writer& out, const RouteInfo& info) {
  out.begin_object().key("operationId").string(operation_id(info));
  out.key("summary").string(info.summary);
  write_parameters(out, info);
  if (!info.request_schema.empty()) {
    out.key("requestBody").begin_object().key("required").boolean(true);
    out.key("content").begin_object().key("application/json").begin_object();
    out.key("schema").raw(info.request_schema).end_object().end_object().end_object();
  }
  write_responses(out, info);
  out.key("security").begin_array();
  if (info.access != Access::administrator) out.begin_object().end_object();  // none is fine
  if (info.access != Access::open) {
    out.begin_object().key("apiKey").begin_array().end_array().end_object();
  }
  out.end_array().end_object();
}

}  // namespace

std::string openapi_document(const Router& router) {
  json::Writer out;
  out.begin_object().key("openapi").string("3.1.0").key("info").begin_object();
  out.key("title").string("Power Share peer").key("version").string("1");
  out.key("description")
      .string(
          "Native API of a peer. Quantities of /v1 are decimal strings; every error is "
          "{\"error\":{\"code\",\"message\"}}.")
      .end_object();
  out.key("paths").begin_object();
  std::set<std::string_view> written;
  for (const auto& route : router.routes()) {
    if (!written.insert(route.info.pattern).second) continue;
    out.key(route.info.pattern).begin_object();
    for (const auto& other : router.routes()) {
      if (other.info.pattern != route.info.pattern) continue;
      auto method = other.info.method;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c - 'A' + 'a'); });
      out.key(method);
      write_operation(out, other.info);
    }
    out.end_object();
  }
  out.end_object();
  const auto error = object_schema({{"code", "string"}, {"message", "string"}});
  out.key("components")
      .begin_object()
      .key("securitySchemes")
      .begin_object()
      .key("apiKey")
      .raw(R"({"type":"apiKey","in":"header","name":"x-api-key"})");
  out.end_object().key("schemas").begin_object().key("Error").raw(
      object_schema({{"error", error}}));
  out.end_object().end_object();
  out.end_object();
  return std::move(out).take();
}

}  // namespace powershare::gateway
