// GET /etms/bills/{month}/why: the slots behind one number of a bill.
#include "gateway/household/bill_why.hpp"

#include <algorithm>

#include "gateway/error.hpp"
#include "ledger/accounts.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::size_t default_items = 100;
constexpr std::size_t max_items = 1'000;

using Totals = ledger::BillTotals;

/// Numbers that slots add up to, beside the lines.
struct NamedFigure {
  std::string_view name;
  Figure (*of)(const Totals&);
};
Figure energy_figure(Energy energy) {
  return {energy, {}, {}};
}
Figure amount_figure(Coins amount) {
  return {{}, {}, amount};
}
Figure share_figure(const ledger::Ratio& ratio) {
  return {ratio.part, ratio.whole, {}};
}
constexpr NamedFigure named_figures[] = {
    {"cost", [](const Totals& t) { return amount_figure(t.cost); }},
    {"cost_without_market", [](const Totals& t) { return amount_figure(t.cost_without_market); }},
    {"savings", [](const Totals& t) { return amount_figure(t.savings()); }},
    {"network_fees", [](const Totals& t) { return amount_figure(t.fees); }},
    {"imported", [](const Totals& t) { return energy_figure(t.imported); }},
    {"exported", [](const Totals& t) { return energy_figure(t.exported); }},
    {"production", [](const Totals& t) { return energy_figure(t.produced); }},
    {"consumption", [](const Totals& t) { return energy_figure(t.consumption()); }},
    {"self_consumption", [](const Totals& t) { return share_figure(t.self_consumption()); }},
    {"self_sufficiency", [](const Totals& t) { return share_figure(t.self_sufficiency()); }},
    {"peak", [](const Totals& t) { return energy_figure(t.peak); }},
};
/// Balances: their parts are movements.
constexpr std::string_view balances[] = {"coins", "due"};

bool is_balance(std::string_view line) {
  return std::find(std::begin(balances), std::end(balances), line) != std::end(balances);
}

/// The lines of one kind: what bill_entries() makes of them, less what the query leaves out.
std::optional<Figure> line_figure(const Totals& totals, const FigureQuery& query) {
  bool known = query.line == "network_fee" || query.line == "losses";
  for (auto kind = ledger::LineKind::bought; kind <= ledger::LineKind::correction_to_utility;
       kind = static_cast<ledger::LineKind>(static_cast<int>(kind) + 1)) {
    known = known || query.line == ledger::to_text(kind);
  }
  if (!known) return std::nullopt;
  Figure sum;  // within the range that the totals have checked
  if (query.line == "losses") return Figure{totals.lost, {}, totals.losses};
  if (query.line == "network_fee") {
    for (const auto& [level, fee] : totals.level_fees) {
      if (!query.level.empty() && level != query.level) continue;
      sum.amount = Coins::from_nano(sum.amount.nano() + fee.nano());
    }
    return sum;
  }
  for (const auto& [key, line] : totals.parts) {
    if (ledger::to_text(key.kind) != query.line) continue;
    if (query.counterparty && key.counterparty != *query.counterparty) continue;
    if (query.band && key.band != *query.band) continue;
    sum.energy = Energy::from_nano(sum.energy.nano() + line.energy.nano());
    const auto amount = ledger::is_income(key.kind) ? -line.amount.nano() : line.amount.nano();
    sum.amount = Coins::from_nano(sum.amount.nano() + amount);
  }
  return sum;
}

class Parts {
 public:
  Parts(const Period& period, const FigureQuery& query) : period_(period), query_(query) {}

  template <class Row>
  Result<void> add(const Row& row, std::optional<UtcMillis> settled_at) {
    ledger::StatementBuilder builder(period_.from, period_.to);
    if (auto added = builder.add(row); !added) return added.error();
    const auto statement = builder.finish();
    if (!statement) return statement.error();
    auto figure = figure_of(statement->bills.front().totals, query_);
    if (!figure) return figure.error();
    if (figure->is_zero()) return {};
    if (parts_.size() >= max_rows) {
      return Error{BaseError::out_of_range, "the period holds too many rows"};
    }
    parts_.push_back({row.slot, settled_at, {}, *figure});
    return {};
  }
  std::vector<FigurePart> take() && {
    std::stable_sort(parts_.begin(), parts_.end(),
                     [](const auto& a, const auto& b) { return a.slot < b.slot; });
    if (query_.line == "peak" && !parts_.empty()) {
      const auto largest = std::max_element(
          parts_.begin(), parts_.end(),
          [](const auto& a, const auto& b) { return a.figure.energy < b.figure.energy; });
      return {*largest};
    }
    return std::move(parts_);
  }

