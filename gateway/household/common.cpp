#include "gateway/household/common.hpp"

#include <algorithm>

#include "gateway/error.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway {

void add_household_account_routes(Router& router, const ServicesPtr& services) {
  household::add_account_overview_routes(router, services);
  household::add_history_routes(router, services);
  household::add_wallet_routes(router, services);
  household::add_cash_request_routes(router, services);
  household::add_bill_routes(router, services);
  household::add_bill_why_routes(router, services);
  household::add_slot_why_routes(router, services);
  household::add_ranking_routes(router, services);
  household::add_origin_routes(router, services);
  household::add_notification_routes(router, services);
  household::add_own_event_routes(router, services);
  household::add_export_routes(router, services);
}

namespace household {

Result<Period> period_parameter(const Request& request, const ledger::StateReader& state,
                                PeriodKind otherwise) {
  auto kind = otherwise;
  if (const auto given = request.http.parameter("period")) {
    const auto parsed = parse_period_kind(*given);
    if (!parsed) return parsed.error();
    kind = *parsed;
  }
  const auto local = local_time(state);
  auto date = local.date_of(ledger::island_time(state));
  if (const auto given = request.http.parameter("date")) {
    const auto parsed = parse_date(*given);
    if (!parsed) return parsed.error();
    date = *parsed;
  }
  return period_around(local, kind, date);
}

std::vector<ParameterInfo> period_parameters() {
  return {{"period", "query", "string", false, "day, week (ISO, from Monday), month or year"},
          {"date", "query", "string", false,
           "YYYY-MM-DD, a local day of the period; without it today"}};
}

net::HttpResponse query_problem(const Error& error) {
  if (error.code() == BaseError::out_of_range) {
    return problem(400, "period_too_long",
                   "The period holds more than one request reads; ask for a shorter one.");
  }
  return problem_of(error);
}

void write_optional_number(json::Writer& out, std::optional<std::int64_t> nano) {
  if (nano) {
    out.number(*nano);
  } else {
    out.null();
  }
}

void write_time(json::Writer& out, UtcMillis time) {
  out.string(to_iso8601(time));
}

void write_completeness(json::Writer& out, const Completeness& completeness, UtcMillis to) {
  write_time(out.key("settled_until"), completeness.settled_until);
  write_time(out.key("final_until"), completeness.final_until);
  out.key("complete").boolean(to <= completeness.settled_until && completeness.missing.empty());
  out.key("missing").begin_array();
  for (const auto& missing : completeness.missing) {
    out.begin_object().key("meter").string(missing.meter);
    out.key("seconds").integer(missing.seconds).end_object();
  }
  out.end_array();
}

std::vector<std::pair<std::string, std::string>> completeness_fields() {
  return {{"settled_until", "time"},
          {"final_until", "time"},
          {"complete", "boolean"},
          {"missing", array_schema(object_schema({{"meter", "string"}, {"seconds", "integer"}}))}};
}

BodyReader::BodyReader(const std::string& body) {
  auto parsed = json::parse(body);
  if (!parsed) {
    error_ = parsed.error();
  } else if (!parsed->is_object()) {
    fail("The body must be a JSON object.");
  } else if (!parsed->repeated_name().empty()) {
    fail(std::string(parsed->repeated_name()) + " stands twice.");
  } else {
    body_ = *std::move(parsed);
  }
}

void BodyReader::fail(std::string sentence) {
  if (!error_) error_ = Error{GatewayError::bad_parameter, std::move(sentence)};
}

const json::Value* BodyReader::take(std::string_view name, bool required) {
  taken_.emplace_back(name);
  const auto* value = body_.find(name);
  if (value == nullptr && required) fail(std::string(name) + " is missing.");
  return value;
}

std::int64_t BodyReader::quantity(std::string_view name, bool required) {
  const auto* value = take(name, required);
  if (value == nullptr) return 0;
  const bool is_number = value->kind() == json::Kind::number || value->kind() == json::Kind::string;
  const auto nano =
      is_number ? parse_nano(value->text()) : Result<std::int64_t>(Error{BaseError::malformed, ""});
  if (!nano || *nano < 0 || (required && *nano == 0)) {
    fail(std::string(name) +
         (required ? " must be a number above 0." : " must be a number, 0 or more."));
    return 0;
  }
  return *nano;
}

std::string BodyReader::text(std::string_view name, bool required) {
  const auto* value = take(name, required);
  if (value == nullptr) return {};
  if (value->kind() != json::Kind::string) fail(std::string(name) + " must be a string.");
  return value->text();
}

bool BodyReader::boolean(std::string_view name) {
  const auto* value = take(name, true);
  if (value != nullptr && value->kind() != json::Kind::boolean) {
    fail(std::string(name) + " must be true or false.");
  }
  return value != nullptr && value->boolean();
}

Result<void> BodyReader::finish() {
  for (const auto& [name, value] : body_.members()) {
    if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) {
      fail("There is no field of the name " + name.substr(0, 64) + ".");
    }
  }
  if (error_) return *error_;
  return {};
}

std::string schema_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<std::pair<std::string_view, std::string_view>> views(fields.begin(), fields.end());
  return object_schema(views);
}

RouteInfo resident_route(std::string method, std::string pattern, std::string summary,
                         std::string response_schema) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::resident;
  info.response_schema = std::move(response_schema);
  info.statuses = {200, 400, 401, 503};
  return info;
}

void add_for_caller(Router& router, const ServicesPtr& services, RouteInfo info,
                    std::function<void(Services&, const Request&, const Responder&)> handler) {
  router.add(std::move(info), [services, handler = std::move(handler)](const Request& request,
                                                                       const Responder& responder) {
    if (!request.caller) {
      return responder.send(problem(401, "log_in_needed", "This path needs a log-in."));
    }
    handler(*services, request, responder);
  });
}

RouteInfo submitting_route(std::string method, std::string pattern, std::string summary,
                           std::string request_schema) {
  auto info = resident_route(std::move(method), std::move(pattern), std::move(summary),
                             submission_schema());
  info.parameters = {idempotency_parameter()};
  info.request_schema = std::move(request_schema);
  info.statuses = submission_statuses();
  info.statuses.insert(info.statuses.begin() + 2, 401);
  return info;
}

}  // namespace household
}  // namespace powershare::gateway
