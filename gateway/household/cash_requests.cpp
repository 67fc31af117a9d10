// Cash in and out: what residents ask for, and the administrator's desk that resolves it.
#include "ledger/cash_requests.hpp"
#include "gateway/household/common.hpp"
#include "ledger/accounts.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::size_t default_requests = 100;
constexpr std::size_t max_requests = 1'000;

/// Members of an object; numbers as the path has them.
void write_request(json::Writer& out, const ledger::CashRequest& request, bool as_text) {
  const auto& asked = request.request;
  out.key("id").digest(request.id);
  out.key("kind").string(asked.withdrawal ? "withdraw" : "fund").key("cash");
  if (as_text) {
    out.decimal(asked.cash.nano());
  } else {
    out.number(asked.cash.nano());
  }
  out.key("currency").string(asked.currency);
  write_time(out.key("made"), request.made);
}

void list_own(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& each : ledger::cash_requests_of(view->state(), request.caller->participant)) {
    out.begin_object();
    write_request(out, each, false);
    out.end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void ask_for_cash(const Services& services, const Request& request, const Responder& responder,
                  bool withdrawal) {
  BodyReader body(request.http.body);
  ledger::RequestCash payload;
  payload.participant = request.caller->participant;
  payload.withdrawal = withdrawal;
  payload.cash = Cash::from_nano(body.quantity("cash"));
  payload.currency = body.text("currency", false);
  if (const auto read = body.finish(); !read) return responder.send(problem_of(read.error()));
  if (payload.currency.empty()) {
    const auto view = open_view(services, responder);
    if (!view) return;
    payload.currency = ledger::parameters(view->state()).currency;
  }
  if (!ledger::is_currency(payload.currency)) {
    return responder.send(
        problem(400, "bad_parameter", "currency must be three letters A to Z (ISO 4217)."));
  }
  submit_for_caller(services, request, responder, std::move(payload));
}

/// The open request that the path names; answers itself where there is none.
std::optional<ledger::CashRequest> request_of_path(const Services& services, const Request& request,
                                                   const Responder& responder) {
  const auto id = crypto::digest_from_hex(request.path_parameter("id"));
  if (!id) {
    responder.send(problem(400, "bad_parameter", "The id must be 64 hexadecimal digits."));
    return std::nullopt;
  }
  const auto view = open_view(services, responder);
  if (!view) return std::nullopt;
  auto found = ledger::find_cash_request(view->state(), *id);
  const bool shown =
      found && (!request.caller || found->request.participant == request.caller->participant);
  if (shown) return found;
  responder.send(problem(404, "not_found", "No such cash request is open."));
  return std::nullopt;
}

void take_back(const Services& services, const Request& request, const Responder& responder) {
  const auto found = request_of_path(services, request, responder);
  if (!found) return;
  submit_for_caller(services, request, responder, ledger::ResolveCashRequest{found->id, false});
}

void list_all(const Services& services, const Request& request, const Responder& responder) {
  const auto limit = limit_parameter(request, default_requests, max_requests);
  if (!limit) return responder.send(problem_of(limit.error()));
  std::optional<Digest> after;
  if (const auto given = request.http.parameter("after")) {
    const auto id = crypto::digest_from_hex(*given);
    if (!id)
      return responder.send(problem(400, "bad_parameter", "after must be the id of a request."));
    after = *id;
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  std::size_t count = 0;
  Digest last{};
  bool more = false;
  ledger::for_each_cash_request(view->state(), after, [&](const ledger::CashRequest& each) {
    more = count == *limit;
    if (more) return false;
    out.begin_object();
    write_request(out, each, true);
    out.key("participant").string(ledger::to_text(each.request.participant)).end_object();
    last = each.id;
    ++count;
    return true;
  });
  out.end_array().key("next");
  if (more) {
    out.digest(last);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void resolve(const Services& services, const Request& request, const Responder& responder) {
  BodyReader body(request.http.body);
  const bool approved = body.boolean("approved");
  if (const auto read = body.finish(); !read) return responder.send(problem_of(read.error()));
  const auto found = request_of_path(services, request, responder);
  if (!found) return;
  submit_payload(services, request, responder, ledger::ResolveCashRequest{found->id, approved});
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields request_fields(std::string quantity) {
  return {{"id", "digest"},
          {"kind", R"({"type":"string","enum":["fund","withdraw"]})"},
          {"cash", std::move(quantity)},
          {"currency", "string"},
          {"made", "time"}};
}

void add_desk_routes(Router& router, const ServicesPtr& services) {
  auto fields = request_fields("decimal");
  fields.emplace_back("participant", "string");
  RouteInfo list;
  list.method = "GET";
  list.pattern = "/v1/cash-requests";
  list.summary = "Open requests of residents to pay cash in or out.";
  list.access = Access::administrator;
  list.parameters = {{"after", "query", "string", false, "`next` of the page before"},
                     {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  list.response_schema = list_schema(schema_of(fields), "string");
  list.statuses = {200, 400, 503};
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_all(*services, request, responder);
  });

  RouteInfo one;
  one.method = "POST";
  one.pattern = "/v1/cash-requests/{id}";
  one.summary = "Approves a request when the money has moved, or refuses it.";
  one.access = Access::administrator;
  one.parameters = {{"id", "path", "string", true, "64 hexadecimal digits"},
                    idempotency_parameter()};
  one.request_schema = object_schema({{"approved", "boolean"}}, {"approved"});
  one.response_schema = submission_schema();
  one.statuses = submission_statuses();
  one.statuses.push_back(404);
  router.add(std::move(one), [services](const Request& request, const Responder& responder) {
    resolve(*services, request, responder);
  });
}

}  // namespace

void add_cash_request_routes(Router& router, const ServicesPtr& services) {
  const auto amount = object_schema({{"cash", "number"}, {"currency", "string"}}, {"cash"});
  add_for_caller(router, services,
                 submitting_route("POST", "/etms/wallet/fund",
                                  "Asks the administrator to pay cash in.", amount),
                 [](const Services& all, const Request& request, const Responder& responder) {
                   ask_for_cash(all, request, responder, false);
                 });
  add_for_caller(
      router, services,
      submitting_route("POST", "/etms/wallet/withdraw",
                       "Asks the administrator to pay cash out, and reserves it.", amount),
      [](const Services& all, const Request& request, const Responder& responder) {
        ask_for_cash(all, request, responder, true);
      });
  add_for_caller(
      router, services,
      resident_route("GET", "/etms/wallet/requests", "The household's open requests, at most 16.",
                     list_schema(schema_of(request_fields("number")), "string")),
      list_own);
  auto back = submitting_route("DELETE", "/etms/wallet/requests/{id}",
                               "Takes an open request back; what was reserved is free again.", {});
  back.parameters.push_back({"id", "path", "string", true, "64 hexadecimal digits"});
  back.statuses.push_back(404);
  add_for_caller(router, services, std::move(back), take_back);
  add_desk_routes(router, services);
}

}  // namespace powershare::gateway::household