 private:
  const Period& period_;
  const FigureQuery& query_;
  std::vector<FigurePart> parts_;
};

Result<std::vector<FigurePart>> movement_parts(const ChainView& view,
                                               const ledger::ParticipantRef& who,
                                               const Period& period, bool due) {
  const auto asset = due ? ledger::asset_due : ledger::asset_coins;
  const auto accounts = ledger::query_movement_totals(view.state(), view.history(), who,
                                                      period.from, period.to, max_rows);
  if (!accounts) return accounts.error();
  std::vector<FigurePart> parts;
  for (const auto& account : *accounts) {
    if (account.asset != asset) continue;
    auto scanned = ledger::for_each_movement(
        view.history(), who, account.asset, account.name, period.from, period.to,
        [&](const ledger::MovementRow& row) {
          for (const auto& line : row.lines) {
            const Figure figure = amount_figure(Coins::from_nano(line.amount_nano));
            parts.push_back({row.slot.value_or(row.time), std::nullopt,
                             std::string(ledger::to_text(line.kind)), figure});
          }
          return parts.size() <= max_rows;
        });
    if (!scanned) return scanned.error();
  }
  if (parts.size() > max_rows) {
    return Error{BaseError::out_of_range, "the period holds too many rows"};
  }
  return parts;
}

// ── The route ───────────────────────────────────────────────────────────────────────────────────

Result<FigureQuery> read_query(const Request& request) {
  FigureQuery query;
  query.line = request.http.parameter("line").value_or("");
  if (query.line.empty()) return Error{GatewayError::bad_parameter, "line is missing."};
  query.level = request.http.parameter("level").value_or("");
  if (const auto text = request.http.parameter("counterparty")) {
    query.counterparty = ledger::participant_type(*text);
    if (!query.counterparty) {
      return Error{GatewayError::bad_parameter, "counterparty must be a type of participants."};
    }
  }
  if (const auto text = request.http.parameter("band")) {
    const auto band = parse_quantity<Price>(*text);
    if (!band) return Error{GatewayError::bad_parameter, "band must be a price."};
    query.band = *band;
  }
  return query;
}

void write_figure(json::Writer& out, const Figure& figure) {
  out.key("energy_kwh").number(figure.energy.nano()).key("of_kwh").number(figure.whole.nano());
  out.key("amount_coins").number(figure.amount.nano());
}

/// The rule and the price of a slot.
void write_slot(json::Writer& out, const ChainView& view, UtcMillis slot, std::int64_t slot_ms) {
  const auto key = ledger::history_key::time(slot);
  const auto value = view.history().get(ledger::history_table::slots, key);
  const auto row = value ? ledger::parse_slot_row(key, *value)
                         : Result<ledger::SlotRow>(Error{BaseError::malformed, ""});
  out.key("rule");
  if (row) {
    out.string(row->rule);
  } else {
    out.null();
  }
  write_optional_number(
      out.key("clearing_price_coins_per_kwh"),
      row && row->clearing_price ? std::optional(row->clearing_price->nano()) : std::nullopt);
  const auto now = ledger::island_time(view.state());
  out.key("state").string(ledger::to_text(ledger::slot_state(view.state(), slot, now, slot_ms)));
}

void write_part(json::Writer& out, const ChainView& view, const FigurePart& part,
                std::int64_t slot_ms) {
  out.begin_object();
  write_time(out.key("slot"), part.slot);
  out.key("settled_at");
  if (part.settled_at) {
    write_time(out, *part.settled_at);
  } else {
    out.null();
  }
  out.key("movement");
  if (part.movement.empty()) {
    out.null();
  } else {
    out.string(part.movement);
  }
  write_figure(out, part.figure);
  write_slot(out, view, part.slot, slot_ms);
  out.end_object();
}

/// Of the lines given, or of what they come to in the month.
Result<Figure> sum_of(const std::vector<FigurePart>& parts) {
  Figure sum;
  for (const auto& part : parts) {
    const auto energy = add(sum.energy, part.figure.energy);
    const auto whole = add(sum.whole, part.figure.whole);
    const auto amount = add(sum.amount, part.figure.amount);
    if (!energy) return energy.error();
    if (!whole) return whole.error();
    if (!amount) return amount.error();
    sum = {*energy, *whole, *amount};
  }
  return sum;
}

