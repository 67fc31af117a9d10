// GET /v1/accounts and /v1/ledger/totals (shapes: DECISIONS 54).
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/accounts.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_accounts = 100;
constexpr std::size_t max_accounts = 1000;

/// "EN", "CO", "CA" and "due" with the currency apart: "CA:EUR" is asset CA in EUR.
std::pair<std::string_view, std::string_view> split_asset(std::string_view asset) {
  const auto colon = asset.find(':');
  if (colon == std::string_view::npos) return {asset, {}};
  return {asset.substr(0, colon), asset.substr(colon + 1)};
}

void write_account(json::Writer& out, const ledger::AccountId& id, std::int64_t balance) {
  const auto [asset, currency] = split_asset(id.asset);
  out.begin_object().key("id").string(ledger::to_text(id)).key("owner");
  if (id.owner) {
    out.string(ledger::to_text(*id.owner));
  } else {
    out.null();
  }
  out.key("class").string(ledger::to_text(id.account_class));
  out.key("asset").string(asset).key("currency");
  if (currency.empty()) {
    out.null();
  } else {
    out.string(currency);
  }
  out.key("balance").decimal(balance).end_object();
}

void get_accounts(const Services& services, const Request& request, const Responder& responder) {
  auto owner = participant_parameter(request, "owner");
  if (!owner) return responder.send(problem_of(owner.error()));
  const auto limit = limit_parameter(request, default_accounts, max_accounts);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto after = request.http.parameter("after").value_or("");
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  if (owner->has_value()) {
    if (auto refusal = restrict_to_own(viewer, request, *owner)) {
      return responder.send(std::move(*refusal));
    }
  }

  json::Writer out;
  out.begin_object().key("items").begin_array();
  bool skipping = !after.empty();
  bool more = false;
  std::size_t count = 0;
  std::string last;
  const auto visit = [&](const ledger::AccountId& id, std::int64_t balance) {
    if (!viewer.sees(id.owner)) return true;
    auto name = ledger::to_text(id);
    if (skipping) {
      skipping = name != after;
      return true;
    }
    if (count == *limit) {
      more = true;
      return false;
    }
    write_account(out, id, balance);
    last = std::move(name);
    ++count;
    return true;
  };
  if (owner->has_value()) {
    ledger::for_each_account_of(view->state(), **owner, visit);
  } else {
    ledger::for_each_account(view->state(), visit);
  }
  if (skipping) {
    return responder.send(problem(400, "bad_parameter", "after must be the next of a page."));
  }
  out.end_array().key("next");
  if (more) {
    out.string(last);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void get_totals(const Services& services, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto totals = ledger::asset_totals(view->state());
  if (!totals) return responder.send(problem_of(totals.error()));
  json::Writer out;
  out.begin_object();
  for (const auto& [asset, sums] : *totals) {
    out.key(asset).begin_object().key("total").decimal(sums.total);
    out.key("classes").begin_object();
    for (const auto& [account_class, sum] : sums.classes) {
      out.key(ledger::to_text(account_class)).decimal(sum);
    }
    out.end_object().end_object();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_account_routes(Router& router, const ServicesPtr& services) {
  RouteInfo accounts;
  accounts.method = "GET";
  accounts.pattern = "/v1/accounts";
  accounts.summary =
      "Accounts and their balances: one owner's, or all, system accounts included; a household's "
      "own only.";
  accounts.access = Access::read;
  accounts.parameters = {{"owner", "query", "string", false, "a participant, as Resident:H01"},
                         {"after", "query", "string", false, "`next` of the page before"},
                         {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  accounts.response_schema = list_schema(object_schema({{"id", "string"},
                                                        {"owner", "string?"},
                                                        {"class", "string"},
                                                        {"asset", "string"},
                                                        {"currency", "string?"},
                                                        {"balance", "decimal"}}),
                                         "string");
  accounts.statuses = {200, 400, 503};
  router.add(std::move(accounts), [services](const Request& request, const Responder& responder) {
    get_accounts(*services, request, responder);
  });

  RouteInfo totals;
  totals.method = "GET";
  totals.pattern = "/v1/ledger/totals";
  totals.summary =
      "Per asset the sum over all accounts, which is 0 in a sound ledger, and by class of account.";
  totals.response_schema =
      R"({"type":"object","additionalProperties":)" +
      object_schema(
          {{"total", "decimal"},
           {"classes", R"({"type":"object","additionalProperties":{"type":"string"}})"}}) +
      "}";
  totals.statuses = {200, 503};
  router.add(std::move(totals), [services](const Request&, const Responder& responder) {
    get_totals(*services, responder);
  });
}

}  // namespace powershare::gateway
