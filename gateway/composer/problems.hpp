// The errors of the former server: their shape and their exact texts (COMPOSER-REST §4).
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/composer/model.hpp"
#include "net/http.hpp"

namespace powershare::gateway::composer {

struct Problem {
  int status = 500;
  std::string name = "Error";
  std::string message;
  std::string extra{};  ///< further members as JSON, without braces: "\"status\":404"
  std::int64_t retry_after_seconds = 0;  ///< > 0: a Retry-After header
};
/// Either what was asked for or why not.
template <class T>
using Outcome = std::variant<T, Problem>;

/// {"error":{"statusCode":…,"name":…,"message":…, …}}; never a stack.
net::HttpResponse response_of(const Problem& problem);
/// {"statusCode":…,"name":…,"message":…, …}
std::string to_json(const Problem& problem);

/// 400, 404 or 500 with the name Error.
Problem plain(int status, std::string message);
Problem value_is_not_an_object();

/// `Unknown "Coins" id "x".`
Problem model_not_found(std::string_view model, std::string_view id);
/// `Object with ID 'x' in collection with ID 'Asset:org.smile.energy.network.Coins' does not exist`
Problem object_not_found(const Type& type, std::string_view id);
/// The same for a system type: "HistorianRecord", "Identity".
Problem system_object_not_found(std::string_view type, std::string_view id);
Problem object_exists(std::string_view id);
/// `Shared class "Coins" has no method handling PATCH /CO_R1`
Problem no_shared_method(std::string_view model, std::string_view method, std::string_view path);
/// `There is no method to handle GET /Nope`
Problem no_method(std::string_view method, std::string_view path);

/// One fault of LoopBack's validation: 422.
struct Fault {
  std::string field;
  std::string code;     ///< "presence"
  std::string message;  ///< "can't be blank"
  std::string value;    ///< as JavaScript shows it: undefined, null, "", NaN
};
Problem validation_error(std::string_view model, const std::vector<Fault>& faults);

/// Composer's own faults: 500.
Problem unexpected_properties(std::string_view full_type, const std::vector<std::string>& names);
Problem bad_enum(std::string_view instance, std::string_view value, FieldKind kind);
Problem missing_identifier(std::string_view type, bool invalid);
Problem type_not_found(std::string_view full_type);
Problem wrong_reference(std::string_view instance, std::string_view field,
                        std::string_view given_type, std::string_view wanted_type);
Problem reference_not_text(std::string_view shown, const Field& field);
/// A transaction on an asset that is not there.
Problem invalid_relationship(const Type& type, std::string_view id);

/// `Participant 'NS.Resident#R1' does not have 'CREATE' access to resource 'NS.Coins#C9'`
Problem access_denied(std::string_view participant, std::string_view verb,
                      std::string_view resource);

/// No answer in time or none possible now: 503 with Retry-After and, where there is one, the id
/// under which the transaction may still be executed.
Problem unavailable(std::string message, std::int64_t retry_after_seconds,
                    std::string_view transaction_id = {});

}  // namespace powershare::gateway::composer
