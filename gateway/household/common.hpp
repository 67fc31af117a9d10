// What the routes of a household's account share. Quantities are JSON numbers without exponents, in
// kWh, coins or units of a currency.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/household/energy.hpp"
#include "gateway/household/periods.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway::household {

/// Rows of history that one request reads at most: two years of quarters of an hour, about a
/// quarter of a second.
inline constexpr std::size_t max_rows = 75'000;

/// `period` and `date` of the query: without a date, the one that lies around island time.
Result<Period> period_parameter(const Request& request, const ledger::StateReader& state,
                                PeriodKind otherwise);
std::vector<ParameterInfo> period_parameters();
/// problem_of(), but BaseError::out_of_range is a period that holds more than one request reads.
net::HttpResponse query_problem(const Error& error);

void write_optional_number(json::Writer& out, std::optional<std::int64_t> nano);
void write_time(json::Writer& out, UtcMillis time);
/// "settled_until", "final_until", "complete" and "missing": members of an object.
void write_completeness(json::Writer& out, const Completeness& completeness, UtcMillis to);
std::vector<std::pair<std::string, std::string>> completeness_fields();

/// Reads the fields of a JSON object by name; remembers the first that is wrong, missing or
/// unknown.
class BodyReader {
 public:
  explicit BodyReader(const std::string& body);
  /// A number or decimal string; `required`, else 0 where it is absent.
  std::int64_t quantity(std::string_view name, bool required = true);
  std::string text(std::string_view name, bool required = true);
  bool boolean(std::string_view name);
  /// GatewayError::bad_parameter or malformed_json with one sentence.
  Result<void> finish();

 private:
  const json::Value* take(std::string_view name, bool required);
  void fail(std::string sentence);
  json::Value body_;
  std::vector<std::string> taken_;
  std::optional<Error> error_;
};

/// A schema from pairs that own their text.
std::string schema_of(const std::vector<std::pair<std::string, std::string>>& fields);
/// A route for residents that answers JSON.
RouteInfo resident_route(std::string method, std::string pattern, std::string summary,
                         std::string response_schema);
/// Puts a route into the table whose handler may count on Request::caller: without one it is 401.
void add_for_caller(Router& router, const ServicesPtr& services, RouteInfo info,
                    std::function<void(Services&, const Request&, const Responder&)> handler);
/// The same for one that submits a transaction.
RouteInfo submitting_route(std::string method, std::string pattern, std::string summary,
                           std::string request_schema);

void add_account_overview_routes(Router& router, const ServicesPtr& services);
void add_history_routes(Router& router, const ServicesPtr& services);
void add_wallet_routes(Router& router, const ServicesPtr& services);
void add_cash_request_routes(Router& router, const ServicesPtr& services);
void add_bill_routes(Router& router, const ServicesPtr& services);
void add_origin_routes(Router& router, const ServicesPtr& services);
void add_bill_why_routes(Router& router, const ServicesPtr& services);
void add_slot_why_routes(Router& router, const ServicesPtr& services);
void add_ranking_routes(Router& router, const ServicesPtr& services);
void add_notification_routes(Router& router, const ServicesPtr& services);
void add_own_event_routes(Router& router, const ServicesPtr& services);
void add_export_routes(Router& router, const ServicesPtr& services);

}  // namespace powershare::gateway::household
