// GET /etms/slot, /etms/trades and /etms/neighbours: what the market did, does and could do for
// the caller.
#include <algorithm>
#include <map>

#include "gateway/error.hpp"
#include "gateway/household/trading.hpp"
#include "gateway/household/trading_json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "ledger/criteria.hpp"
#include "ledger/forward.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {

void add_market_view_routes(Router& router, const ServicesPtr& services);

namespace {

constexpr std::size_t default_items = 100;
constexpr std::size_t max_items = 1000;
constexpr std::int64_t default_period_ms = 7 * millis_per_day;
/// So many settled slots back, a price still indicates something.
constexpr std::size_t max_indicative_slots = 96;
constexpr UtcMillis end_of_time{253'402'300'800'000};

void write_price(json::Writer& out, std::string_view name, const std::optional<Price>& price) {
  out.key(name);
  if (price) {
    out.number(price->nano());
  } else {
    out.null();
  }
}

std::optional<Price> known(const ledger::Supply& supply, Price price) {
  return supply.supplier ? std::optional(price) : std::nullopt;
}

// ── The running slot ────────────────────────────────────────────────────────────────────────────

/// Amount per energy, over what neighbours traded in the slot; at most max_items trades of it.
Result<std::optional<Price>> mean_price(const ChainView& view, UtcMillis slot,
                                        std::int64_t slot_ms) {
  ledger::TradeFilter filter;
  filter.venue = ledger::Venue::local;
  filter.from = slot;
  filter.to = {slot.value + slot_ms};
  filter.limit = max_items;
  const auto trades = ledger::query_trades(view.state(), view.history(), filter);
  if (!trades) return trades.error();
  ledger::BillLine line;
  for (const auto& trade : *trades) {
    auto energy = add(line.energy, trade.row.trade.energy);
    auto amount = add(line.amount, trade.row.trade.amount);
    if (!energy || !amount) break;
    line.energy = *energy;
    line.amount = *amount;
  }
  return line.mean_price();
}

struct Indication {
  std::optional<Price> price;
  UtcMillis slot;
};

/// The price of the newest settled slot in which neighbours traded.
Result<Indication> indication(const ChainView& view, std::int64_t slot_ms) {
  const auto slots = ledger::query_slots(view.state(), view.history(), UtcMillis{}, end_of_time,
                                         max_indicative_slots);
  if (!slots) return slots.error();
  for (const auto& slot : *slots) {
    if (slot.row.pairs == 0) continue;
    if (slot.row.clearing_price) return Indication{slot.row.clearing_price, slot.row.start};
    auto mean = mean_price(view, slot.row.start, slot_ms);
    if (!mean) return mean.error();
    return Indication{*mean, slot.row.start};
  }
  return Indication{};
}

void get_slot(const Services& services, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto all = ledger::parameters(state);
  const auto now = ledger::island_time(state);
  const auto start = slot_start(now, all.slot_ms);
  const auto end = UtcMillis{start.value + all.slot_ms};
  const auto progress = ledger::slot_progress(state);
  const auto indicative = indication(*view, all.slot_ms);
  if (!indicative) return responder.send(problem_of(indicative.error()));
  const auto waiting = progress ? std::min(progress->next_close, start) : start;
  const auto orderable = std::max(end, ledger::first_open_slot(state, all, now));

  json::Writer out;
  out.begin_object().key("start").string(to_iso8601(start)).key("end").string(to_iso8601(end));
  out.key("state").string(ledger::to_text(ledger::slot_state(state, start, now, all.slot_ms)));
  out.key("as_of").string(to_iso8601(now));
  out.key("closes_in_seconds").integer((end.value - now.value) / millis_per_second);
  out.key("closes_at_latest").string(to_iso8601({end.value + all.close_grace_ms}));
  out.key("rule").string(all.clearing_rule);
  const auto supply = ledger::current_supply(state);
  write_price(out, "tariff_coins_per_kwh", known(supply, supply.tariff));
  write_price(out, "feed_in_coins_per_kwh", known(supply, supply.feed_in));
  write_price(out, "indicative_price_coins_per_kwh", indicative->price);
  out.key("indicative_from_slot");
  if (indicative->price) {
    out.string(to_iso8601(indicative->slot));
  } else {
    out.null();
  }
  out.key("settled_until").string(to_iso8601(waiting));
  out.key("missing_meters")
      .unsigned_integer(ledger::missing_meters(state, all, waiting, UINT32_MAX));
  out.key("next_order_slot").string(to_iso8601(orderable));
  out.key("gate_closure_seconds").integer(all.gate_closure_ms / millis_per_second).end_object();
  responder.send(json_response(std::move(out).take()));
}

// ── Trades ──────────────────────────────────────────────────────────────────────────────────────

struct TradeQuery {
  ledger::TradeFilter filter;
  std::optional<std::string> after;
};

bool is_trade_id(std::string_view text) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos &&
         parse_unsigned("after", text.substr(0, dash),
                        static_cast<std::uint64_t>(end_of_time.value) - 1)
             .ok() &&
         parse_unsigned("after", text.substr(dash + 1), UINT32_MAX).ok();
}

