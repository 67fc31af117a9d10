// POST and DELETE /etms/login, POST /etms/refresh, POST /etms/password.
#include "gateway/household/access_desk.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/household/tokens.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway {
namespace {

void post_login(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"login", "password"});
  if (!fields) return responder.send(problem_of(fields.error()));
  open_login(services, request, responder, *fields, [services, responder](const OpenedKey& opened) {
    const auto view = open_view(*services, responder);
    if (!view) return;
    open_session(*services, responder, present_time(*services, *view), opened.login.participant,
                 *opened.key);
  });
}

/// A refresh token works once: the keys that it stands for go with the session that it replaces.
void post_refresh(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"refresh_token"});
  if (!fields) return responder.send(problem_of(fields.error()));
  auto token = parse_token(refresh_prefix, fields->at("refresh_token"));
  if (!token) return responder.send(unauthorized("bad_token", "This is no refresh token."));
  const auto pair = crypto::KeyPair::from_seed(token->seed);
  crypto::wipe(token->seed);
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto session = ledger::find_session_to_refresh(view->state(), pair.public_key());
  const auto now = present_time(*services, *view);
  if (!session && view->head().height < token->height) {
    return responder.send(retry_later(503, "behind", "This peer has not seen that log-in yet.", 1));
  }
  if (!session || session->refresh_expires <= now) {
    return responder.send(unauthorized("bad_token", "This session is over; log in."));
  }
  open_session(*services, responder, now, session->participant, pair);
}

/// Another key under the same name: what the former password opened is worth nothing afterwards.
/// All sessions of that person end, so the answer is a new one.
void post_password(const ServicesPtr& services, const Request& request,
                   const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"login", "password", "new_password"});
  if (!fields) return responder.send(problem_of(fields.error()));
  const auto& next = fields->at("new_password");
  if (const auto valid = check_new_login(fields->at("login"), next); !valid) {
    return responder.send(problem_of(valid.error()));
  }
  open_login(
      services, request, responder, *fields,
      [services, responder, fields = *fields](const OpenedKey& opened) {
        const auto made = make_login(*services, fields.at("login"), fields.at("new_password"));
        if (!made) return responder.send(problem_of(made.error()));
        const auto participant = opened.login.participant;
        services->ports.submitter->submit_as(
            ledger::SetLogin{participant, made->login, made->key, made->sealed},
            ledger::to_text(participant), *opened.key, drawn_idempotency_key(),
            services->options.submit_timeout_ms,
            [services, responder, participant, pair = made->pair](const SubmitAnswer& answer) {
              if (!was_applied(answer)) return responder.send(submission_response(answer));
              const auto view = open_view(*services, responder);
              if (!view) return;
              open_session(*services, responder, present_time(*services, *view), participant,
                           *pair);
            });
      });
}

void delete_login(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"login", "password"});
  if (!fields) return responder.send(problem_of(fields.error()));
  open_login(services, request, responder, *fields, [services, responder](const OpenedKey& opened) {
    const auto participant = opened.login.participant;
    services->ports.submitter->submit_as(
        ledger::RemoveLogin{participant, opened.login.id}, ledger::to_text(participant),
        *opened.key, drawn_idempotency_key(), services->options.submit_timeout_ms,
        [responder](const SubmitAnswer& answer) { responder.send(submission_response(answer)); });
  });
}

}  // namespace

void add_login_routes(Router& router, const ServicesPtr& services) {
  const auto credentials =
      object_schema({{"login", "string"}, {"password", "string"}}, {"login", "password"});
  RouteInfo login;
  login.method = "POST";
  login.pattern = "/etms/login";
  login.summary =
      "Opens a session with a log-in's name and password. Its token is good at every peer for 15 "
      "minutes, its refresh token once within 30 days.";
  login.request_schema = credentials;
  login.response_schema = session_schema();
  login.statuses = {200, 400, 401, 422, 429, 503};
  add_route(router, services, std::move(login), post_login);

  RouteInfo remove;
  remove.method = "DELETE";
  remove.pattern = "/etms/login";
  remove.summary =
      "Removes one of the household's log-ins with its key and its sessions; asks for its "
      "password.";
  remove.access = Access::resident;
  remove.request_schema = credentials;
  remove.response_schema = submission_schema();
  remove.statuses = {200, 400, 401, 403, 422, 429, 503};
  add_route(router, services, std::move(remove), delete_login);

  RouteInfo refresh;
  refresh.method = "POST";
  refresh.pattern = "/etms/refresh";
  refresh.summary = "Replaces both tokens of a session by new ones.";
  refresh.request_schema = object_schema({{"refresh_token", "string"}}, {"refresh_token"});
  refresh.response_schema = session_schema();
  refresh.statuses = {200, 400, 401, 422, 429, 503};
  add_route(router, services, std::move(refresh), post_refresh);

  RouteInfo password;
  password.method = "POST";
  password.pattern = "/etms/password";
  password.summary =
      "Another password for one of the household's log-ins. Everything that the former one opened "
      "ends; the answer is a new session.";
  password.access = Access::resident;
  password.request_schema =
      object_schema({{"login", "string"}, {"password", "string"}, {"new_password", "string"}},
                    {"login", "password", "new_password"});
  password.response_schema = session_schema();
  password.statuses = {200, 400, 401, 403, 422, 429, 503};
  add_route(router, services, std::move(password), post_password);
}

}  // namespace powershare::gateway
