// GET /etms/origin: what a household's energy was made of, by its certificates of origin.
#include "gateway/household/common.hpp"
#include "ledger/accounts.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"
#include "ledger/rewards.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

using ledger::Origin;

struct Part {
  std::string_view name;
  ledger::BySource Origin::*field;
};
constexpr Part parts[] = {{"issued_kwh", &Origin::issued}, {"own_kwh", &Origin::own},
                          {"sold_kwh", &Origin::sold},     {"fed_in_kwh", &Origin::fed_in},
                          {"bought_kwh", &Origin::bought}, {"supplied_kwh", &Origin::supplied}};

void write_sources(json::Writer& out, const Origin& origin) {
  out.key("sources").begin_array();
  for (std::size_t s = 0; s < ledger::renewable_sources; ++s) {
    out.begin_object().key("source").string(ledger::source_name(s));
    for (const auto& part : parts) out.key(part.name).number((origin.*part.field)[s]);
    out.end_object();
  }
  out.end_array();
}

void get_origin(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto& who = request.caller->participant;
  const auto period = period_parameter(request, state, PeriodKind::week);
  if (!period) return responder.send(query_problem(period.error()));
  const auto statement = ledger::query_bills(view->history(), period->from, period->to, who);
  if (!statement) return responder.send(query_problem(statement.error()));
  const auto totals = statement->bills.empty() ? ledger::BillTotals{} : statement->bills[0].totals;
  const auto parameters = ledger::parameters(state);
  const auto coins = [&](std::string_view asset) {
    return ledger::balance(state, ledger::participant_account(who, asset));
  };
  json::Writer out;
  out.begin_object().key("on").boolean(parameters.origin);
  out.key("period").string(to_text(period->kind)).key("date").string(to_text(period->first));
  write_time(out.key("from"), period->from);
  write_time(out.key("to"), period->to);
  out.key("consumption_kwh").number(totals.certifiable.nano());
  out.key("renewable_kwh").number(totals.renewable_share().part.nano());
  write_optional_number(out.key("renewable_share"), totals.renewable_share().nano());
  write_sources(out, totals.origin);
  out.key("rewards").string(ledger::rewards_text(parameters));
  out.key("solarcoin").number(coins(ledger::asset_solarcoin));
  out.key("solarcoin_carry_kwh").number(ledger::solar_carry(state, who).nano());
  out.key("nrgcoin").number(coins(ledger::asset_nrgcoin));
  write_completeness(out, completeness(state, who, period->from, period->to), period->to);
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_origin_routes(Router& router, const ServicesPtr& services) {
  std::vector<std::pair<std::string, std::string>> source = {{"source", "string"}};
  for (const auto& part : parts) source.emplace_back(part.name, "number");
  std::vector<std::pair<std::string, std::string>> fields = {
      {"on", "boolean"},
      {"period", "string"},
      {"date", "string"},
      {"from", "time"},
      {"to", "time"},
      {"consumption_kwh", "number"},
      {"renewable_kwh", "number"},
      {"renewable_share", "number?"},
      {"sources", array_schema(schema_of(source))},
      {"rewards", "string"},
      {"solarcoin", "number"},
      {"solarcoin_carry_kwh", "number"},
      {"nrgcoin", "number"}};
  for (auto& field : completeness_fields()) fields.push_back(std::move(field));
  auto info = resident_route(
      "GET", "/etms/origin",
      "The household's certificates of origin in a day, week, month or year by source: made, used "
      "at home, passed on, and got from neighbours and from the supplier. Its renewable share and "
      "its rewards.",
      schema_of(fields));
  info.parameters = period_parameters();
  add_for_caller(router, services, std::move(info), get_origin);
}

}  // namespace powershare::gateway::household
