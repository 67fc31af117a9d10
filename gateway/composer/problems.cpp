#include "gateway/composer/problems.hpp"

#include <algorithm>

#include "gateway/json.hpp"

namespace powershare::gateway::composer {
namespace {

std::string json_text(std::string_view text) {
  json::Writer out;
  out.string(text);
  return std::move(out).take();
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

Problem in_collection(std::string_view collection, std::string_view id) {
  return {404, "Error",
          "Object with ID '" + std::string(id) + "' in collection with ID '" +
              std::string(collection) + "' does not exist",
          "\"status\":404"};
}

Problem validation_exception(std::string message) {
  return {500, "ValidationException", std::move(message)};
}

}  // namespace

std::string to_json(const Problem& problem) {
  json::Writer out;
  out.begin_object().key("statusCode").integer(problem.status);
  out.key("name").string(problem.name).key("message").string(problem.message);
  if (!problem.extra.empty()) out.raw(problem.extra);
  out.end_object();
  return std::move(out).take();
}

net::HttpResponse response_of(const Problem& problem) {
  net::HttpResponse response;
  response.status = problem.status;
  response.body = R"({"error":)" + to_json(problem) + "}";
  if (problem.retry_after_seconds > 0) {
    const auto wait = std::clamp<std::int64_t>(problem.retry_after_seconds, 1, 3600);
    response.headers.emplace_back("Retry-After", std::to_string(wait));
  }
  return response;
}

Problem plain(int status, std::string message) {
  return {status, "Error", std::move(message)};
}

Problem value_is_not_an_object() {
  return plain(400, "Value is not an object.");
}

Problem model_not_found(std::string_view model, std::string_view id) {
  return {404, "Error", "Unknown \"" + std::string(model) + "\" id \"" + std::string(id) + "\".",
          R"("status":404,"code":"MODEL_NOT_FOUND")"};
}

Problem object_not_found(const Type& type, std::string_view id) {
  return in_collection(std::string(to_text(type.kind)) + ":" + type.full_name(), id);
}

Problem system_object_not_found(std::string_view type, std::string_view id) {
  return in_collection("Asset:" + std::string(system_space) + "." + std::string(type), id);
}

Problem object_exists(std::string_view id) {
  return plain(
      500, "Failed to add object with ID '" + std::string(id) + "' as the object already exists");
}

Problem no_shared_method(std::string_view model, std::string_view method, std::string_view path) {
  return plain(404, "Shared class \"" + std::string(model) + "\" has no method handling " +
                        std::string(method) + " " + std::string(path));
}

Problem no_method(std::string_view method, std::string_view path) {
  return plain(404,
               "There is no method to handle " + std::string(method) + " " + std::string(path));
}

Problem validation_error(std::string_view model, const std::vector<Fault>& faults) {
  std::vector<std::string> details;
  json::Writer out;
  out.begin_object().key("context").string(model).key("codes").begin_object();
  for (const auto& fault : faults) {
    details.push_back("`" + fault.field + "` " + fault.message + " (value: " + fault.value + ")");
    out.key(fault.field).begin_array().string(fault.code).end_array();
  }
  out.end_object().key("messages").begin_object();
  for (const auto& fault : faults) {
    out.key(fault.field).begin_array().string(fault.message).end_array();
  }
  out.end_object().end_object();
  return {422, "ValidationError",
          "The `" + std::string(model) +
              "` instance is not valid. Details: " + join(details, "; ") + ".",
          "\"details\":" + std::move(out).take()};
}

Problem unexpected_properties(std::string_view full_type, const std::vector<std::string>& names) {
  return validation_exception("Unexpected properties for type " + std::string(full_type) + ": " +
                              join(names, ", "));
}

Problem bad_enum(std::string_view instance, std::string_view value, FieldKind kind) {
  return validation_exception("Instance " + std::string(instance) + " invalid enum value " +
                              std::string(value) + " for field " + std::string(enum_name(kind)));
}

Problem missing_identifier(std::string_view type, bool invalid) {
  return plain(500, std::string(invalid ? "Invalid or missing" : "Missing") +
                        " identifier for Type " + std::string(type) + " in namespace " +
                        std::string(network));
}

Problem type_not_found(std::string_view full_type) {
  const std::string text(full_type);
  const auto dot = text.rfind('.');
  const bool known_space = dot != std::string::npos && text.substr(0, dot) == network;
  const auto message = known_space ? "Type " + text.substr(dot + 1) +
                                         " is not defined in namespace " + std::string(network)
                                   : "Namespace is not defined for type " + text;
  return {500, "TypeNotFoundException", message, "\"typeName\":" + json_text(text)};
}

Problem wrong_reference(std::string_view instance, std::string_view field,
                        std::string_view given_type, std::string_view wanted_type) {
  return validation_exception("Instance " + std::string(instance) + " has property " +
                              std::string(field) + " with type " + std::string(given_type) +
                              " that is not derived from " + std::string(wanted_type));
}

Problem reference_not_text(std::string_view shown, const Field& field) {
  return plain(500, "Invalid JSON data. Found a value that is not a string: " + std::string(shown) +
                        " for relationship RelationshipDeclaration {name=" +
                        std::string(field.name) + ", type=" + std::string(network) + "." +
                        std::string(field.target) + ", array=false, optional=false}");
}

Problem invalid_relationship(const Type& type, std::string_view id) {
  return plain(500,
               "attempt to get property value on an InvalidRelationship is not allowed. "
               "InvalidRelationship created due to " +
                   object_not_found(type, id).message);
}

Problem access_denied(std::string_view participant, std::string_view verb,
                      std::string_view resource) {
  return {500, "AccessException",
          "Participant '" + std::string(participant) + "' does not have '" + std::string(verb) +
              "' access to resource '" + std::string(resource) + "'"};
}

Problem unavailable(std::string message, std::int64_t retry_after_seconds,
                    std::string_view transaction_id) {
  Problem problem{503, "Error", std::move(message)};
  if (!transaction_id.empty()) problem.extra = "\"transactionId\":" + json_text(transaction_id);
  problem.retry_after_seconds = std::max<std::int64_t>(retry_after_seconds, 1);
  return problem;
}

}  // namespace powershare::gateway::composer
