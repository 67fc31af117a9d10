// POST /etms/logout, GET and POST /etms/sessions, DELETE /etms/sessions/{session}.
#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway {
namespace {

void post_logout(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto& caller = *request.caller;
  submit_for_caller(*services, request, responder,
                    ledger::CloseSession{caller.participant, caller.session->public_key()});
}

void get_sessions(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto now = present_time(*services, *view);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& session : ledger::sessions_of(view->state(), request.caller->participant)) {
    if (session.over(now)) continue;
    out.begin_object().key("session").string(to_hex(ByteView(session.key)));
    out.key("opened_by").string(to_hex(ByteView(session.opened_by)));
    out.key("opened").string(to_iso8601(session.opened));
    out.key("expires").string(to_iso8601(session.expires));
    out.key("refresh_expires").string(to_iso8601(session.refresh_expires));
    out.key("current").boolean(session.key == request.caller->session->public_key()).end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

/// People who keep their key sign OpenSession by themselves, so the tokens never leave them.
void post_session(const ServicesPtr& services, const Request& request, const Responder& responder) {
  auto bytes = read_signed(*services, request.http.body);
  if (!bytes) return responder.send(problem_of(bytes.error()));
  const auto transaction = services->ports.decode(*bytes, ledger::known_feature_level);
  if (!transaction) {
    return responder.send(problem(400, "malformed", transaction.error().detail()));
  }
  if (!std::holds_alternative<ledger::OpenSession>(transaction->payload)) {
    return responder.send(problem(400, "bad_parameter", "The transaction must be OpenSession."));
  }
  submit_signed(*services, responder, std::move(*bytes));
}

void delete_session(const ServicesPtr& services, const Request& request,
                    const Responder& responder) {
  const auto& name = request.path_parameter("session");
  ledger::CloseSession payload{request.caller->participant, {}};
  if (name != "all") {
    const auto key = crypto::digest_from_hex(name);
    if (!key || *key == crypto::PublicKey{}) {
      return responder.send(
          problem(400, "bad_parameter", "A session is 64 hexadecimal digits, or all."));
    }
    payload.session = *key;
  }
  submit_for_caller(*services, request, responder, payload);
}

RouteInfo changing(std::string method, std::string pattern, std::string summary) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::resident;
  info.parameters = {idempotency_parameter()};
  info.response_schema = submission_schema();
  info.statuses = submission_statuses();
  info.statuses.push_back(401);
  return info;
}

}  // namespace

void add_session_routes(Router& router, const ServicesPtr& services) {
  add_route(router, services, changing("POST", "/etms/logout", "Ends the session of this token."),
            post_logout);

  RouteInfo list;
  list.method = "GET";
  list.pattern = "/etms/sessions";
  list.summary = "The household's open sessions, this one and those of other people and devices.";
  list.access = Access::resident;
  list.response_schema = list_schema(object_schema({{"session", "digest"},
                                                    {"opened_by", "digest"},
                                                    {"opened", "time"},
                                                    {"expires", "time"},
                                                    {"refresh_expires", "time"},
                                                    {"current", "boolean"}}),
                                     "string");
  list.statuses = {200, 401, 503};
  add_route(router, services, std::move(list), get_sessions);

  auto open =
      changing("POST", "/etms/sessions",
               "Opens a session by an OpenSession transaction that a household's own key "
               "has signed; the client makes the token of its seed and the block's height.");
  open.access = Access::open;
  open.parameters.clear();
  open.request_schema = signed_schema();
  add_route(router, services, std::move(open), post_session);

  auto close = changing("DELETE", "/etms/sessions/{session}",
                        "Ends one of the household's sessions, or all of them.");
  close.parameters.push_back({"session", "path", "string", true, "64 hexadecimal digits, or all"});
  add_route(router, services, std::move(close), delete_session);
}

}  // namespace powershare::gateway
