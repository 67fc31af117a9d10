// GET /v1/slots, /v1/slots/{start}, /v1/trades and /v1/bills (shapes: DECISIONS 54).
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {

void add_network_routes(Router& router, const ServicesPtr& services);  // gateway/v1_network.cpp
void add_kpi_routes(Router& router, const ServicesPtr& services);      // gateway/v1_kpis.cpp

namespace {

constexpr std::size_t default_items = 100;
constexpr std::size_t max_items = 1000;
/// No time of this chain is later; the year 10000.
constexpr UtcMillis end_of_time{253'402'300'800'000};
/// A bill reads every slot of its period.
constexpr std::int64_t max_bill_days = 400;

struct Period {
  UtcMillis from;
  UtcMillis to = end_of_time;
};

Result<Period> period_of(const Request& request) {
  const auto from = time_parameter(request, "from");
  if (!from) return from.error();
  const auto to = time_parameter(request, "to");
  if (!to) return to.error();
  Period period;
  period.from = from->value_or(period.from);
  period.to = to->value_or(period.to);
  if (period.to < period.from) {
    return Error{GatewayError::bad_parameter, "from must not be after to."};
  }
  return period;
}

void write_slot(json::Writer& out, const ledger::SlotView& slot) {
  const auto& row = slot.row;
  out.begin_object().key("start").string(to_iso8601(row.start));
  out.key("state").string(ledger::to_text(slot.state)).key("rule").string(row.rule);
  out.key("clearing_price");
  if (row.clearing_price) {
    out.decimal(row.clearing_price->nano());
  } else {
    out.null();
  }
  out.key("imported_kwh").decimal(row.imported.nano());
  out.key("exported_kwh").decimal(row.exported.nano());
  out.key("traded_kwh").decimal(row.traded.nano());
  // Trade between neighbourhoods comes with the island chain; until then there is none.
  out.key("from_island_kwh").decimal(0).key("to_island_kwh").decimal(0);
  out.key("from_utility_kwh").decimal(row.from_utility.nano());
  out.key("to_utility_kwh").decimal(row.to_utility.nano());
  out.key("trades").unsigned_integer(row.pairs);
  out.key("missing_meters").unsigned_integer(row.missing_meters).end_object();
}

void get_slot(const Services& services, const Request& request, const Responder& responder) {
  const auto start = parse_time("start", request.path_parameter("start"));
  if (!start) return responder.send(problem_of(start.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto slot = ledger::query_slot(view->state(), view->history(), *start);
  if (!slot) return responder.send(problem_of(slot.error()));
  json::Writer out;
  write_slot(out, *slot);
  responder.send(json_response(std::move(out).take()));
}

void list_slots(const Services& services, const Request& request, const Responder& responder) {
  const auto period = period_of(request);
  if (!period) return responder.send(problem_of(period.error()));
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  // One more than is shown tells whether there is a next page.
  const auto slots =
      ledger::query_slots(view->state(), view->history(), period->from, period->to, *limit + 1);
  if (!slots) return responder.send(problem_of(slots.error()));
  const auto shown = std::min(slots->size(), *limit);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < shown; ++i) write_slot(out, (*slots)[i]);
  out.end_array().key("next");
  if (slots->size() > shown) {
    out.string(to_iso8601((*slots)[shown - 1].row.start));
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void write_trade(json::Writer& out, const ledger::TradeView& view) {
  const auto& trade = view.row.trade;
  out.begin_object().key("id").string(view.id);
  out.key("slot").string(to_iso8601(view.row.slot));
  out.key("buyer").string(ledger::to_text(trade.buyer));
  out.key("seller").string(ledger::to_text(trade.seller));
  out.key("energy_kwh").decimal(trade.energy.nano());
  out.key("price").decimal(trade.price.nano()).key("amount").decimal(trade.amount.nano());
  out.key("fees").decimal(trade.total_fees().nano());
  out.key("loss").decimal(trade.losses.nano()).key("loss_kwh").decimal(trade.lost.nano());
  out.key("venue").string(ledger::to_text(trade.venue));
  out.key("forward").boolean(trade.forward);
  out.key("buyer_margin").decimal(trade.buyer_margin.nano());
  out.key("seller_margin").decimal(trade.seller_margin.nano());
  out.key("state").string(ledger::to_text(view.state)).end_object();
}

/// "<slot start in ms>-<index>"
bool is_trade_id(std::string_view text) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos &&
         parse_unsigned("after", text.substr(0, dash), 253'402'300'799'999).ok() &&
         parse_unsigned("after", text.substr(dash + 1), UINT32_MAX).ok();
}

Result<ledger::TradeFilter> trade_filter(const Request& request) {
  ledger::TradeFilter filter;
  const auto participant = participant_parameter(request, "participant");
  if (!participant) return participant.error();
  filter.participant = *participant;
  const auto period = period_of(request);
  if (!period) return period.error();
  filter.from = period->from;
  filter.to = period->to;
  const auto venue = request.http.parameter("venue");
  if (venue) {
    for (const auto known : {ledger::Venue::local, ledger::Venue::island, ledger::Venue::utility}) {
      if (*venue == ledger::to_text(known)) filter.venue = known;
    }
    if (!filter.venue) {
      return Error{GatewayError::bad_parameter, "venue must be one of local, island, utility."};
    }
  }
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return limit.error();
  filter.limit = *limit;
  return filter;
}

void list_trades(const Services& services, const Request& request, const Responder& responder) {
  auto filter = trade_filter(request);
  if (!filter) return responder.send(problem_of(filter.error()));
  const auto after = request.http.parameter("after");
  if (after && !is_trade_id(*after)) {
    return responder.send(problem(400, "bad_parameter", "after must be the id of a trade."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  if (auto refusal = restrict_to_own(viewer, request, filter->participant)) {
    return responder.send(std::move(*refusal));
  }
  const auto limit = filter->limit++;
  const auto trades = ledger::query_trades(view->state(), view->history(), *filter, after);
  if (!trades) return responder.send(problem_of(trades.error()));
  const auto shown = std::min(trades->size(), limit);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < shown; ++i) write_trade(out, (*trades)[i]);
  out.end_array().key("next");
  if (trades->size() > shown) {
    out.string((*trades)[shown - 1].id);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void write_line(json::Writer& out, std::string_view name, const ledger::BillLine& line) {
  out.key(name).begin_object().key("energy_kwh").decimal(line.energy.nano());
  out.key("amount_coins").decimal(line.amount.nano()).key("mean_price");
  const auto price = line.mean_price();
  if (price) {
    out.decimal(price->nano());
  } else {
    out.null();
  }
  out.end_object();
}

void write_ratio(json::Writer& out, std::string_view name, const ledger::Ratio& ratio) {
  const auto nano = ratio.nano();
  out.key(name);
  if (nano) {
    out.decimal(*nano);
  } else {
    out.null();
  }
}

/// Members of an object that is begun elsewhere.
void write_totals(json::Writer& out, const ledger::BillTotals& totals) {
  out.key("imported_kwh").decimal(totals.imported.nano());
  out.key("exported_kwh").decimal(totals.exported.nano());
  out.key("produced_kwh").decimal(totals.produced.nano());
  out.key("consumption_kwh").decimal(totals.consumption().nano());
  write_line(out, "bought", totals.bought);
  write_line(out, "sold", totals.sold);
  write_line(out, "from_utility", totals.from_utility);
  write_line(out, "to_utility", totals.to_utility);
  write_line(out, "late_from_utility", totals.late_from_utility);
  write_line(out, "late_to_utility", totals.late_to_utility);
  write_line(out, "shortfall", totals.shortfall);
  write_line(out, "unused", totals.unused);
  write_line(out, "deviations", totals.deviations());
  out.key("fees_coins").decimal(totals.fees.nano());
  out.key("fees_by_level").begin_array();
  for (const auto& [level, fee] : totals.level_fees) {
    out.begin_object().key("zone").string(level);
    out.key("amount_coins").decimal(fee.nano()).end_object();
  }
  out.end_array();
  out.key("losses_coins").decimal(totals.losses.nano());
  out.key("losses_kwh").decimal(totals.lost.nano());
  out.key("cost_coins").decimal(totals.cost.nano());
  out.key("cost_without_market_coins").decimal(totals.cost_without_market.nano());
  out.key("savings_coins").decimal(totals.savings().nano());
  write_ratio(out, "self_consumption", totals.self_consumption());
  write_ratio(out, "self_sufficiency", totals.self_sufficiency());
  write_ratio(out, "renewable_share", totals.renewable_share());
  out.key("slots").unsigned_integer(totals.slots);
}

std::string bills_json(const ledger::Statement& statement) {
  json::Writer out;
  out.begin_object().key("from").string(to_iso8601(statement.from));
  out.key("to").string(to_iso8601(statement.to)).key("items").begin_array();
  for (const auto& bill : statement.bills) {
    out.begin_object().key("participant").string(ledger::to_text(bill.participant));
    write_totals(out, bill.totals);
    out.end_object();
  }
  out.end_array().key("next").null().key("community").begin_object();
  write_totals(out, statement.community.totals);
  out.key("settled_slots").unsigned_integer(statement.community.slots);
  out.key("trades").unsigned_integer(statement.community.trades);
  out.key("traded_kwh").decimal(statement.community.traded.nano());
  out.end_object().end_object();
  return std::move(out).take();
}

void get_bills(const Services& services, const Request& request, const Responder& responder) {
  auto period = period_of(request);
  if (!period) return responder.send(problem_of(period.error()));
  auto participant = participant_parameter(request, "participant");
  if (!participant) return responder.send(problem_of(participant.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  if (auto refusal = restrict_to_own(viewer, request, *participant)) {
    return responder.send(std::move(*refusal));
  }
  constexpr auto longest_ms = max_bill_days * millis_per_day;
  if (!request.http.parameter("to")) {
    const auto now = ledger::island_time(view->state());
    period->to = std::max(period->from, UtcMillis{now.value + 1});
  }
  if (!request.http.parameter("from")) {
    period->from = {std::max<std::int64_t>(0, period->to.value - longest_ms)};
  }
  if (period->to.value - period->from.value > longest_ms) {
    return responder.send(problem(400, "bad_parameter", "A bill covers at most 400 days."));
  }
  const auto statement =
      ledger::query_bills(view->history(), period->from, period->to, *participant);
  if (!statement) return responder.send(problem_of(statement.error()));
  responder.send(json_response(bills_json(*statement)));
}

std::string slot_schema() {
  return object_schema(
      {{"start", "time"},
       {"state", R"({"type":"string","enum":["open","metering","provisional","final"]})"},
       {"rule", "string"},
       {"clearing_price", "decimal?"},
       {"imported_kwh", "decimal"},
       {"exported_kwh", "decimal"},
       {"traded_kwh", "decimal"},
       {"from_island_kwh", "decimal"},
       {"to_island_kwh", "decimal"},
       {"from_utility_kwh", "decimal"},
       {"to_utility_kwh", "decimal"},
       {"trades", "integer"},
       {"missing_meters", "integer"}});
}

std::string trade_schema() {
  return object_schema({{"id", "string"},
                        {"slot", "time"},
                        {"buyer", "string"},
                        {"seller", "string"},
                        {"energy_kwh", "decimal"},
                        {"price", "decimal"},
                        {"amount", "decimal"},
                        {"fees", "decimal"},
                        {"loss", "decimal"},
                        {"loss_kwh", "decimal"},
                        {"venue", R"({"type":"string","enum":["local","island","utility"]})"},
                        {"forward", "boolean"},
                        {"buyer_margin", "decimal"},
                        {"seller_margin", "decimal"},
                        {"state", "string"}});
}

/// Of one participant, or, with three figures more, of the community.
std::string bill_schema(bool community) {
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
  const auto line = object_schema(
      {{"energy_kwh", "decimal"}, {"amount_coins", "decimal"}, {"mean_price", "decimal?"}});
  const auto levels =
      array_schema(object_schema({{"zone", "string"}, {"amount_coins", "decimal"}}));
  Fields fields = {{"imported_kwh", "decimal"},
                   {"exported_kwh", "decimal"},
                   {"produced_kwh", "decimal"},
                   {"consumption_kwh", "decimal"},
                   {"bought", line},
                   {"sold", line},
                   {"from_utility", line},
                   {"to_utility", line},
                   {"late_from_utility", line},
                   {"late_to_utility", line},
                   {"shortfall", line},
                   {"unused", line},
                   {"deviations", line},
                   {"fees_coins", "decimal"},
                   {"fees_by_level", levels},
                   {"losses_coins", "decimal"},
                   {"losses_kwh", "decimal"},
                   {"cost_coins", "decimal"},
                   {"cost_without_market_coins", "decimal"},
                   {"savings_coins", "decimal"},
                   {"self_consumption", "decimal?"},
                   {"self_sufficiency", "decimal?"},
                   {"renewable_share", "decimal?"},
                   {"slots", "integer"}};
  const Fields own =
      community
          ? Fields{{"settled_slots", "integer"}, {"trades", "integer"}, {"traded_kwh", "decimal"}}
          : Fields{{"participant", "string"}};
  fields.insert(fields.begin(), own.begin(), own.end());
  return object_schema(fields);
}

std::vector<ParameterInfo> period_parameters() {
  return {{"from", "query", "string", false, "ISO 8601 or milliseconds; included"},
          {"to", "query", "string", false, "ISO 8601 or milliseconds; not included"}};
}
const ParameterInfo limit_info{"limit", "query", "integer", false, "1 to 1000, default 100"};
const ParameterInfo participant_info{"participant", "query", "string", false,
                                     "a participant, as Resident:H01 or H01"};

void add_slot_routes(Router& router, const ServicesPtr& services) {
  RouteInfo list;
  list.method = "GET";
  list.pattern = "/v1/slots";
  list.summary = "Settled slots, newest first. `next` is the `to` of the next page.";
  list.parameters = period_parameters();
  list.parameters.push_back(limit_info);
  list.response_schema = list_schema(slot_schema(), "string");
  list.statuses = {200, 400, 503};
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_slots(*services, request, responder);
  });

  RouteInfo one;
  one.method = "GET";
  one.pattern = "/v1/slots/{start}";
  one.summary = "One slot by its start; of one not yet settled, what its readings say so far.";
  one.parameters = {{"start", "path", "string", true, "ISO 8601 or milliseconds"}};
  one.response_schema = slot_schema();
  one.statuses = {200, 400, 404, 503};
  router.add(std::move(one), [services](const Request& request, const Responder& responder) {
    get_slot(*services, request, responder);
  });
}

}  // namespace

void add_market_routes(Router& router, const ServicesPtr& services) {
  add_slot_routes(router, services);
  add_network_routes(router, services);
  add_kpi_routes(router, services);

  RouteInfo trades;
  trades.method = "GET";
  trades.pattern = "/v1/trades";
  trades.summary = "Settled trades, by slot. `next` is the `after` of the next page.";
  trades.access = Access::read;
  trades.parameters = period_parameters();
  trades.parameters.push_back(participant_info);
  trades.parameters.push_back({"venue", "query", "string", false, "local, island or utility"});
  trades.parameters.push_back({"after", "query", "string", false, "id of a trade"});
  trades.parameters.push_back(limit_info);
  trades.response_schema = list_schema(trade_schema(), "string");
  trades.statuses = {200, 400, 503};
  router.add(std::move(trades), [services](const Request& request, const Responder& responder) {
    list_trades(*services, request, responder);
  });

  RouteInfo bills;
  bills.method = "GET";
  bills.pattern = "/v1/bills";
  bills.summary =
      "What each participant and the community bought, sold, paid and saved in a period of at most "
      "400 days; without `to` until now. Not a tax invoice.";
  bills.access = Access::read;
  bills.parameters = period_parameters();
  bills.parameters.push_back(participant_info);
  bills.response_schema = object_schema({{"from", "time"},
                                         {"to", "time"},
                                         {"items", array_schema(bill_schema(false))},
                                         {"next", "string?"},
                                         {"community", bill_schema(true)}});
  bills.statuses = {200, 400, 503};
  router.add(std::move(bills), [services](const Request& request, const Responder& responder) {
    get_bills(*services, request, responder);
  });
}

}  // namespace powershare::gateway
