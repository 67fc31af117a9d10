#include "gateway/schemas.hpp"

#include "gateway/json.hpp"
#include "gateway/payload_json.hpp"

namespace powershare::gateway {
namespace {

std::string type_schema(std::string_view type) {
  if (!type.empty() && type.front() == '{') return std::string(type);
  const bool nullable = type.ends_with('?');
  if (nullable) type.remove_suffix(1);
  std::string description;
  std::string_view json_type = type;
  if (type == "decimal") {
    json_type = "string";
    description = "decimal number";
  } else if (type == "time") {
    json_type = "string";
    description = "ISO 8601 time in UTC";
  } else if (type == "digest") {
    json_type = "string";
    description = "64 hexadecimal digits";
  }
  json::Writer out;
  out.begin_object().key("type");
  if (nullable) {
    out.begin_array().string(json_type).string("null").end_array();
  } else {
    out.string(json_type);
  }
  if (!description.empty()) out.key("description").string(description);
  out.end_object();
  return std::move(out).take();
}

}  // namespace

std::string object_schema(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  return object_schema(std::vector<std::pair<std::string_view, std::string_view>>(fields));
}

std::string object_schema(
    const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  json::Writer out;
  out.begin_object().key("type").string("object").key("properties").begin_object();
  for (const auto& [name, type] : fields) out.key(name).raw(type_schema(type));
  out.end_object().end_object();
  return std::move(out).take();
}

std::string object_schema(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields,
    std::initializer_list<std::string_view> required) {
  json::Writer out;
  out.begin_object().key("type").string("object").key("required").begin_array();
  for (const auto name : required) out.string(name);
  out.end_array().key("properties").begin_object();
  for (const auto& [name, type] : fields) out.key(name).raw(type_schema(type));
  out.end_object().end_object();
  return std::move(out).take();
}

std::string nullable_schema(std::string_view schema) {
  return R"({"anyOf":[)" + std::string(schema) + R"(,{"type":"null"}]})";
}

std::string array_schema(std::string_view item_schema) {
  return R"({"type":"array","items":)" + std::string(item_schema) + "}";
}

std::string list_schema(std::string_view item_schema, std::string_view next_type) {
  return object_schema(
      {{"items", array_schema(item_schema)}, {"next", std::string(next_type) + "?"}});
}

std::string receipt_schema() {
  return object_schema(
      {{"transaction", "digest"},
       {"outcome", R"({"type":"string","enum":["applied","rejected","duplicate"]})"},
       {"code", "string"},
       {"message", "string"},
       {"first", "digest?"},
       {"readings", array_schema(object_schema({{"result", "string"}, {"reason", "string"}}))}});
}

std::string transaction_schema() {
  return object_schema({{"id", "digest"},
                        {"type", "string?"},
                        {"principal", "string?"},
                        {"initiator", "string?"},
                        {"idempotency_key", "string?"},
                        {"expires", "time?"},
                        {"signer", "digest?"},
                        {"payload", "object?"},
                        {"bytes", "string?"},
                        {"leaf", "digest"}});
}

std::string block_schema() {
  const auto header = object_schema({{"version", "integer"},
                                     {"genesis", "digest"},
                                     {"epoch", "integer"},
                                     {"height", "integer"},
                                     {"sequence", "integer"},
                                     {"time", "time"},
                                     {"previous", "digest"},
                                     {"transactions_root", "digest"},
                                     {"receipts_root", "digest"},
                                     {"outbox_root", "digest"},
                                     {"state_root", "digest"},
                                     {"next_members", "digest"}});
  return object_schema({{"height", "integer"},
                        {"hash", "digest"},
                        {"header", header},
                        {"header_bytes", "string"},
                        {"transactions", array_schema(transaction_schema())},
                        {"receipts", array_schema(receipt_schema())},
                        {"certificate", "object?"},
                        {"ordering_certificate", "string"}});
}

}  // namespace powershare::gateway
