// POST /v1/invitations, GET and POST /etms/invitations, DELETE /etms/invitations/{invitation}, POST
// /etms/accept.
#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway {
namespace {

constexpr std::uint64_t default_days = 14;
constexpr std::uint64_t max_days = 89;  // a day below what the ledger takes, for clocks that differ

Result<UtcMillis> expiry_of(const TextFields& fields, UtcMillis now) {
  auto days = default_days;
  if (const auto given = fields.find("days"); given != fields.end()) {
    const auto parsed = parse_unsigned("days", given->second, max_days);
    if (!parsed) return parsed.error();
    days = *parsed;
  }
  if (days == 0) return Error{GatewayError::bad_parameter, "days must be between 1 and 89."};
  return UtcMillis{now.value + static_cast<std::int64_t>(days) * millis_per_day};
}

SubmitCallback answer_invitation(const Responder& responder, const NewInvitation& made) {
  return [responder, made](const SubmitAnswer& answer) {
    auto response = submission_response(
        answer, json_members([&](json::Writer& out) {
          out.key("code").string(made.code);
          out.key("invitation").string(to_hex(ByteView(made.payload.invitation)));
          out.key("participant").string(ledger::to_text(made.payload.participant));
          out.key("expires").string(to_iso8601(made.payload.expires));
        }));
    response.headers.emplace_back("Cache-Control", "no-store");
    responder.send(std::move(response));
  };
}

void post_by_administrator(const ServicesPtr& services, const Request& request,
                           const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"participant"}, {"days"});
  if (!fields) return responder.send(problem_of(fields.error()));
  const auto participant = parse_participant("participant", fields->at("participant"));
  if (!participant) return responder.send(problem_of(participant.error()));
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto expires = expiry_of(*fields, present_time(*services, *view));
  if (!expires) return responder.send(problem_of(expires.error()));
  const auto made = make_invitation(*services, *participant, *expires);
  // A repetition draws another code, so no Idempotency-Key can give the first answer again.
  services->ports.submitter->submit(made.payload, "administrator", "api-key:" + request.key->label,
                                    drawn_idempotency_key(), services->options.submit_timeout_ms,
                                    answer_invitation(responder, made));
}

void post_by_household(const ServicesPtr& services, const Request& request,
                       const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"login", "password"}, {"days"});
  if (!fields) return responder.send(problem_of(fields.error()));
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto expires = expiry_of(*fields, present_time(*services, *view));
  if (!expires) return responder.send(problem_of(expires.error()));
  open_login(services, request, responder, *fields,
             [services, responder, expires = *expires](const OpenedKey& opened) {
               const auto made = make_invitation(*services, opened.login.participant, expires);
               services->ports.submitter->submit_as(
                   made.payload, ledger::to_text(opened.login.participant), *opened.key,
                   drawn_idempotency_key(), services->options.submit_timeout_ms,
                   answer_invitation(responder, made));
             });
}

void get_invitations(const ServicesPtr& services, const Request& request,
                     const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto now = present_time(*services, *view);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& invitation :
       ledger::invitations_of(view->state(), request.caller->participant)) {
    if (invitation.expires <= now) continue;
    out.begin_object().key("invitation").string(to_hex(ByteView(invitation.key)));
    out.key("expires").string(to_iso8601(invitation.expires)).end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void delete_invitation(const ServicesPtr& services, const Request& request,
                       const Responder& responder) {
  const auto key = crypto::digest_from_hex(request.path_parameter("invitation"));
  if (!key || *key == crypto::PublicKey{}) {
    return responder.send(problem(400, "bad_parameter", "An invitation is 64 hexadecimal digits."));
  }
  submit_for_caller(*services, request, responder, ledger::WithdrawInvitation{*key});
}

struct Accepting {
  std::shared_ptr<const crypto::KeyPair> invitation;
  ledger::ParticipantRef participant;
};

/// Signs with the invitation's key that `payload` binds a key to its participant.
void submit_acceptance(const Services& services, const Responder& responder,
                       const Accepting& accepting, const ledger::AcceptInvitation& payload) {
  services.ports.submitter->submit_as(
      payload, ledger::to_text(accepting.participant), *accepting.invitation,
      drawn_idempotency_key(), services.options.submit_timeout_ms,
      [responder, participant = accepting.participant,
       key = payload.key](const SubmitAnswer& answer) {
        responder.send(
            submission_response(answer, json_members([&](json::Writer& out) {
                                  out.key("participant").string(ledger::to_text(participant));
                                  out.key("key").string(to_hex(ByteView(key)));
                                })));
      });
}

/// The open invitation of a code, or the answer to whoever brings another one.
std::variant<Accepting, net::HttpResponse> invitation_of_code(const Services& services,
                                                              const ChainView& view,
                                                              std::string_view code) {
  auto seed = ledger::invitation_seed(services.ports.genesis_hash, code);
  if (!seed) return problem(400, "bad_parameter", "A code has 20 letters and digits.");
  auto pair = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::from_seed(*seed));
  crypto::wipe(*seed);
  const auto invitation = ledger::find_invitation(view.state(), pair->public_key());
  if (!invitation || invitation->expires <= present_time(services, view)) {
    return problem(404, "unknown_invitation", "No open invitation has this code.");
  }
  return Accepting{std::move(pair), invitation->participant};
}

