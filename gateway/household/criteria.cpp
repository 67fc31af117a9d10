// GET and PUT /etms/criteria.
#include "gateway/household/trading.hpp"
#include "gateway/household/trading_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/calendar.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway {

void add_criteria_routes(Router& router, const ServicesPtr& services);

namespace {

/// What the criteria come to in their first slot, which is not settled yet.
void write_effect(json::Writer& out, const ledger::StateReader& state,
                  const ledger::ParticipantRef& participant, UtcMillis slot) {
  const auto supply = ledger::current_supply(state);
  const auto terms =
      ledger::terms_of(state, participant, slot, supply, ledger::parameters(state).credit_limit);
  const auto price = [&](std::string_view name, Price value, bool known) {
    out.key(name);
    if (known) {
      out.number(value.nano());
    } else {
      out.null();
    }
  };
  out.key("effect").begin_object().key("slot").string(to_iso8601(slot));
  out.key("zone").string(ledger::find_calendar(state).zone());
  price("tariff_coins_per_kwh", supply.tariff, supply.supplier.has_value());
  price("feed_in_coins_per_kwh", supply.feed_in, supply.supplier.has_value());
  price("buys_at_most_coins_per_kwh", terms.buy_limit, terms.buys);
  price("sells_at_least_coins_per_kwh", terms.sell_limit, terms.sells);
  out.key("buys_renewable_only").boolean(terms.wishes.only_renewable);
  out.key("may_spend_coins").number(terms.capacity.nano()).end_object();
}

/// Members: the newest criteria, from which slot they count, and what that comes to.
void write_current(json::Writer& out, const ledger::StateReader& state,
                   const ledger::ParticipantRef& participant) {
  const auto slot_ms = ledger::parameters(state).slot_ms;
  const auto now = ledger::island_time(state);
  const auto current = slot_start(now, slot_ms);
  const auto coming = ledger::next_slot(now, slot_ms);
  const auto newest = ledger::find_criteria(state, participant, coming);
  const auto in_force = ledger::find_criteria(state, participant, current);
  const auto text = [](const std::optional<ledger::SetCriteria>& criteria) {
    json::Writer written;
    written.begin_object();
    if (criteria) write_criteria(written, *criteria);
    written.end_object();
    return std::move(written).take();
  };
  const bool pending = text(newest) != text(in_force);
  ledger::SetCriteria shown;
  shown.participant = participant;
  if (newest) shown = *newest;
  out.key("participant").string(ledger::to_text(participant));
  out.key("set").boolean(newest.has_value());
  out.key("counts_from").string(to_iso8601(pending ? coming : current));
  out.key("in_force").boolean(!pending);
  write_criteria(out, shown);
  write_effect(out, state, participant, pending ? coming : current);
}

void get_criteria(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object();
  write_current(out, view->state(), request.caller->participant);
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void put_criteria(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  auto criteria = read_criteria(*body, request.caller->participant);
  if (!criteria) return responder.send(problem_of(criteria.error()));
  submit_for_caller(*services, request, responder, *std::move(criteria),
                    [services, participant = request.caller->participant](const SubmitAnswer&) {
                      const auto view = services->ports.view();
                      json::Writer out;
                      out.begin_object();
                      if (view && *view != nullptr) {
                        write_current(out, (*view)->state(), participant);
                      }
                      out.end_object();
                      return "\"criteria\":" + std::move(out).take();
                    });
}

std::string shown_schema() {
  const auto effect = object_schema({{"slot", "time"},
                                     {"zone", "string"},
                                     {"tariff_coins_per_kwh", "number?"},
                                     {"feed_in_coins_per_kwh", "number?"},
                                     {"buys_at_most_coins_per_kwh", "number?"},
                                     {"sells_at_least_coins_per_kwh", "number?"},
                                     {"buys_renewable_only", "boolean"},
                                     {"may_spend_coins", "number"}});
  const auto own = object_schema({{"participant", "string"},
                                  {"set", "boolean"},
                                  {"counts_from", "time"},
                                  {"in_force", "boolean"},
                                  {"effect", effect}});
  return R"({"allOf":[)" + own + "," + criteria_schema() + "]}";
}

}  // namespace

void add_criteria_routes(Router& router, const ServicesPtr& services) {
  RouteInfo get;
  get.method = "GET";
  get.pattern = "/etms/criteria";
  get.summary =
      "The caller's newest trading criteria, from which slot they count, and what they come to "
      "there: prices beside tariff and feed-in, null where a side is off or outside its windows.";
  get.response_schema = shown_schema();
  get.statuses = {200, 503};
  add_for_caller(router, std::move(get),
                 [services](const Request& request, const Responder& responder) {
                   get_criteria(*services, request, responder);
                 });

  RouteInfo put;
  put.method = "PUT";
  put.pattern = "/etms/criteria";
  put.summary =
      "Replaces the caller's trading criteria from the next slot on; what is left away is at its "
      "default. A price is fixed, or tied to the tariff by an offset, or the registry's.";
  put.parameters = {idempotency_parameter()};
  put.request_schema = criteria_schema();
  put.response_schema =
      object_schema({{"transaction", "digest?"},
                     {"receipt", receipt_schema()},
                     {"block", object_schema({{"height", "integer"}, {"index", "integer"}})},
                     {"criteria", shown_schema()}});
  put.statuses = submission_statuses();
  add_for_caller(router, std::move(put),
                 [services](const Request& request, const Responder& responder) {
                   put_criteria(services, request, responder);
                 });
}

}  // namespace powershare::gateway
