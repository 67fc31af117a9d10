// JSON schemas of answers, as text, for the OpenAPI document.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace powershare::gateway {

/// An object schema from pairs of name and type. Types: "string", "integer", "boolean", "object",
/// "array"; "decimal" (a decimal string), "time", "digest"; a trailing "?" allows null; text that
/// begins with "{" is a schema itself.
std::string object_schema(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
std::string object_schema(const std::vector<std::pair<std::string_view, std::string_view>>& fields);
/// The same where only `required` are always there.
std::string object_schema(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields,
    std::initializer_list<std::string_view> required);
/// `schema`, or null.
std::string nullable_schema(std::string_view schema);
std::string array_schema(std::string_view item_schema);
/// {"items":[…],"next":…}: `next_type` is the type of the cursor.
std::string list_schema(std::string_view item_schema, std::string_view next_type);

std::string receipt_schema();
std::string transaction_schema();
std::string block_schema();

}  // namespace powershare::gateway
