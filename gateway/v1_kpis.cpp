// GET /v1/kpis: how well a neighbourhood does in a period. docs/statements.md says how each figure
// is made.
#include "gateway/error.hpp"
#include "gateway/household/bill.hpp"
#include "gateway/household/caller.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slot_explanation.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway {

void add_kpi_routes(Router& router, const ServicesPtr& services);

namespace {

constexpr std::int64_t longest_ms = 400 * millis_per_day;
constexpr std::int64_t standard_ms = 30 * millis_per_day;

struct Span {
  UtcMillis from;
  UtcMillis to;
};

/// Without times the last 30 days; at most 400.
Result<Span> span_of(const Request& request, UtcMillis now) {
  const auto to = time_parameter(request, "to");
  if (!to) return to.error();
  const auto from = time_parameter(request, "from");
  if (!from) return from.error();
  Span span;
  span.to = to->value_or(UtcMillis{now.value + 1});
  span.from = from->value_or(UtcMillis{std::max<std::int64_t>(0, span.to.value - standard_ms)});
  if (span.to < span.from || span.to.value - span.from.value > longest_ms) {
    return Error{GatewayError::bad_parameter,
                 "A period has at most 400 days, and ends after it begins."};
  }
  return span;
}

struct WelfareSum {
  Coins reached;
  Coins possible;
  std::uint64_t slots = 0;  ///< with a book that was kept
};

Result<WelfareSum> welfare_of(const ledger::HistoryReader& history, const Span& span) {
  WelfareSum sum;
  Result<void> result;
  history.scan(ledger::history_table::slot_books, {}, ledger::history_key::time(span.from), false,
               [&](ByteView key, ByteView value) {
                 const auto row = ledger::parse_slot_book_row(key, value);
                 if (!row) return result = row.error(), false;
                 if (row->slot >= span.to) return false;
                 const auto slot = ledger::welfare(*row);
                 if (!slot) return result = slot.error(), false;
                 const auto reached = add(sum.reached, slot->reached);
                 if (!reached) return result = reached.error(), false;
                 const auto possible = add(sum.possible, slot->possible);
                 if (!possible) return result = possible.error(), false;
                 sum = {*reached, *possible, sum.slots + 1};
                 return true;
               });
  if (!result) return result.error();
  return sum;
}

void write_ratio(json::Writer& out, std::string_view name, const ledger::Ratio& ratio) {
  out.key(name);
  if (const auto nano = ratio.nano()) {
    out.decimal(*nano);
  } else {
    out.null();
  }
}

/// Members that a home and the whole have.
void write_shared(json::Writer& out, const ledger::BillTotals& totals) {
  const auto emissions = household::emissions_of(totals);
  constexpr std::int64_t nano_kg_per_gram = nano_per_unit / 1000;
  out.key("consumption_kwh").decimal(totals.consumption().nano());
  out.key("production_kwh").decimal(totals.produced.nano());
  write_ratio(out, "self_sufficiency", totals.self_sufficiency());
  write_ratio(out, "self_consumption", totals.self_consumption());
  out.key("savings_coins").decimal(totals.savings().nano());
  out.key("co2_kg").decimal(emissions.caused_grams * nano_kg_per_gram);
  out.key("co2_avoided_kg").decimal(emissions.avoided_grams * nano_kg_per_gram);
}

void write_peak(json::Writer& out, Energy peak, UtcMillis slot, std::int64_t slot_ms) {
  out.key("peak_kw").decimal(household::kilowatts_nano(peak, slot_ms)).key("peak_slot");
  if (peak.is_zero()) {
    out.null();
  } else {
    out.string(to_iso8601(slot));
  }
}

void get_kpis(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto span = span_of(request, ledger::island_time(state));
  if (!span) return responder.send(problem_of(span.error()));
  const auto statement = ledger::query_bills(view->history(), span->from, span->to);
  if (!statement) return responder.send(problem_of(statement.error()));
  const auto worth = welfare_of(view->history(), *span);
  if (!worth) return responder.send(problem_of(worth.error()));
  const auto slot_ms = ledger::parameters(state).slot_ms;
  const Viewer viewer(state, request);
  const auto& community = statement->community;
  json::Writer out;
  out.begin_object().key("from").string(to_iso8601(span->from));
  out.key("to").string(to_iso8601(span->to)).key("settled_slots");
  out.unsigned_integer(community.slots).key("traded_kwh").decimal(community.traded.nano());
  write_shared(out, community.totals);
  write_peak(out, community.peak, community.peak_slot, slot_ms);
  out.key("welfare_coins").decimal(worth->reached.nano());
  out.key("welfare_possible_coins").decimal(worth->possible.nano());
  out.key("welfare_slots").unsigned_integer(worth->slots).key("homes").begin_array();
  for (const auto& bill : statement->bills) {
    if (!viewer.sees(bill.participant)) continue;
    out.begin_object().key("participant").string(ledger::to_text(bill.participant));
    write_shared(out, bill.totals);
    write_peak(out, bill.totals.peak, bill.totals.peak_slot, slot_ms);
    out.end_object();
  }
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string kpi_schema() {
  const Fields shared = {{"consumption_kwh", "decimal"},
                         {"production_kwh", "decimal"},
                         {"self_sufficiency", "decimal?"},
                         {"self_consumption", "decimal?"},
                         {"savings_coins", "decimal"},
                         {"co2_kg", "decimal"},
                         {"co2_avoided_kg", "decimal"},
                         {"peak_kw", "decimal"},
                         {"peak_slot", "time?"}};
  Fields home = shared;
  home.insert(home.begin(), {"participant", "string"});
  const auto homes = array_schema(object_schema(home));
  Fields all = {{"from", "time"},
                {"to", "time"},
                {"settled_slots", "integer"},
                {"traded_kwh", "decimal"},
                {"welfare_coins", "decimal"},
                {"welfare_possible_coins", "decimal"},
                {"welfare_slots", "integer"},
                {"homes", homes}};
  all.insert(all.end(), shared.begin(), shared.end());
  return object_schema(all);
}

}  // namespace

void add_kpi_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/kpis";
  info.summary =
      "How well the neighbourhood does in a period, the last 30 days where none is given: "
      "self-sufficiency, self-consumption, the peak drawn from the utility, CO2, and the welfare "
      "of "
      "its trades beside the most that the same orders allow; and the same of each home. "
      "Households see their own home.";
  info.access = Access::read;
  info.parameters = {{"from", "query", "string", false, "ISO 8601 or milliseconds; included"},
                     {"to", "query", "string", false, "ISO 8601 or milliseconds; not included"}};
  info.response_schema = kpi_schema();
  info.statuses = {200, 400, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    get_kpis(*services, request, responder);
  });
}

}  // namespace powershare::gateway
