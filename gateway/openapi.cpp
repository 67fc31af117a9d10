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
      return "An API key or a token is needed, or the one sent is unknown or over.";
    case 403:
      return "This API key or token may not do that.";
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

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string operation_id(const RouteInfo& info) {
  auto id = lower_case(info.method);
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
  // An API key without the right; a token of somebody else.
  if (info.access != Access::open && info.access != Access::partly) {
    statuses.insert(403);
  }
  if (info.access != Access::open) statuses.insert(503);  // a token needs the ledger
  if (!info.request_schema.empty()) statuses.insert(413);
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

/// What opens the route: nothing, an API key, or the token of a log-in.
void write_security(json::Writer& out, Access access) {
  const auto way = [&](std::string_view scheme) {
    out.begin_object().key(scheme).begin_array().end_array().end_object();
  };
  out.key("security").begin_array();
  if (access == Access::resident) {
    way("bearer");
  } else {
    const bool keys_only = access == Access::administrator || access == Access::operators;
    if (!keys_only) out.begin_object().end_object();  // none is fine
    if (!keys_only && access != Access::open) way("bearer");
    if (access != Access::open) way("apiKey");
  }
  out.end_array();
}

/// What a route that submits answers about its transaction stands in the error, too.
void write_error_schema(json::Writer& out, const RouteInfo& info, int status) {
  constexpr std::string_view error = R"({"$ref":"#/components/schemas/Error"})";
  constexpr std::string_view refusal = R"({"$ref":"#/components/schemas/Refusal"})";
  const auto& named = info.statuses;
  const bool submits = std::find(named.begin(), named.end(), 422) != named.end();
  const bool either = status == 400 || status == 429 || status == 503;
  if (submits && status == 422) {
    out.raw(refusal);
  } else if (submits && either) {
    out.begin_object().key("anyOf").begin_array().raw(error).raw(refusal).end_array().end_object();
  } else {
    out.raw(error);
  }
}

/// "Error": code and message, and what the HTTP server itself adds; "Refusal": with what became of
/// the transaction.
void write_error_schemas(json::Writer& out) {
  const std::string head = R"({"type":"object","required":["error"],"properties":{"error":)"
                           R"({"type":"object","required":["code","message")";
  const std::string texts = R"("code":{"type":"string"},"message":{"type":"string"})";
  out.key("Error").raw(head + R"(],"properties":{)" + texts +
                       R"(,"statusCode":{"type":"integer"},"name":{"type":"string"}}}}})");
  const auto place = object_schema({{"height", "integer"}, {"index", "integer"}});
  const std::string digest = R"({"type":["string","null"],"description":"64 hexadecimal digits"})";
  out.key("Refusal").raw(head + R"(,"transaction","receipt","block"],"properties":{)" + texts +
                         R"(,"transaction":)" + digest + R"(,"receipt":)" +
                         nullable_schema(receipt_schema()) + R"(,"block":)" +
                         nullable_schema(place) + "}}}}");
}

void write_responses(json::Writer& out, const RouteInfo& info) {
  out.key("responses").begin_object();
  for (const int status : statuses_of(info)) {
    out.key(std::to_string(status)).begin_object();
    out.key("description").string(description_of(status));
    if (status == 200) {
      out.key("content").begin_object().key(info.response_type).begin_object();
      if (!info.response_schema.empty()) out.key("schema").raw(info.response_schema);
      out.end_object();
      for (const auto& type : info.other_response_types) {
        out.key(type).begin_object().end_object();
      }
      out.end_object();
    } else if (status >= 400) {
      out.key("content").begin_object().key("application/json").begin_object().key("schema");
      write_error_schema(out, info, status);
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
    out.key("content").begin_object();
    for (const auto& type : info.request_types) {
      out.key(type).begin_object().key("schema").raw(info.request_schema).end_object();
    }
    out.end_object().end_object();
  }
  write_responses(out, info);
  write_security(out, info.access);
  out.end_object();
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
      out.key(lower_case(other.info.method));
      write_operation(out, other.info);
    }
    out.end_object();
  }
  out.end_object();
  out.key("components")
      .begin_object()
      .key("securitySchemes")
      .begin_object()
      .key("apiKey")
      .raw(R"({"type":"apiKey","in":"header","name":"x-api-key"})")
      .key("bearer")
      .raw(R"({"type":"http","scheme":"bearer"})");
  out.end_object().key("schemas").begin_object();
  write_error_schemas(out);
  out.end_object().end_object();
  out.end_object();
  return std::move(out).take();
}

}  // namespace powershare::gateway
