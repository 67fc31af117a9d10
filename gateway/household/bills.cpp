// GET /etms/bills: the household's statement of one month, and what it has come to since it joined.
#include <map>
#include <mutex>

#include "gateway/household/common.hpp"
#include "ledger/accounts.hpp"
#include "ledger/movements.hpp"
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

/// Opening and closing coins and dues.
Result<void> write_balances(json::Writer& out, const ChainView& view,
                            const ledger::ParticipantRef& who, const Period& period) {
  const auto accounts = ledger::query_movement_totals(view.state(), view.history(), who,
                                                      period.from, period.to, max_rows);
  if (!accounts) return accounts.error();
  std::int64_t coins[2] = {0, 0};
  std::int64_t due[2] = {0, 0};
  for (const auto& account : *accounts) {
    auto* sums = account.asset == ledger::asset_due     ? due
                 : account.asset == ledger::asset_coins ? coins
                                                        : nullptr;
    if (sums == nullptr) continue;
    sums[0] += account.opening_nano;
    sums[1] += account.closing_nano;
  }
  out.key("opening_coins").number(coins[0]).key("closing_coins").number(coins[1]);
  out.key("opening_due_coins").number(due[0]).key("closing_due_coins").number(due[1]);
  return {};
}

void get_bill(const Services& services, Lifetimes& lifetimes, const Request& request,
              const Responder& responder) {
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
  const auto statement = ledger::query_bills(view->history(), period->from, period->to, who);
  if (!statement) return responder.send(problem_of(statement.error()));
  const auto life = lifetimes.of(*view, who, renewable_producers(state));
  if (!life) return responder.send(problem_of(life.error()));
  const auto complete = completeness(state, who, period->from, period->to);
  json::Writer out;
  out.begin_object().key("month").string(month_text(period->first));
  write_time(out.key("from"), period->from);
  write_time(out.key("to"), period->to);
  out.key("final").boolean(period->to <= complete.final_until);
  write_time(out.key("final_on"), {period->to.value + ledger::parameters(state).final_after_ms});
  if (const auto balances = write_balances(out, *view, who, *period); !balances) {
    return responder.send(query_problem(balances.error()));
  }
  write_totals(out, statement->bills.empty() ? ledger::BillTotals{} : statement->bills[0].totals);
  write_lifetime(out, life->first, life->second);
  write_completeness(out, complete, period->to);
  out.key("head").digest(view->head_hash()).key("is_tax_invoice").boolean(false).end_object();
  responder.send(json_response(std::move(out).take()));
}

using Fields = std::vector<std::pair<std::string, std::string>>;

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
  for (const auto* name :
       {"fees_coins", "losses_coins", "cost_coins", "cost_without_market_coins", "savings_coins"}) {
    fields.emplace_back(name, "number");
  }
  fields.insert(fields.end(), {{"self_consumption", "number?"},
                               {"self_sufficiency", "number?"},
                               {"renewable_share", "number?"},
                               {"slots", "integer"},
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
                             "self-sufficiency, and what it "
                             "has earned and bought since it joined. Not a tax invoice.",
                             bill_schema());
  info.parameters = {{"month", "query", "string", false, "YYYY-MM; without it this month"}};
  add_for_caller(router, services, std::move(info),
                 [lifetimes = std::make_shared<Lifetimes>()](
                     const Services& all, const Request& request, const Responder& responder) {
                   get_bill(all, *lifetimes, request, responder);
                 });
}

}  // namespace powershare::gateway::household
