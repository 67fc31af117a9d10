#include "apps/object_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "base/quantities.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

const Json& json(const void* value) {
  return *static_cast<const Json*>(value);
}

const Json nothing;

}  // namespace

struct ObjectReader::Document {
  Json root;
  std::string fault;
};

ObjectReader::ObjectReader(std::shared_ptr<Document> document, const void* value, std::string where)
    : document_(std::move(document)), value_(value), where_(std::move(where)) {}

Result<ObjectReader> ObjectReader::parse(std::string_view text) {
  auto document = std::make_shared<Document>();
  document->root = Json::parse(text, nullptr, false);
  if (!document->root.is_object()) return Error{AppError::damaged_data, "not a JSON object"};
  const void* root = &document->root;
  return ObjectReader(std::move(document), root, "the document");
}

void ObjectReader::fault(const std::string& what) {
  if (document_->fault.empty()) document_->fault = where_ + " " + what;
}

const std::string& ObjectReader::fault() const {
  return document_->fault;
}

void ObjectReader::allow(std::initializer_list<std::string_view> fields) {
  if (!json(value_).is_object()) {
    fault("is not an object");
    return;
  }
  for (const auto& [name, value] : json(value_).items()) {
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) {
      fault("has an unknown field " + name);
    }
  }
}

bool ObjectReader::has(const char* name) const {
  return json(value_).is_object() && json(value_).contains(name);
}

std::string ObjectReader::text(const char* name) {
  if (has(name) && json(value_)[name].is_string()) return json(value_)[name].get<std::string>();
  fault(has(name) ? std::string(name) + " is not a text" : std::string("lacks ") + name);
  return "";
}

namespace {

/// Nothing where it is no number.
std::optional<std::int64_t> nano_of(const Json& value) {
  const bool whole = value.is_number_integer();
  if (!whole && !value.is_string()) return std::nullopt;
  const auto parsed = parse_nano_exact(whole ? value.dump() : value.get<std::string>());
  if (!parsed) return std::nullopt;
  return *parsed;
}

constexpr auto no_number =
    " is neither a decimal number of at most 9 decimals as text nor a whole number";

}  // namespace

std::int64_t ObjectReader::nano(const char* name, std::optional<std::int64_t> otherwise) {
  if (!has(name)) {
    if (!otherwise) fault(std::string("lacks ") + name);
    return otherwise.value_or(0);
  }
  const auto value = nano_of(json(value_)[name]);
  if (!value) fault(name + std::string(no_number));
  return value.value_or(0);
}

UtcMillis ObjectReader::time(const char* name) {
  const auto time = parse_iso8601(text(name));
  if (!time) fault(std::string(name) + ": " + time.error().detail());
  return time ? *time : UtcMillis{};
}

std::vector<ObjectReader> ObjectReader::objects(const char* name) {
  std::vector<ObjectReader> result;
  if (!has(name)) return result;
  const Json& list = json(value_)[name];
  if (!list.is_array()) fault(std::string(name) + " is not a list");
  if (!list.is_array()) return result;
  for (const Json& entry : list) {
    result.push_back(ObjectReader(
        document_, &entry, std::string(name) + " entry " + std::to_string(result.size() + 1)));
  }
  return result;
}

std::vector<std::int64_t> ObjectReader::numbers(const char* name) {
  std::vector<std::int64_t> result;
  if (!has(name)) return result;
  const Json& list = json(value_)[name];
  if (!list.is_array()) fault(std::string(name) + " is not a list");
  if (!list.is_array()) return result;
  for (const Json& entry : list) {
    const auto value = nano_of(entry);
    if (!value) fault("an entry of " + std::string(name) + no_number);
    result.push_back(value.value_or(0));
  }
  return result;
}

ObjectReader ObjectReader::object(const char* name) {
  if (has(name)) return ObjectReader(document_, &json(value_)[name], name);
  fault(std::string("lacks ") + name);
  return ObjectReader(document_, &nothing, name);
}

std::vector<std::pair<std::string, std::int64_t>> ObjectReader::numbers_by_name(const char* name) {
  std::vector<std::pair<std::string, std::int64_t>> result;
  const ObjectReader inner = object(name);
  if (!json(inner.value_).is_object()) return result;
  for (const auto& [key, entry] : json(inner.value_).items()) {
    const auto value = nano_of(entry);
    if (!value) fault(key + no_number);
    result.emplace_back(key, value.value_or(0));
  }
  return result;
}

}  // namespace powershare::apps
