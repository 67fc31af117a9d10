// The household's money: balances, statements, coins for cash and back, coins for its vehicles.
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/household/common.hpp"
#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/claims.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "ledger/top_up.hpp"

namespace powershare::gateway::household {
namespace {

using ledger::ParticipantRef;

/// "EUR" of "CA:EUR"; empty for other assets.
std::string_view currency_of(std::string_view asset) {
  return asset.starts_with("CA:") ? asset.substr(3) : std::string_view();
}

void write_cash(json::Writer& out, const std::map<std::string, std::int64_t>& cash) {
  out.begin_array();
  for (const auto& [currency, nano] : cash) {
    out.begin_object().key("currency").string(currency).key("amount").number(nano).end_object();
  }
  out.end_array();
}

void write_vehicles(json::Writer& out, const ledger::StateReader& state,
                    const ParticipantRef& who) {
  out.begin_array();
  ledger::for_each_participant_of(
      state, ledger::ParticipantType::electric_vehicle, [&](const ledger::Participant& vehicle) {
        if (who.type != ledger::ParticipantType::resident || vehicle.owner != who.id) return true;
        out.begin_object().key("id").string(vehicle.ref.id.text()).key("coins");
        out.number(
            ledger::balance(state, ledger::participant_account(vehicle.ref, ledger::asset_coins)));
        out.end_object();
        return true;
      });
  out.end_array();
}

void get_wallet(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto& who = request.caller->participant;
  std::map<std::string, std::int64_t> cash;
  std::map<std::string, std::int64_t> held_cash;
  std::int64_t held_coins = 0;
  ledger::for_each_account_of(state, who, [&](const ledger::AccountId& id, std::int64_t balance) {
    if (const auto currency = currency_of(id.asset); !currency.empty()) {
      cash[std::string(currency)] += balance;
    }
    return true;
  });
  ledger::for_each_escrow_of(state, who, [&](const ledger::AccountId& id, std::int64_t balance) {
    if (const auto currency = currency_of(id.asset); !currency.empty()) {
      held_cash[std::string(currency)] += balance;
    } else if (id.asset == ledger::asset_coins) {
      held_coins += balance;
    }
    return true;
  });
  const auto of = [&](std::string_view asset) {
    return ledger::balance(state, ledger::participant_account(who, asset));
  };
  json::Writer out;
  out.begin_object().key("coins").number(of(ledger::asset_coins));
  out.key("energy_kwh").number(of(ledger::asset_energy));
  out.key("due_coins").number(ledger::claims_on(state, who).nano());
  write_cash(out.key("cash"), cash);
  out.key("held").begin_object().key("coins").number(held_coins);
  write_cash(out.key("cash"), held_cash);
  out.end_object();
  write_vehicles(out.key("vehicles"), state, who);
  out.key("open_requests").unsigned_integer(ledger::cash_requests_of(state, who).size());
  write_time(out.key("at"), ledger::island_time(state));
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void write_totals(json::Writer& out, std::string_view name,
                  const std::vector<ledger::MovementTotal>& totals,
                  std::int64_t ledger::MovementTotal::*side) {
  out.key(name).begin_array();
  std::int64_t sum = 0;
  for (const auto& total : totals) {
    if (total.*side == 0) continue;
    sum += total.*side;
    out.begin_object().key("kind").string(ledger::to_text(total.kind));
    out.key("amount").number(total.*side).end_object();
  }
  out.end_array().key(std::string(name) + "_total").number(sum);
}

void write_statement(json::Writer& out, const ledger::AccountStatement& account) {
  const auto currency = currency_of(account.asset);
  out.begin_object();
  out.key("asset").string(currency.empty() ? account.asset : std::string_view("CA"));
  out.key("currency");
  if (currency.empty()) {
    out.null();
  } else {
    out.string(currency);
  }
  out.key("name").string(account.name);
  out.key("opening").number(account.opening_nano);
  write_totals(out, "income", account.totals, &ledger::MovementTotal::in_nano);
  write_totals(out, "outgoings", account.totals, &ledger::MovementTotal::out_nano);
  out.key("closing").number(account.closing_nano).end_object();
}

void get_statement(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto period = period_parameter(request, state, PeriodKind::month);
  if (!period) return responder.send(problem_of(period.error()));
  const auto accounts = ledger::query_movement_totals(
      state, view->history(), request.caller->participant, period->from, period->to, max_rows);
  if (!accounts) return responder.send(query_problem(accounts.error()));
  json::Writer out;
  out.begin_object().key("period").string(to_text(period->kind));
  out.key("date").string(to_text(period->first));
  write_time(out.key("from"), period->from);
  write_time(out.key("to"), period->to);
  out.key("over").boolean(period->to <= ledger::island_time(state));
  out.key("accounts").begin_array();
  for (const auto& account : *accounts) write_statement(out, account);
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

/// Coins bought of a bank, or sold to it, at the published rate of 1.
void exchange(const Services& services, const Request& request, const Responder& responder,
              bool buys) {
  BodyReader body(request.http.body);
  const auto coins = body.quantity("coins");
  auto currency = body.text("currency", false);
  if (const auto read = body.finish(); !read) return responder.send(problem_of(read.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  if (currency.empty()) currency = ledger::parameters(view->state()).currency;
  if (!ledger::is_currency(currency)) {
    return responder.send(
        problem(400, "bad_parameter", "currency must be three letters A to Z (ISO 4217)."));
  }
  const auto banks = ledger::banks_dealing_in(view->state(), currency);
  if (banks.empty()) {
    return responder.send(
        problem(422, "no_bank", "No bank of this chain deals in " + currency + "."));
  }
  // The first bank that can pay; where none can, the first one's refusal is the answer.
  auto chosen = banks.front();
  for (const auto& bank : banks) {
    const auto asset = buys ? std::string(ledger::asset_coins) : ledger::asset_cash(currency);
    if (ledger::balance(view->state(), ledger::participant_account(bank, asset)) < coins) continue;
    chosen = bank;
    break;
  }
  ledger::CashToCoins payload;
  payload.cash_rate = Price::from_nano(nano_per_unit);
  payload.cash = Cash::from_nano(coins);
  payload.currency = currency;
  payload.coins_to = buys ? request.caller->participant : chosen;
  payload.coins_from = buys ? chosen : request.caller->participant;
  submit_for_caller(services, request, responder, std::move(payload));
}

void transfer_to_vehicle(const Services& services, const Request& request,
                         const Responder& responder) {
  BodyReader body(request.http.body);
  ledger::TransferCoinsToEV payload;
  payload.coins = Coins::from_nano(body.quantity("coins"));
  const auto direction = body.text("direction");
  if (const auto read = body.finish(); !read) return responder.send(problem_of(read.error()));
  auto id = ParticipantId::parse(request.path_parameter("id"));
  const bool known = direction == "to_vehicle" || direction == "from_vehicle";
  if (!id || !known) {
    return responder.send(problem(
        400, "bad_parameter",
        id ? "direction must be to_vehicle or from_vehicle." : "The id is not a vehicle's."));
  }
  payload.from = request.caller->participant;
  payload.to = {ledger::ParticipantType::electric_vehicle, *std::move(id)};
  if (direction == "from_vehicle") std::swap(payload.from, payload.to);
  submit_for_caller(services, request, responder, std::move(payload));
}

std::string cash_schema() {
  return array_schema(object_schema({{"currency", "string"}, {"amount", "number"}}));
}

std::string wallet_schema() {
  const auto held = object_schema({{"coins", "number"}, {"cash", cash_schema()}});
  const auto vehicles = array_schema(object_schema({{"id", "string"}, {"coins", "number"}}));
  return object_schema({{"coins", "number"},
                        {"energy_kwh", "number"},
                        {"due_coins", "number"},
                        {"cash", cash_schema()},
                        {"held", held},
                        {"vehicles", vehicles},
                        {"open_requests", "integer"},
                        {"at", "time"}});
}

std::string statement_schema() {
  const auto lines = array_schema(object_schema({{"kind", "string"}, {"amount", "number"}}));
  const auto account = object_schema({{"asset", "string"},
                                      {"currency", "string?"},
                                      {"name", "string"},
                                      {"opening", "number"},
                                      {"income", lines},
                                      {"income_total", "number"},
                                      {"outgoings", lines},
                                      {"outgoings_total", "number"},
                                      {"closing", "number"}});
  return object_schema({{"period", "string"},
                        {"date", "string"},
                        {"from", "time"},
                        {"to", "time"},
                        {"over", "boolean"},
                        {"accounts", array_schema(account)}});
}

}  // namespace

void add_wallet_routes(Router& router, const ServicesPtr& services) {
  add_for_caller(
      router, services,
      resident_route("GET", "/etms/wallet",
                     "Coins, cash, what is owed to the utility, what is held for "
                     "withdrawals and orders, and the coins of the household's vehicles.",
                     wallet_schema()),
      get_wallet);
  auto statement = resident_route(
      "GET", "/etms/wallet/statement",
      "Opening and closing balance of each account and what came in and went out by kind, in a "
      "period (a month where none is given), to the nano-unit.",
      statement_schema());
  statement.parameters = period_parameters();
  add_for_caller(router, services, std::move(statement), get_statement);
  const auto amount = object_schema({{"coins", "number"}, {"currency", "string"}}, {"coins"});
  add_for_caller(router, services,
                 submitting_route("POST", "/etms/wallet/buy",
                                  "Coins for cash, from a bank, at the rate of 1.", amount),
                 [](const Services& all, const Request& request, const Responder& responder) {
                   exchange(all, request, responder, true);
                 });
  add_for_caller(router, services,
                 submitting_route("POST", "/etms/wallet/sell",
                                  "Cash for coins, from a bank, at the rate of 1.", amount),
                 [](const Services& all, const Request& request, const Responder& responder) {
                   exchange(all, request, responder, false);
                 });
  auto transfer = submitting_route(
      "POST", "/etms/ev/{id}/transfer", "Coins to a vehicle's wallet, or from an own vehicle's.",
      object_schema({{"coins", "number"},
                     {"direction", R"({"type":"string","enum":["to_vehicle","from_vehicle"]})"}},
                    {"coins", "direction"}));
  transfer.parameters.push_back({"id", "path", "string", true, "id of the vehicle"});
  add_for_caller(router, services, std::move(transfer), transfer_to_vehicle);
}

}  // namespace powershare::gateway::household
