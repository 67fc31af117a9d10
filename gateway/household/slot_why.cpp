// GET /etms/slots/{start}/why: why a slot gave the caller this price, these partners and so much.
// Of others it tells no name beyond the caller's counterparties, and energies only of groups
// (DECISIONS 60).
#include "gateway/error.hpp"
#include "gateway/household/common.hpp"
#include "gateway/household/trading_json.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slot_explanation.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

struct SlotStory {
  ledger::SlotRow slot;
  ledger::ParticipantSlotRow own;
  ledger::BillTotals totals;  ///< of this slot alone
  std::optional<ledger::SlotExplanation> book;
};

Result<SlotStory> read_story(const ChainView& view, const ledger::ParticipantRef& who,
                             UtcMillis start) {
  SlotStory story;
  const auto key = ledger::history_key::time(start);
  const auto value = view.history().get(ledger::history_table::slots, key);
  auto own_key = ledger::history_key::participant(who);
  own_key.insert(own_key.end(), key.begin(), key.end());
  const auto own = view.history().get(ledger::history_table::participant_slots, own_key);
  if (!value || !own) {
    return Error{LedgerError::not_found, "Nothing of yours was settled in a slot of that start."};
  }
  auto slot = ledger::parse_slot_row(key, *value);
  if (!slot) return slot.error();
  story.slot = *std::move(slot);
  auto row = ledger::parse_participant_slot_row(own_key, *own);
  if (!row) return row.error();
  story.own = *std::move(row);
  ledger::StatementBuilder builder(start, {start.value + 1});
  if (auto added = builder.add(story.own); !added) return added.error();
  auto statement = builder.finish();
  if (!statement) return statement.error();
  story.totals = std::move(statement->bills.front().totals);
  const auto book = ledger::find_slot_book(view.history(), start);
  if (!book) return book.error();
  if (!*book) return story;
  auto explained = ledger::explain(**book, who);
  if (!explained) return explained.error();
  story.book = *std::move(explained);
  return story;
}

void write_energy(json::Writer& out, std::string_view name, const std::optional<Energy>& energy) {
  write_optional_number(out.key(name), energy ? std::optional(energy->nano()) : std::nullopt);
}

void write_price(json::Writer& out, std::string_view name, const std::optional<Price>& price) {
  write_optional_number(out.key(name), price ? std::optional(price->nano()) : std::nullopt);
}

void write_group(json::Writer& out, std::string_view name, const ledger::OrderGroup& group) {
  out.key(name).begin_object().key("orders").unsigned_integer(group.orders);
  out.key("participants").unsigned_integer(group.participants);
  write_energy(out, "energy_kwh", group.energy);
  write_energy(out, "matched_kwh", group.matched);
  out.end_object();
}

void write_own_order(json::Writer& out, const ledger::OwnOrder& own) {
  const auto& order = own.order;
  out.begin_object().key("side").string(order.side == ledger::OrderSide::buy ? "buy" : "sell");
  out.key("by").string(order.ordered ? "order" : "criteria");
  out.key("restricted").boolean(order.restricted);
  out.key("limit_coins_per_kwh").number(order.limit.nano());
  out.key("energy_kwh").number(order.energy.nano());
  out.key("matched_kwh").number(order.matched.nano());
  out.key("outcome").string(ledger::to_text(own.outcome));
  write_group(out, "better", own.better);
  write_group(out, "equal", own.equal);
  write_group(out, "worse", own.worse);
  out.end_object();
}

void write_book(json::Writer& out, const std::optional<ledger::SlotExplanation>& book) {
  out.key("book");
  if (!book) {
    out.null();
    return;
  }
  out.begin_object().key("wanted_kwh").number(book->wanted.nano());
  out.key("offered_kwh").number(book->offered.nano());
  out.key("matched_kwh").number(book->matched.nano());
  out.key("buyers").unsigned_integer(book->buyers).key("sellers").unsigned_integer(book->sellers);
  const auto& interval = book->interval;
  write_price(out, "lowest_price_coins_per_kwh",
              interval ? std::optional(interval->first) : std::nullopt);
  write_price(out, "highest_price_coins_per_kwh",
              interval ? std::optional(interval->second) : std::nullopt);
  out.key("own_orders").begin_array();
  for (const auto& own : book->own) write_own_order(out, own);
  out.end_array().end_object();
}

void write_trade(json::Writer& out, const SlotStory& story, const ledger::SettledTrade& trade) {
  const bool bought = trade.buyer == story.own.participant;
  out.begin_object().key("side").string(bought ? "buy" : "sell");
  out.key("counterparty").string(ledger::to_text(bought ? trade.seller : trade.buyer));
  out.key("venue").string(ledger::to_text(trade.venue));
  out.key("energy_kwh").number(trade.energy.nano());
  out.key("price_coins_per_kwh").number(trade.price.nano());
  out.key("amount_coins").number(trade.amount.nano());
  out.key("by").string((bought ? trade.bid_ordered : trade.offer_ordered) ? "order" : "criteria");
  out.key("reason").string(price_reason(story.slot.rule, trade, bought));
  // Fees and losses are the buyer's alone.
  out.key("fees").begin_array();
  for (const auto& fee : trade.fees) {
    if (!bought || fee.amount.is_zero()) continue;
    out.begin_object().key("zone").string(fee.zone);
    out.key("amount_coins").number(fee.amount.nano()).end_object();
  }
  out.end_array().key("losses_kwh").number(bought ? trade.lost.nano() : 0);
  out.key("losses_coins").number(bought ? trade.losses.nano() : 0).end_object();
}

