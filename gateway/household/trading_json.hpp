// Trading criteria and explicit orders as the household's JSON of /etms: numbers with units in
// their names, weekdays and hours as people write them.
#pragma once

#include <string>

#include "gateway/household/order_results.hpp"
#include "gateway/json.hpp"
#include "ledger/orders.hpp"

namespace powershare::gateway {

/// A whole set of criteria for `participant`; what is missing is at its default.
/// GatewayError::bad_parameter names the first field that is wrong or unknown.
Result<ledger::SetCriteria> read_criteria(const json::Value& body,
                                          const ledger::ParticipantRef& participant);
/// The members of read_criteria()'s object, into one that is begun elsewhere.
void write_criteria(json::Writer& out, const ledger::SetCriteria& criteria);

/// {"side","first_slot","energy_kwh","limit_coins_per_kwh"} and, optional, "slots", "partners",
/// "only_renewable".
Result<ledger::PlaceOrder> read_order(const json::Value& body,
                                      const ledger::ParticipantRef& participant);
void write_order(json::Writer& out, const ledger::LiveOrder& order,
                 const ledger::Parameters& parameters, const OrderSums& sums);

/// What made a trade's price, by the rule of its slot: "one_price_for_all", "buyers_limit",
/// "rest_from_utility", …: the enum of price_reason_schema().
std::string_view price_reason(std::string_view rule, const ledger::SettledTrade& trade,
                              bool bought);
std::string price_reason_schema();

/// JSON schemas of the two bodies, and of an order in a list.
std::string criteria_schema();
std::string order_request_schema();
std::string order_schema();

}  // namespace powershare::gateway