Result<TradeQuery> trade_query(const Request& request, UtcMillis now) {
  TradeQuery query;
  query.filter.participant = request.caller->participant;
  const auto to = time_parameter(request, "to");
  if (!to) return to.error();
  query.filter.to = to->value_or(UtcMillis{now.value + 1});
  const auto from = time_parameter(request, "from");
  if (!from) return from.error();
  const std::int64_t standard = query.filter.to.value - default_period_ms;
  query.filter.from = from->value_or(UtcMillis{std::max<std::int64_t>(0, standard)});
  if (query.filter.to < query.filter.from) {
    return Error{GatewayError::bad_parameter, "from must not be after to."};
  }
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return limit.error();
  query.filter.limit = *limit;
  query.after = request.http.parameter("after");
  if (query.after && !is_trade_id(*query.after)) {
    return Error{GatewayError::bad_parameter, "after must be the id of a trade."};
  }
  return query;
}

/// How a slot came to its prices.
struct SlotReasons {
  std::string rule;
  std::optional<Price> clearing_price;
  ledger::Supply supply;
};

Result<SlotReasons> reasons_of(const ChainView& view, const ledger::ParticipantRef& participant,
                               UtcMillis slot) {
  SlotReasons reasons;
  const auto key = ledger::history_key::time(slot);
  if (const auto value = view.history().get(ledger::history_table::slots, key)) {
    auto row = ledger::parse_slot_row(key, *value);
    if (!row) return row.error();
    reasons.rule = row->rule;
    reasons.clearing_price = row->clearing_price;
  }
  auto own = ledger::history_key::participant(participant);
  own.insert(own.end(), key.begin(), key.end());
  if (const auto value = view.history().get(ledger::history_table::participant_slots, own)) {
    auto row = ledger::parse_participant_slot_row(own, *value);
    if (!row) return row.error();
    reasons.supply = row->supply;
  }
  return reasons;
}

/// What the trade spared the caller, or brought it, against the utility.
std::optional<Coins> advantage(const SlotReasons& reasons, const ledger::SettledTrade& trade,
                               bool bought) {
  if (!reasons.supply.supplier) return std::nullopt;
  const auto otherwise =
      multiply(bought ? reasons.supply.tariff : reasons.supply.feed_in, trade.energy);
  if (!otherwise) return std::nullopt;
  const auto gain =
      bought ? subtract(*otherwise, trade.amount) : subtract(trade.amount, *otherwise);
  return gain ? std::optional(*gain) : std::nullopt;
}