void get_why(const ChainView& view, const Request& request, const Responder& responder) {
  const auto start = parse_time("start", request.path_parameter("start"));
  if (!start) return responder.send(problem_of(start.error()));
  const auto story = read_story(view, request.caller->participant, *start);
  if (!story) return responder.send(problem_of(story.error()));
  const auto& state = view.state();
  const auto& totals = story->totals;
  const auto& supply = story->own.supply;
  const auto known = [&](Price price) {
    return supply.supplier ? std::optional(price) : std::nullopt;
  };
  const auto now = ledger::island_time(state);
  const auto slot_ms = ledger::parameters(state).slot_ms;
  json::Writer out;
  out.begin_object();
  write_time(out.key("slot"), *start);
  out.key("state").string(ledger::to_text(ledger::slot_state(state, *start, now, slot_ms)));
  out.key("rule").string(story->slot.rule);
  write_price(out, "clearing_price_coins_per_kwh", story->slot.clearing_price);
  write_price(out, "tariff_coins_per_kwh", known(supply.tariff));
  write_price(out, "feed_in_coins_per_kwh", known(supply.feed_in));
  out.key("imported_kwh").number(totals.imported.nano());
  out.key("exported_kwh").number(totals.exported.nano());
  out.key("production_kwh").number(totals.produced.nano());
  out.key("bought_kwh").number(totals.bought.energy.nano());
  out.key("sold_kwh").number(totals.sold.energy.nano());
  out.key("cost_coins").number(totals.cost.nano());
  out.key("cost_without_market_coins").number(totals.cost_without_market.nano());
  out.key("savings_coins").number(totals.savings().nano());
  write_book(out, story->book);
  out.key("trades").begin_array();
  for (const auto& trade : story->own.trades) write_trade(out, *story, trade.trade);
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

std::string book_schema() {
  const auto group = object_schema({{"orders", "integer"},
                                    {"participants", "integer"},
                                    {"energy_kwh", "number?"},
                                    {"matched_kwh", "number?"}});
  const auto own = object_schema(
      {{"side", R"({"type":"string","enum":["buy","sell"]})"},
       {"by", R"({"type":"string","enum":["order","criteria"]})"},
       {"restricted", "boolean"},
       {"limit_coins_per_kwh", "number"},
       {"energy_kwh", "number"},
       {"matched_kwh", "number"},
       {"outcome",
        R"({"type":"string","enum":["all","limit_not_reached","at_the_margin","restricted",)"
        R"("nobody_opposite"]})"},
       {"better", group},
       {"equal", group},
       {"worse", group}});
  return object_schema({{"wanted_kwh", "number"},
                        {"offered_kwh", "number"},
                        {"matched_kwh", "number"},
                        {"buyers", "integer"},
                        {"sellers", "integer"},
                        {"lowest_price_coins_per_kwh", "number?"},
                        {"highest_price_coins_per_kwh", "number?"},
                        {"own_orders", array_schema(own)}});
}

std::string why_schema() {
  const auto fee = object_schema({{"zone", "string"}, {"amount_coins", "number"}});
  const auto trade =
      object_schema({{"side", R"({"type":"string","enum":["buy","sell"]})"},
                     {"counterparty", "string"},
                     {"venue", R"({"type":"string","enum":["local","island","utility"]})"},
                     {"energy_kwh", "number"},
                     {"price_coins_per_kwh", "number"},
                     {"amount_coins", "number"},
                     {"by", R"({"type":"string","enum":["order","criteria"]})"},
                     {"reason", price_reason_schema()},
                     {"fees", array_schema(fee)},
                     {"losses_kwh", "number"},
                     {"losses_coins", "number"}});
  return object_schema({{"slot", "time"},
                        {"state", "string"},
                        {"rule", "string"},
                        {"clearing_price_coins_per_kwh", "number?"},
                        {"tariff_coins_per_kwh", "number?"},
                        {"feed_in_coins_per_kwh", "number?"},
                        {"imported_kwh", "number"},
                        {"exported_kwh", "number"},
                        {"production_kwh", "number"},
                        {"bought_kwh", "number"},
                        {"sold_kwh", "number"},
                        {"cost_coins", "number"},
                        {"cost_without_market_coins", "number"},
                        {"savings_coins", "number"},
                        {"book", nullable_schema(book_schema())},
                        {"trades", array_schema(trade)}});
}

}  // namespace

void add_slot_why_routes(Router& router, const ServicesPtr& services) {
  auto info = resident_route(
      "GET", "/etms/slots/{start}/why",
      "Why a slot gave the caller this price, these partners and so much: the rule, the book in "
      "sums, the caller's orders beside those of others, its trades with fees and losses, and what "
      "it would have come to without the market. Energies of fewer than three others are not told.",
      why_schema());
  info.parameters = {{"start", "path", "string", true, "start of the slot"}};
  info.statuses = {200, 400, 401, 404, 503};
  add_for_caller(router, services, std::move(info),
                 [](const Services& all, const Request& request, const Responder& responder) {
                   const auto view = open_view(all, responder);
                   if (view) get_why(*view, request, responder);
                 });
}

}  // namespace powershare::gateway::household
