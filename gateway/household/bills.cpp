// GET /etms/bills: the household's statement of one month, and what it has come to since it joined,
// as JSON, CSV or PDF.
#include <map>
#include <mutex>

#include "gateway/household/bill_pdf.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"
#include "ledger/statement.hpp"

namespace powershare::gateway::household {
namespace {

/// Households whose sums are remembered.
constexpr std::size_t max_remembered = 4'096;

struct Lifetime {
  UtcMillis through;  ///< slots before it are in `sums`
  EnergySums sums;
};

/// What each household has come to in all its slots. Final slots never change, so their sums are
/// kept, and a request reads only what came since.
class Lifetimes {
 public:
  /// The sums, and whether they reach the newest settled slot: a household with a longer past than
  /// one request reads is caught up over several.
  Result<std::pair<EnergySums, bool>> of(const ChainView& view, const ledger::ParticipantRef& who,
                                         const Producers& producers) {
    auto past = remembered(who);
    const auto progress = ledger::slot_progress(view.state());
    const auto final_until = progress ? progress->next_final : UtcMillis{};
    EnergySums fresh;
    std::size_t rows = 0;
    Result<void> added;
    const auto scanned = ledger::for_each_participant_slot(
        view.history(), who, past.through, {INT64_MAX}, [&](const ledger::ParticipantSlotRow& row) {
          if (++rows > max_rows) return false;
          if (row.slot < final_until) {
            added = add_slot(past.sums, view.history(), row, producers);
            past.through = {row.slot.value + 1};
          } else {
            added = add_slot(fresh, view.history(), row, producers);
          }
          return added.ok();
        });
    if (!scanned) return scanned.error();
    if (!added) return added.error();
    remember(who, past);
    if (auto sum = add_sums(fresh, past.sums); !sum) return sum.error();
    return std::pair{std::move(fresh), rows <= max_rows};
  }

 private:
  Lifetime remembered(const ledger::ParticipantRef& who) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(who);
    return found == known_.end() ? Lifetime{} : found->second;
  }
  void remember(const ledger::ParticipantRef& who, const Lifetime& lifetime) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_remembered && !known_.contains(who)) known_.erase(known_.begin());
    auto& kept = known_[who];
    if (kept.through <= lifetime.through) kept = lifetime;
  }

  std::mutex mutex_;
  std::map<ledger::ParticipantRef, Lifetime> known_;
};

void write_line(json::Writer& out, std::string_view name, const ledger::BillLine& line) {
  out.key(name).begin_object().key("energy_kwh").number(line.energy.nano());
  out.key("amount_coins").number(line.amount.nano()).key("mean_price");
  const auto price = line.mean_price();
  write_optional_number(out, price ? std::optional(price->nano()) : std::nullopt);
  out.end_object();
}

/// Members of an object.
void write_totals(json::Writer& out, const ledger::BillTotals& totals) {
  out.key("imported_kwh").number(totals.imported.nano());
  out.key("exported_kwh").number(totals.exported.nano());
  out.key("production_kwh").number(totals.produced.nano());
  out.key("consumption_kwh").number(totals.consumption().nano());
  write_line(out, "bought", totals.bought);
  write_line(out, "sold", totals.sold);
  write_line(out, "from_utility", totals.from_utility);
  write_line(out, "to_utility", totals.to_utility);
  write_line(out, "late_from_utility", totals.late_from_utility);
  write_line(out, "late_to_utility", totals.late_to_utility);
  write_line(out, "shortfall", totals.shortfall);
  write_line(out, "unused", totals.unused);
  write_line(out, "deviations", totals.deviations());
  out.key("fees_coins").number(totals.fees.nano());
  out.key("fees_by_level").begin_array();
  for (const auto& [level, fee] : totals.level_fees) {
    out.begin_object().key("zone").string(level);
    out.key("amount_coins").number(fee.nano()).end_object();
  }
  out.end_array();
  out.key("losses_kwh").number(totals.lost.nano());
  out.key("losses_coins").number(totals.losses.nano());
  out.key("cost_coins").number(totals.cost.nano());
  out.key("cost_without_market_coins").number(totals.cost_without_market.nano());
  out.key("savings_coins").number(totals.savings().nano());
  write_optional_number(out.key("self_consumption"), totals.self_consumption().nano());
  write_optional_number(out.key("self_sufficiency"), totals.self_sufficiency().nano());
  write_optional_number(out.key("renewable_share"), totals.renewable_share().nano());
  out.key("slots").unsigned_integer(totals.slots);
}