void get_why(const ChainView& view, const Request& request, const Responder& responder) {
  const auto query = read_query(request);
  if (!query) return responder.send(problem_of(query.error()));
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto after = unsigned_parameter(request, "after", max_rows);
  if (!after) return responder.send(problem_of(after.error()));
  const auto period = parse_month(local_time(view.state()), request.path_parameter("month"));
  if (!period) return responder.send(problem_of(period.error()));
  const auto parts = figure_parts(view, request.caller->participant, *period, *query);
  if (!parts) return responder.send(query_problem(parts.error()));
  const auto sum = sum_of(*parts);
  if (!sum) return responder.send(problem_of(sum.error()));
  const auto slot_ms = ledger::parameters(view.state()).slot_ms;
  const auto first = std::min<std::size_t>(after->value_or(0), parts->size());
  const auto last = std::min(parts->size(), first + *limit);
  json::Writer out;
  out.begin_object().key("month").string(month_text(period->first));
  out.key("line").string(query->line);
  write_figure(out, *sum);
  out.key("items").begin_array();
  for (auto i = first; i < last; ++i) write_part(out, view, (*parts)[i], slot_ms);
  out.end_array().key("next");
  if (last < parts->size()) {
    out.string(std::to_string(last));
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

std::string why_schema() {
  const auto item = object_schema({{"slot", "time"},
                                   {"settled_at", "time?"},
                                   {"movement", "string?"},
                                   {"energy_kwh", "number"},
                                   {"of_kwh", "number"},
                                   {"amount_coins", "number"},
                                   {"rule", "string?"},
                                   {"clearing_price_coins_per_kwh", "number?"},
                                   {"state", "string"}});
  return object_schema({{"month", "string"},
                        {"line", "string"},
                        {"energy_kwh", "number"},
                        {"of_kwh", "number"},
                        {"amount_coins", "number"},
                        {"items", array_schema(item)},
                        {"next", "string?"}});
}

}  // namespace

std::vector<std::string_view> figure_names() {
  std::vector<std::string_view> names;
  for (const auto& figure : named_figures) names.push_back(figure.name);
  names.insert(names.end(), std::begin(balances), std::end(balances));
  return names;
}

Result<Figure> figure_of(const ledger::BillTotals& totals, const FigureQuery& query) {
  for (const auto& figure : named_figures) {
    if (figure.name == query.line) return figure.of(totals);
  }
  if (auto figure = line_figure(totals, query)) return *figure;
  return Error{GatewayError::bad_parameter, "line must be one of a bill's."};
}

Result<std::vector<FigurePart>> figure_parts(const ChainView& view,
                                             const ledger::ParticipantRef& who,
                                             const Period& period, const FigureQuery& query) {
  if (is_balance(query.line)) return movement_parts(view, who, period, query.line == "due");
  if (const auto known = figure_of({}, query); !known) return known.error();
  Parts parts(period, query);
  Result<void> added;
  auto scanned = ledger::for_each_participant_slot(view.history(), who, period.from, period.to,
                                                   [&](const ledger::ParticipantSlotRow& row) {
                                                     added = parts.add(row, std::nullopt);
                                                     return added.ok();
                                                   });
  if (!scanned) return scanned.error();
  if (!added) return added.error();
  // By when they were settled, as the bill has them: of any slot.
  scanned = ledger::for_each_late_row(
      view.history(), who, {}, period.to, [&](const ledger::LateRow& row) {
        const bool billed = row.settled_at >= period.from && row.settled_at < period.to;
        if (billed) added = parts.add(row, row.settled_at);
        return added.ok();
      });
  if (!scanned) return scanned.error();
  if (!added) return added.error();
  return std::move(parts).take();
}

void add_bill_why_routes(Router& router, const ServicesPtr& services) {
  auto info = resident_route(
      "GET", "/etms/bills/{month}/why",
      "The slots behind one number of the household's bill: what each adds to it, by which rule "
      "and at which price. They sum to the number. `next` is the `after` of the next page.",
      why_schema());
  std::string names =
      "a line of the bill (with counterparty, band or level: that part of it), or one of ";
  for (const auto name : figure_names()) names += std::string(name) + ", ";
  names.resize(names.size() - 2);
  info.parameters = {{"month", "path", "string", true, "YYYY-MM"},
                     {"line", "query", "string", true, names},
                     {"counterparty", "query", "string", false, "a type of participants"},
                     {"band", "query", "string", false, "the supplier's price, coins per kWh"},
                     {"level", "query", "string", false, "of network_fee: the level's name"},
                     {"after", "query", "integer", false, "only those after so many"},
                     {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  add_for_caller(router, services, std::move(info),
                 [](const Services& all, const Request& request, const Responder& responder) {
                   const auto view = open_view(all, responder);
                   if (view) get_why(*view, request, responder);
                 });
}

}  // namespace powershare::gateway::household
