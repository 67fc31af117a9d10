#include "gateway/household/trading.hpp"

#include <algorithm>

#include "gateway/household/order_results.hpp"
#include "gateway/household/trading_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {

void add_criteria_routes(Router& router, const ServicesPtr& services);
void add_market_view_routes(Router& router, const ServicesPtr& services);

namespace {

void list_orders(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto parameters = ledger::parameters(view->state());
  const auto& who = request.caller->participant;
  const auto orders = ledger::orders_of(view->state(), who);
  UtcMillis first{INT64_MAX};
  for (const auto& order : orders) first = std::min(first, order.order.first_slot);
  const auto sums = order_sums(view->history(), who, first);
  if (!sums) return responder.send(problem_of(sums.error()));
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& order : orders) {
    const auto found = sums->find(order.id);
    write_order(out, order, parameters, found == sums->end() ? OrderSums{} : found->second);
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void post_order(const Services& services, const Request& request, const Responder& responder) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  auto order = read_order(*body, request.caller->participant);
  if (!order) return responder.send(problem_of(order.error()));
  submit_for_caller(services, request, responder, *std::move(order),
                    [](const SubmitAnswer& answer) {
                      const bool again = answer.receipt->outcome == ledger::Outcome::duplicate;
                      json::Writer out;
                      out.digest(again ? answer.receipt->first : answer.receipt->transaction);
                      return "\"order\":" + std::move(out).take();
                    });
}

void delete_order(const Services& services, const Request& request, const Responder& responder) {
  const auto id = crypto::digest_from_hex(request.path_parameter("id"));
  if (!id) {
    return responder.send(problem(400, "bad_parameter", "id must be 64 hexadecimal digits."));
  }
  submit_for_caller(services, request, responder,
                    ledger::CancelOrder{request.caller->participant, *id});
}

std::string placed_schema() {
  return object_schema({{"transaction", "digest?"},
                        {"receipt", receipt_schema()},
                        {"block", object_schema({{"height", "integer"}, {"index", "integer"}})},
                        {"order", "digest"}});
}

void add_order_routes(Router& router, const ServicesPtr& services) {
  RouteInfo list;
  list.method = "GET";
  list.pattern = "/etms/orders";
  list.summary = "The caller's live orders, at most 64, with what their slots came to so far.";
  list.response_schema = list_schema(order_schema(), "string");
  list.statuses = {200, 503};
  add_for_caller(router, std::move(list),
                 [services](const Request& request, const Responder& responder) {
                   list_orders(*services, request, responder);
                 });

  RouteInfo post;
  post.method = "POST";
  post.pattern = "/etms/orders";
  post.summary =
      "Places a bid or an offer for 1 to 96 coming slots, until the gate (gate_closure, 5 minutes "
      "unless governed) before the first one and at most 7 days ahead. `order` is its id. Codes "
      "besides those of any transaction: bad_slot, "
      "gate_closed, insufficient_balance, too_many_orders.";
  post.parameters = {idempotency_parameter()};
  post.request_schema = order_request_schema();
  post.response_schema = placed_schema();
  post.statuses = submission_statuses();
  add_for_caller(router, std::move(post),
                 [services](const Request& request, const Responder& responder) {
                   post_order(*services, request, responder);
                 });

  RouteInfo cancel;
  cancel.method = "DELETE";
  cancel.pattern = "/etms/orders/{id}";
  cancel.summary =
      "Cancels an order for the slots whose gate is still open. Codes: unknown_order, gate_closed.";
  cancel.parameters = {{"id", "path", "string", true, "the order's id, 64 hexadecimal digits"},
                       idempotency_parameter()};
  cancel.response_schema = submission_schema();
  cancel.statuses = submission_statuses();
  add_for_caller(router, std::move(cancel),
                 [services](const Request& request, const Responder& responder) {
                   delete_order(*services, request, responder);
                 });
}

}  // namespace

void add_for_caller(Router& router, RouteInfo info, Handler handler) {
  info.access = Access::resident;
  router.add(std::move(info), [handler = std::move(handler)](const Request& request,
                                                             const Responder& responder) {
    if (request.caller) return handler(request, responder);
    responder.send(problem(401, "log_in_needed", "This path needs a resident's log-in."));
  });
}

void add_household_trading_routes(Router& router, const ServicesPtr& services) {
  add_criteria_routes(router, services);
  add_order_routes(router, services);
  add_order_result_routes(router, services);
  add_market_view_routes(router, services);
}

}  // namespace powershare::gateway