void write_lifetime(json::Writer& out, const EnergySums& sums, bool complete) {
  out.key("lifetime").begin_object();
  out.key("earned_coins").number(sums.earnings().nano());
  out.key("bought_renewable_kwh").number(sums.renewable_bought.nano());
  out.key("production_kwh").number(sums.produced.nano());
  out.key("complete").boolean(complete).end_object();
}

void write_optional_quantity(json::Writer& out, std::string_view name,
                             const std::optional<std::int64_t>& nano) {
  write_optional_number(out.key(name), nano);
}

void write_entries(json::Writer& out, const std::vector<BillEntry>& entries) {
  const auto nano = [](const auto& quantity) {
    return quantity ? std::optional(quantity->nano()) : std::nullopt;
  };
  out.key("lines").begin_array();
  for (const auto& entry : entries) {
    out.begin_object().key("line").string(entry.line).key("counterparty_type");
    if (entry.counterparty) {
      out.string(ledger::to_text(*entry.counterparty));
    } else {
      out.null();
    }
    out.key("level");
    if (entry.level.empty()) {
      out.null();
    } else {
      out.string(entry.level);
    }
    write_optional_quantity(out, "band_coins_per_kwh", nano(entry.band));
    write_optional_quantity(out, "energy_kwh", nano(entry.energy));
    write_optional_quantity(out, "mean_price", nano(entry.mean_price));
    out.key("amount_coins").number(entry.amount.nano()).end_object();
  }
  out.end_array();
}

void write_figures(json::Writer& out, const BillDocument& bill) {
  const auto emissions = emissions_of(bill.totals);
  constexpr std::int64_t nano_kg_per_gram = nano_per_unit / 1000;
  out.key("peak_kw").number(kilowatts_nano(bill.totals.peak, bill.slot_ms)).key("peak_slot");
  if (bill.totals.peak.is_zero()) {
    out.null();
  } else {
    write_time(out, bill.totals.peak_slot);
  }
  out.key("co2_kg").number(emissions.caused_grams * nano_kg_per_gram);
  out.key("co2_avoided_kg").number(emissions.avoided_grams * nano_kg_per_gram);
  out.key("proof");
  if (!bill.proof) {
    out.null();
    return;
  }
  out.begin_object().key("height").unsigned_integer(bill.proof->height).key("block");
  if (bill.proof->block) {
    out.digest(*bill.proof->block);
  } else {
    out.null();
  }
  out.end_object();
}

std::string bill_json(const BillDocument& bill, const ChainView& view,
                      const std::pair<EnergySums, bool>& life) {
  json::Writer out;
  out.begin_object().key("month").string(month_text(bill.period.first));
  write_time(out.key("from"), bill.period.from);
  write_time(out.key("to"), bill.period.to);
  out.key("final").boolean(bill.final);
  write_time(out.key("final_on"), bill.final_on);
  out.key("opening_coins").number(bill.opening.nano());
  out.key("closing_coins").number(bill.closing.nano());
  out.key("opening_due_coins").number(bill.opening_due.nano());
  out.key("closing_due_coins").number(bill.closing_due.nano());
  write_totals(out, bill.totals);
  write_entries(out, bill.entries);
  write_figures(out, bill);
  write_lifetime(out, life.first, life.second);
  write_completeness(out, bill.completeness, bill.period.to);
  out.key("head").digest(view.head_hash()).key("is_tax_invoice").boolean(false).end_object();
  return std::move(out).take();
}

net::HttpResponse bill_file(const BillDocument& bill, std::string_view type,
                            std::string_view suffix, std::string body) {
  net::HttpResponse response;
  response.content_type = type;
  response.headers = {{"Cache-Control", "no-store"},
                      {"Content-Disposition", "attachment; filename=\"power-share-" +
                                                  month_text(bill.period.first) + "." +
                                                  std::string(suffix) + "\""}};
  response.body = std::move(body);
  return response;
}

net::HttpResponse bill_page(const BillDocument& bill, const LocalTime& local, Language language) {
  auto page = bill_pdf(bill, local, language);
  if (page.empty()) {
    return retry_later(503, "unavailable", "This peer cannot draw the page now; ask another one.",
                       5);
  }
  return bill_file(bill, "application/pdf", "pdf", std::move(page));
}