void write_trade(json::Writer& out, const ledger::TradeView& view, const SlotReasons& reasons,
                 const ledger::ParticipantRef& caller) {
  const auto& trade = view.row.trade;
  const bool bought = trade.buyer == caller;
  out.begin_object().key("id").string(view.id);
  out.key("slot").string(to_iso8601(view.row.slot));
  out.key("side").string(bought ? "buy" : "sell");
  out.key("counterparty").string(ledger::to_text(bought ? trade.seller : trade.buyer));
  out.key("energy_kwh").number(trade.energy.nano());
  out.key("price_coins_per_kwh").number(trade.price.nano());
  out.key("amount_coins").number(trade.amount.nano());
  out.key("venue").string(ledger::to_text(trade.venue));
  out.key("state").string(ledger::to_text(view.state));
  out.key("forward").boolean(trade.forward);
  out.key("margin_coins").number((bought ? trade.buyer_margin : trade.seller_margin).nano());
  out.key("why").begin_object().key("reason").string(price_reason(reasons.rule, trade, bought));
  out.key("by").string((bought ? trade.bid_ordered : trade.offer_ordered) ? "order" : "criteria");
  out.key("rule").string(reasons.rule);
  write_price(out, "clearing_price_coins_per_kwh", reasons.clearing_price);
  write_price(out, "tariff_coins_per_kwh", known(reasons.supply, reasons.supply.tariff));
  write_price(out, "feed_in_coins_per_kwh", known(reasons.supply, reasons.supply.feed_in));
  out.key("advantage_coins");
  if (const auto gain = advantage(reasons, trade, bought)) {
    out.number(gain->nano());
  } else {
    out.null();
  }
  out.end_object().end_object();
}

