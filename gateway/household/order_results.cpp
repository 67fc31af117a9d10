#include "gateway/household/order_results.hpp"

#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_items = 100;
constexpr std::size_t max_items = 1000;
constexpr std::int64_t default_period_ms = 7 * millis_per_day;
constexpr UtcMillis end_of_time{253'402'300'800'000};

struct Range {
  UtcMillis from;
  UtcMillis to;
  std::size_t limit = default_items;
};

Result<Range> range_of(const Request& request, UtcMillis now) {
  Range range;
  const auto from = time_parameter(request, "from");
  if (!from) return from.error();
  const auto to = time_parameter(request, "to");
  if (!to) return to.error();
  range.to = to->value_or(end_of_time);
  range.from = from->value_or(UtcMillis{std::max<std::int64_t>(0, now.value - default_period_ms)});
  if (range.to < range.from) {
    return Error{GatewayError::bad_parameter, "from must not be after to."};
  }
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return limit.error();
  range.limit = *limit;
  return range;
}

void write_result(json::Writer& out, const ledger::OrderSlotRow& row) {
  const auto& outcome = row.outcome;
  out.begin_object().key("order").digest(outcome.order);
  out.key("slot").string(to_iso8601(row.slot));
  out.key("side").string(outcome.side == ledger::OrderSide::buy ? "buy" : "sell");
  out.key("settled").boolean(outcome.settled);
  out.key("energy_kwh").number(outcome.ordered.nano());
  out.key("limit_coins_per_kwh").number(outcome.limit.nano());
  out.key("committed_kwh").number(outcome.committed.nano());
  out.key("committed_coins").number(outcome.amount.nano());
  out.key("traded_kwh").number(outcome.spot.nano());
  out.key("traded_coins").number(outcome.spot_amount.nano());
  out.key("delivered_kwh");
  if (outcome.settled) {
    out.number(outcome.committed.nano() - outcome.deviation.nano());
  } else {
    out.null();
  }
  out.key("deviation_kwh").number(outcome.deviation.nano());
  out.key("deviation_cost_coins").number(outcome.deviation_cost.nano()).end_object();
}

/// Pages end where a slot does: a slot has at most 64 orders of a participant.
void list_results(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto range = range_of(request, ledger::island_time(view->state()));
  if (!range) return responder.send(problem_of(range.error()));
  json::Writer out;
  out.begin_object().key("items").begin_array();
  std::size_t shown = 0;
  std::optional<UtcMillis> last;
  std::optional<UtcMillis> next;
  const auto scanned =
      ledger::for_each_order_slot(view->history(), request.caller->participant, range->from,
                                  range->to, [&](const ledger::OrderSlotRow& row) {
                                    if (shown >= range->limit && row.slot != last) {
                                      next = row.slot;
                                      return false;
                                    }
                                    write_result(out, row);
                                    last = row.slot;
                                    ++shown;
                                    return true;
                                  });
  if (!scanned) return responder.send(problem_of(scanned.error()));
  out.end_array().key("next");
  if (next) {
    out.string(to_iso8601(*next));
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

std::string result_schema() {
  return object_schema({{"order", "digest"},
                        {"slot", "time"},
                        {"side", R"({"type":"string","enum":["buy","sell"]})"},
                        {"settled", "boolean"},
                        {"energy_kwh", "number"},
                        {"limit_coins_per_kwh", "number"},
                        {"committed_kwh", "number"},
                        {"committed_coins", "number"},
                        {"traded_kwh", "number"},
                        {"traded_coins", "number"},
                        {"delivered_kwh", "number?"},
                        {"deviation_kwh", "number"},
                        {"deviation_cost_coins", "number"}});
}

}  // namespace

Result<std::map<Digest, OrderSums>> order_sums(const ledger::HistoryReader& history,
                                               const ledger::ParticipantRef& who, UtcMillis from) {
  std::map<Digest, OrderSums> result;
  bool fits = true;
  const auto into = [&fits](auto& sum, auto part) {
    const auto total = add(sum, part);
    fits = fits && total.ok();
    if (total) sum = *total;
  };
  const auto scanned = ledger::for_each_order_slot(
      history, who, from, end_of_time, [&](const ledger::OrderSlotRow& row) {
        const auto& outcome = row.outcome;
        OrderSums& sums = result[outcome.order];
        into(sums.committed, outcome.committed);
        into(sums.traded, outcome.spot);
        into(sums.deviation, outcome.deviation);
        into(sums.deviation_cost, outcome.deviation_cost);
        if (outcome.settled) {
          into(sums.delivered,
               Energy::from_nano(outcome.committed.nano() - outcome.deviation.nano()));
        }
        return fits;
      });
  if (!scanned) return scanned.error();
  if (!fits) return Error{BaseError::overflow, "a sum of orders leaves its range"};
  return result;
}

void add_order_result_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/etms/orders/results";
  info.summary =
      "What became of the caller's orders, by slot, from its gate on; without `from` those of the "
      "last 7 days and to come. committed: at the gate, against other orders. traded: at close, of "
      "what was left. deviation: committed and not delivered, or not drawn; its cost is below 0 "
      "where the energy was sold. `next` is the `from` of the next page.";
  info.response_schema = list_schema(result_schema(), "string");
  info.parameters = {{"from", "query", "string", false, "ISO 8601 or milliseconds; included"},
                     {"to", "query", "string", false, "ISO 8601 or milliseconds; not included"},
                     {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  info.statuses = {200, 400, 503};
  add_for_caller(router, std::move(info),
                 [services](const Request& request, const Responder& responder) {
                   list_results(*services, request, responder);
                 });
}

}  // namespace powershare::gateway