void get_bill(const Services& services, Lifetimes& lifetimes, const Request& request,
              const Responder& responder) {
  const auto format = request.http.parameter("format").value_or("json");
  if (format != "json" && format != "csv" && format != "pdf") {
    return responder.send(problem(400, "bad_parameter", "format must be json, csv or pdf."));
  }
  const auto language = language_of(request.http.parameter("language").value_or("en"));
  if (!language) {
    return responder.send(problem(400, "bad_parameter", "language must be en or pt."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto& who = request.caller->participant;
  const auto local = local_time(state);
  const auto month = request.http.parameter("month");
  const auto period =
      month ? parse_month(local, *month)
            : period_around(local, PeriodKind::month, local.date_of(ledger::island_time(state)));
  if (!period) return responder.send(problem_of(period.error()));
  const auto bill = make_bill(*view, who, *period, services.ports.genesis_hash);
  if (!bill) return responder.send(query_problem(bill.error()));
  if (format == "csv") {
    return responder.send(
        bill_file(*bill, "text/csv; charset=utf-8; header=present", "csv", bill_csv(*bill)));
  }
  if (format == "pdf") return responder.send(bill_page(*bill, local, *language));
  const auto life = lifetimes.of(*view, who, renewable_producers(state));
  if (!life) return responder.send(problem_of(life.error()));
  responder.send(json_response(bill_json(*bill, *view, *life)));
}

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string entry_schema() {
  return object_schema({{"line", "string"},
                        {"counterparty_type", "string?"},
                        {"level", "string?"},
                        {"band_coins_per_kwh", "number?"},
                        {"energy_kwh", "number?"},
                        {"mean_price", "number?"},
                        {"amount_coins", "number"}});
}

std::string bill_schema() {
  const auto line = object_schema(
      {{"energy_kwh", "number"}, {"amount_coins", "number"}, {"mean_price", "number?"}});
  Fields fields = {{"month", "string"},
                   {"from", "time"},
                   {"to", "time"},
                   {"final", "boolean"},
                   {"final_on", "time"}};
  for (const auto* name :
       {"opening_coins", "closing_coins", "opening_due_coins", "closing_due_coins", "imported_kwh",
        "exported_kwh", "production_kwh", "consumption_kwh"}) {
    fields.emplace_back(name, "number");
  }
  for (const auto* name : {"bought", "sold", "from_utility", "to_utility", "late_from_utility",
                           "late_to_utility", "shortfall", "unused", "deviations"}) {
    fields.emplace_back(name, line);
  }
  fields.emplace_back(
      "fees_by_level",
      array_schema(object_schema({{"zone", "string"}, {"amount_coins", "number"}})));
  for (const auto* name : {"fees_coins", "losses_kwh", "losses_coins", "cost_coins",
                           "cost_without_market_coins", "savings_coins"}) {
    fields.emplace_back(name, "number");
  }
  fields.insert(
      fields.end(),
      {{"self_consumption", "number?"},
       {"self_sufficiency", "number?"},
       {"renewable_share", "number?"},
       {"slots", "integer"},
       {"lines", array_schema(entry_schema())},
       {"peak_kw", "number"},
       {"peak_slot", "time?"},
       {"co2_kg", "number"},
       {"co2_avoided_kg", "number"},
       {"proof", nullable_schema(object_schema({{"height", "integer"}, {"block", "digest?"}}))},
       {"lifetime", object_schema({{"earned_coins", "number"},
                                   {"bought_renewable_kwh", "number"},
                                   {"production_kwh", "number"},
                                   {"complete", "boolean"}})}});
  for (auto& field : completeness_fields()) fields.push_back(std::move(field));
  fields.insert(fields.end(), {{"head", "digest"}, {"is_tax_invoice", "boolean"}});
  return schema_of(fields);
}

}  // namespace

void add_bill_routes(Router& router, const ServicesPtr& services) {
  auto info = resident_route("GET", "/etms/bills",
                             "The household's statement of one local month, with savings and "
                             "self-sufficiency, and what it has earned and bought since it joined. "
                             "The amounts of `lines` sum to the cost. As CSV with units in the "
                             "header, or as PDF. Not a tax invoice.",
                             bill_schema());
  info.parameters = {{"month", "query", "string", false, "YYYY-MM; without it this month"},
                     {"format", "query", "string", false, "json (default), csv or pdf"},
                     {"language", "query", "string", false, "of the PDF: en (default) or pt"}};
  info.other_response_types = {"text/csv", "application/pdf"};
  add_for_caller(router, services, std::move(info),
                 [lifetimes = std::make_shared<Lifetimes>()](
                     const Services& all, const Request& request, const Responder& responder) {
                   get_bill(all, *lifetimes, request, responder);
                 });
}

}  // namespace powershare::gateway::household
