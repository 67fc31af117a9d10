// GET /v1/slots/{start}/book: the orders that a slot was cleared from, as its clearing sees them.
#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/deviations.hpp"
#include "ledger/forward.hpp"
#include "ledger/slot_book.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway {
namespace {

/// What the slot was settled from; what the market gave to each is left away.
Result<ledger::SlotInputs> inputs_of(const ledger::StateReader& state, ledger::SlotRecord record) {
  auto energies = ledger::metered_energy(state, record.start, record.quarantined);
  if (!energies) return energies.error();
  ledger::SlotInputs inputs;
  inputs.slot = record.start;
  inputs.rule = std::move(record.rule);
  inputs.supply = record.supply;
  inputs.terms = std::move(record.terms);
  if (auto forward = ledger::find_forward(state, record.start)) {
    inputs.commitments = std::move(forward->commitments);
  }
  for (const auto& terms : inputs.terms) {  // who has no meter has metered nothing
    const auto& metered = (*energies)[terms.participant];
    inputs.metered.push_back(metered.all);
    inputs.apart.push_back(metered.apart);
  }
  if (ledger::needs_facts(inputs.terms)) {
    inputs.facts = ledger::slot_facts(state, inputs.slot, inputs.terms, inputs.metered);
  }
  return inputs;
}

void write_order(json::Writer& out, const market::Order& order, const ledger::SlotInputs& inputs) {
  out.begin_object().key("participant");
  out.string(ledger::to_text(inputs.terms[order.participant].participant));
  out.key("side").string(order.side == market::Side::buy ? "buy" : "sell");
  out.key("by").string(ledger::covers_shortfall(order) || ledger::sells_unused(order) ? "deviation"
                       : order.standing                                               ? "criteria"
                                                                                      : "order");
  out.key("energy_kwh").decimal(order.energy.nano());
  out.key("limit").decimal(order.limit.nano());
  out.key("restricted").boolean(!order.partners.empty() || order.only_green).end_object();
}

void get_book(const Services& services, const Request& request, const Responder& responder) {
  const auto start = parse_time("start", request.path_parameter("start"));
  if (!start) return responder.send(problem_of(start.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  auto record = ledger::find_slot(view->state(), *start);
  if (!record) {
    return responder.send(problem(404, "not_found",
                                  "The book of a slot is kept from its settlement until it is "
                                  "final."));
  }
  const auto made = inputs_of(view->state(), *std::move(record));
  if (!made) return responder.send(problem_of(made.error()));
  const auto& inputs = *made;
  const auto book = ledger::slot_book(inputs);
  json::Writer out;
  out.begin_object().key("start").string(to_iso8601(inputs.slot));
  out.key("rule").string(inputs.rule).key("orders").begin_array();
  for (const auto& order : book.orders) write_order(out, order, inputs);
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_slot_book_routes(Router& router, const ServicesPtr& services) {
  const auto order =
      object_schema({{"participant", "string"},
                     {"side", R"({"type":"string","enum":["buy","sell"]})"},
                     {"by", R"({"type":"string","enum":["criteria","order","deviation"]})"},
                     {"energy_kwh", "decimal"},
                     {"limit", "decimal"},
                     {"restricted", "boolean"}});
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/slots/{start}/book";
  info.summary =
      "The orders that a slot was cleared from: what was metered, at the limits of criteria and "
      "explicit orders; `restricted` ones want certain partners or renewable energy only. Kept "
      "until the slot is final.";
  info.access = Access::administrator;
  info.parameters = {{"start", "path", "string", true, "start of the slot"}};
  info.response_schema =
      object_schema({{"start", "time"}, {"rule", "string"}, {"orders", array_schema(order)}});
  info.statuses = {200, 400, 404, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    get_book(*services, request, responder);
  });
}

}  // namespace powershare::gateway