void list_trades(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  auto query = trade_query(request, ledger::island_time(view->state()));
  if (!query) return responder.send(problem_of(query.error()));
  const auto limit = query->filter.limit++;  // one more tells whether there is a next page
  const auto trades =
      ledger::query_trades(view->state(), view->history(), query->filter, query->after);
  if (!trades) return responder.send(problem_of(trades.error()));
  const auto shown = std::min(trades->size(), limit);
  const auto& caller = request.caller->participant;
  SlotReasons reasons;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& trade = (*trades)[i];
    if (i == 0 || trade.row.slot != (*trades)[i - 1].row.slot) {
      auto found = reasons_of(*view, caller, trade.row.slot);
      if (!found) return responder.send(problem_of(found.error()));
      reasons = *std::move(found);
    }
    write_trade(out, trade, reasons, caller);
  }
  out.end_array().key("next");
  if (trades->size() > shown) {
    out.string((*trades)[shown - 1].id);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

// ── Neighbours ──────────────────────────────────────────────────────────────────────────────────

bool deals_with(const std::vector<ledger::ParticipantRef>& partners,
                const ledger::ParticipantRef& other) {
  return partners.empty() || std::find(partners.begin(), partners.end(), other) != partners.end();
}

/// Ids, types and published prices are everyone's to see (DECISIONS 60); nothing else is shown.
void write_neighbour(json::Writer& out, const ledger::StateReader& state,
                     const ledger::Participant& neighbour, const ledger::ParticipantRef& caller,
                     UtcMillis slot, const ledger::Supply& supply) {
  const bool utility = neighbour.ref.type == ledger::ParticipantType::utility_company;
  std::optional<Price> sells_at;
  bool open = neighbour.supplier;
  if (utility) {
    sells_at = neighbour.tariff;
  } else {
    const auto stance = ledger::stance_of(state, neighbour.ref, slot, supply);
    const bool sells = stance.sell.open && deals_with(stance.sell.partners, caller);
    const bool buys = stance.buy.open && deals_with(stance.buy.partners, caller);
    open = sells || buys;
    if (sells) {
      sells_at = supply.supplier ? larger(stance.sell.price, supply.feed_in) : stance.sell.price;
    }
  }
  out.begin_object().key("id").string(ledger::to_text(neighbour.ref)).key("alias");
  if (neighbour.name.empty()) {
    out.null();
  } else {
    out.string(neighbour.name);
  }
  out.key("type").string(ledger::to_text(neighbour.ref.type));
  write_price(out, "sells_at_coins_per_kwh", sells_at);
  out.key("open_to_trade").boolean(open).end_object();
}

void list_neighbours(const Services& services, const Request& request, const Responder& responder) {
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto after = participant_parameter(request, "after");
  if (!after) return responder.send(problem_of(after.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto supply = ledger::current_supply(state);
  const auto slot = slot_start(ledger::island_time(state), ledger::parameters(state).slot_ms);
  const auto& caller = request.caller->participant;
  std::optional<ledger::ParticipantRef> last;
  bool more = false;
  std::size_t shown = 0;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  ledger::for_each_participant(state, [&](const ledger::Participant& neighbour) {
    const bool skipped = neighbour.ref == caller ||
                         neighbour.ref.type == ledger::ParticipantType::bank ||
                         (*after && neighbour.ref <= **after);
    if (skipped) return true;
    more = shown == *limit;
    if (more) return false;
    write_neighbour(out, state, neighbour, caller, slot, supply);
    last = neighbour.ref;
    ++shown;
    return true;
  });
  out.end_array().key("next");
  if (more) {
    out.string(ledger::to_text(*last));
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

// ── Schemas and routes ──────────────────────────────────────────────────────────────────────────

std::string slot_schema() {
  return object_schema(
      {{"start", "time"},
       {"end", "time"},
       {"state", R"({"type":"string","enum":["open","metering","provisional","final"]})"},
       {"as_of", "time"},
       {"closes_in_seconds", "integer"},
       {"closes_at_latest", "time"},
       {"rule", "string"},
       {"tariff_coins_per_kwh", "number?"},
       {"feed_in_coins_per_kwh", "number?"},
       {"indicative_price_coins_per_kwh", "number?"},
       {"indicative_from_slot", "time?"},
       {"settled_until", "time"},
       {"missing_meters", "integer"},
       {"next_order_slot", "time"},
       {"gate_closure_seconds", "integer"}});
}

std::string trade_schema() {
  const auto why = object_schema({{"reason", price_reason_schema()},
                                  {"by", R"({"type":"string","enum":["order","criteria"]})"},
                                  {"rule", "string"},
                                  {"clearing_price_coins_per_kwh", "number?"},
                                  {"tariff_coins_per_kwh", "number?"},
                                  {"feed_in_coins_per_kwh", "number?"},
                                  {"advantage_coins", "number?"}});
  return object_schema({{"id", "string"},
                        {"slot", "time"},
                        {"side", R"({"type":"string","enum":["buy","sell"]})"},
                        {"counterparty", "string"},
                        {"energy_kwh", "number"},
                        {"price_coins_per_kwh", "number"},
                        {"amount_coins", "number"},
                        {"venue", R"({"type":"string","enum":["local","island","utility"]})"},
                        {"state", "string"},
                        {"forward", "boolean"},
                        {"margin_coins", "number"},
                        {"why", why}});
}

const ParameterInfo limit_info{"limit", "query", "integer", false, "1 to 1000, default 100"};

RouteInfo household_get(std::string pattern, std::string summary, std::string schema) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.response_schema = std::move(schema);
  info.statuses = {200, 400, 503};
  return info;
}

}  // namespace

void add_market_view_routes(Router& router, const ServicesPtr& services) {
  auto slot = household_get(
      "/etms/slot",
      "The running slot. The indicative price is that of the newest settled slot in which "
      "neighbours traded; meters are missing for the slot at settled_until.",
      slot_schema());
  add_for_caller(router, std::move(slot), [services](const Request&, const Responder& responder) {
    get_slot(*services, responder);
  });

  auto trades = household_get(
      "/etms/trades",
      "The caller's trades by slot, the last 7 days where no time is given: with whom, at which "
      "price, and why. `next` is the `after` of the next page.",
      list_schema(trade_schema(), "string"));
  trades.parameters = {
      {"from", "query", "string", false, "ISO 8601 or milliseconds; included"},
      {"to", "query", "string", false, "ISO 8601 or milliseconds; not included"},
      limit_info,
      {"after", "query", "string", false, "the id of a trade: only those after it"}};
  add_for_caller(router, std::move(trades),
                 [services](const Request& request, const Responder& responder) {
                   list_trades(*services, request, responder);
                 });

  auto neighbours = household_get(
      "/etms/neighbours",
      "Whom the caller could trade with: id, name of a firm, type, selling price of the running "
      "slot (null: sells not, or not to the caller). `next` is the `after` of the next page.",
      list_schema(object_schema({{"id", "string"},
                                 {"alias", "string?"},
                                 {"type", "string"},
                                 {"sells_at_coins_per_kwh", "number?"},
                                 {"open_to_trade", "boolean"}}),
                  "string"));
  neighbours.parameters = {
      limit_info, {"after", "query", "string", false, "a participant: only those after it"}};
  add_for_caller(router, std::move(neighbours),
                 [services](const Request& request, const Responder& responder) {
                   list_neighbours(*services, request, responder);
                 });
}

}  // namespace powershare::gateway