void accept_with_login(const ServicesPtr& services, const Responder& responder,
                       const ChainView& view, const Accepting& accepting,
                       const TextFields& fields) {
  if (const auto valid = check_new_login(fields.at("login"), fields.at("password")); !valid) {
    return responder.send(problem_of(valid.error()));
  }
  const auto id = ledger::login_id(services->ports.genesis_hash, fields.at("login"));
  if (ledger::find_login(view.state(), id)) {
    return responder.send(problem(422, "login_exists", "The name of the log-in is taken."));
  }
  post_heavy_task(*services, responder, [services, responder, accepting, fields] {
    const auto made = make_login(*services, fields.at("login"), fields.at("password"));
    if (!made) return responder.send(problem_of(made.error()));
    submit_acceptance(*services, responder, accepting, {made->key, made->login, made->sealed});
  });
}

void post_accept(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto fields = text_fields(request.http.body, {"code"}, {"login", "password", "public_key"});
  if (!fields) return responder.send(problem_of(fields.error()));
  const bool own_key = fields->contains("public_key");
  const bool custodial = fields->contains("login") && fields->contains("password");
  if (own_key == custodial || (own_key && fields->size() > 2)) {
    return responder.send(
        problem(400, "bad_parameter", "Either login and password, or public_key, must be given."));
  }
  const auto view = open_view(*services, responder);
  if (!view) return;
  auto found = invitation_of_code(*services, *view, fields->at("code"));
  if (auto* refusal = std::get_if<net::HttpResponse>(&found)) {
    return responder.send(std::move(*refusal));
  }
  const auto& accepting = std::get<Accepting>(found);
  if (custodial) return accept_with_login(services, responder, *view, accepting, *fields);
  const auto key = crypto::digest_from_hex(fields->at("public_key"));
  if (!key || *key == crypto::PublicKey{}) {
    return responder.send(
        problem(400, "bad_parameter", "public_key must be 64 hexadecimal digits."));
  }
  submit_acceptance(*services, responder, accepting, {*key, {}, {}});
}

RouteInfo info_of(std::string method, std::string pattern, std::string summary, Access access) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = access;
  info.statuses = submission_statuses();
  info.statuses.insert(info.statuses.end(), {401, 403});
  return info;
}

std::string invitation_schema() {
  return object_schema({{"code", "string"},
                        {"invitation", "digest"},
                        {"participant", "string"},
                        {"expires", "time"},
                        {"transaction", "digest?"},
                        {"receipt", receipt_schema()},
                        {"block", "object?"}});
}

}  // namespace

void add_invitation_routes(Router& router, const ServicesPtr& services) {
  auto by_administrator =
      info_of("POST", "/v1/invitations",
              "Invites a person to act for a participant. The answer holds the code, which is told "
              "once and kept nowhere; whoever has it may bind a key.",
              Access::administrator);
  by_administrator.request_schema =
      object_schema({{"participant", "string"}, {"days", "string"}}, {"participant"});
  by_administrator.response_schema = invitation_schema();
  add_route(router, services, std::move(by_administrator), post_by_administrator);

  auto list =
      info_of("GET", "/etms/invitations", "The household's open invitations.", Access::resident);
  list.response_schema =
      list_schema(object_schema({{"invitation", "digest"}, {"expires", "time"}}), "string");
  add_route(router, services, std::move(list), get_invitations);

  auto by_household = info_of("POST", "/etms/invitations",
                              "Invites a further person of the household; asks for the password "
                              "again. The code is told once.",
                              Access::resident);
  by_household.request_schema = object_schema(
      {{"login", "string"}, {"password", "string"}, {"days", "string"}}, {"login", "password"});
  by_household.response_schema = invitation_schema();
  add_route(router, services, std::move(by_household), post_by_household);

  auto withdraw = info_of("DELETE", "/etms/invitations/{invitation}",
                          "Withdraws one of the household's invitations.", Access::resident);
  withdraw.parameters = {idempotency_parameter(),
                         {"invitation", "path", "string", true, "64 hexadecimal digits"}};
  withdraw.response_schema = submission_schema();
  add_route(router, services, std::move(withdraw), delete_invitation);

  auto accept = info_of("POST", "/etms/accept",
                        "Accepts an invitation by its code: with login and password, under which "
                        "the peers then keep a key, or with a public_key whose owner keeps it.",
                        Access::open);
  accept.request_schema = object_schema(
      {{"code", "string"}, {"login", "string"}, {"password", "string"}, {"public_key", "digest"}},
      {"code"});
  accept.response_schema = object_schema({{"participant", "string"},
                                          {"key", "digest"},
                                          {"transaction", "digest?"},
                                          {"receipt", receipt_schema()},
                                          {"block", "object?"}});
  accept.statuses.push_back(404);
  add_route(router, services, std::move(accept), post_accept);
}

}  // namespace powershare::gateway
