// GET and PATCH /etms/me, GET /etms/keys, DELETE /etms/keys/{key}.
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/assets.hpp"
#include "ledger/registry.hpp"
#include "ledger/validity.hpp"

namespace powershare::gateway {
namespace {

using Found = std::optional<Profile>;

void write_me(json::Writer& out, const ledger::Participant& who, const Found& profile) {
  out.begin_object().key("participant").string(ledger::to_text(who.ref));
  out.key("type").string(ledger::to_text(who.ref.type)).key("id").string(who.ref.id.text());
  out.key("buy_rate").decimal(who.buy_rate.nano());
  out.key("sell_rate").decimal(who.sell_rate.nano()).key("profile");
  if (profile) {
    out.begin_object().key("first_name").string(profile->first_name);
    out.key("last_name").string(profile->last_name);
    out.key("email").string(profile->email).end_object();
  } else {
    out.null();
  }
  out.end_object();
}

/// The caller's record; answers 404 by itself where it is no longer there.
std::optional<ledger::Participant> find_me(const ledger::StateReader& state, const Request& request,
                                           const Responder& responder) {
  auto me = ledger::find_participant(state, request.caller->participant);
  if (!me) responder.send(problem(404, "not_found", "This participant has been deleted."));
  return me;
}

net::HttpResponse no_names() {
  return retry_later(503, "unavailable", "This peer keeps no names; ask another one.", 5);
}

/// Calls `then` with the names that the record commits to, or nothing where it names none.
void fetch_profile(const Services& services, const Responder& responder,
                   const ledger::Participant& me, std::function<void(Found)> then) {
  if (crypto::is_zero(me.profile)) return then(std::nullopt);
  auto* profiles = services.ports.profiles;
  if (profiles == nullptr) return responder.send(no_names());
  profiles->fetch({me.profile}, [then = std::move(then)](std::vector<Found> found) {
    then(found.empty() ? std::nullopt : std::move(found.front()));
  });
}

void get_me(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (!me) return;
  fetch_profile(*services, responder, *me, [responder, me = *me](const Found& profile) {
    json::Writer out;
    write_me(out, me, profile);
    responder.send(json_response(std::move(out).take()));
  });
}

/// Keeps the names off the chain, then has the record commit to them.
void keep_and_commit(const ServicesPtr& services, const Request& request,
                     const Responder& responder, ledger::UpdateParticipant update,
                     Profile profile) {
  auto* profiles = services->ports.profiles;
  if (profiles == nullptr) return responder.send(no_names());
  profiles->keep(std::move(profile), [services, request, responder,
                                      update = std::move(update)](Result<Digest> kept) mutable {
    if (!kept) {
      return responder.send(
          retry_later(503, "unavailable", "Too few peers could keep the names in time.", 5));
    }
    update.participant.profile = *kept;
    submit_for_caller(*services, request, responder, std::move(update));
  });
}

void patch_me(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto fields = text_fields(request.http.body, {}, {"first_name", "last_name", "email"});
  if (!fields) return responder.send(problem_of(fields.error()));
  for (const auto& [name, text] : *fields) {
    if (!ledger::is_label(text, ledger::max_profile_text_bytes)) {
      return responder.send(
          problem(400, "bad_parameter", name + " must be plain text of at most 256 bytes."));
    }
  }
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (!me) return;
  const ledger::UpdateParticipant update{*me, ledger::asset_references(view->state(), me->ref)};
  fetch_profile(*services, responder, *me,
                [services, request, responder, update, fields = *fields](const Found& known) {
                  if (!known && !crypto::is_zero(update.participant.profile)) {
                    return responder.send(retry_later(
                        503, "unavailable", "No peer has the present names; try again.", 5));
                  }
                  auto profile = known.value_or(Profile{});
                  const auto set = [&](std::string_view name, std::string& text) {
                    const auto given = fields.find(name);
                    if (given != fields.end()) text = given->second;
                  };
                  set("first_name", profile.first_name);
                  set("last_name", profile.last_name);
                  set("email", profile.email);
                  keep_and_commit(services, request, responder, update, std::move(profile));
                });
}

void get_keys(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto& who = request.caller->participant;
  const auto logins = ledger::logins_of(view->state(), who);
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& binding : ledger::keys_of(view->state(), ledger::to_text(who))) {
    const bool kept = std::any_of(logins.begin(), logins.end(), [&](const ledger::Login& login) {
      return login.key == binding.key;
    });
    out.begin_object().key("key").string(to_hex(ByteView(binding.key)));
    out.key("kept_by_peers").boolean(kept).end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void delete_key(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto key = crypto::digest_from_hex(request.path_parameter("key"));
  if (!key) {
    return responder.send(problem(400, "bad_parameter", "A key is 64 hexadecimal digits."));
  }
  const auto fields = text_fields(request.http.body, {"login", "password"});
  if (!fields) return responder.send(problem_of(fields.error()));
  open_login(services, request, responder, *fields,
             [services, responder, key = *key](const OpenedKey& opened) {
               services->ports.submitter->submit_as(
                   ledger::RevokeKey{key}, ledger::to_text(opened.login.participant), *opened.key,
                   drawn_idempotency_key(), services->options.submit_timeout_ms,
                   [responder](const SubmitAnswer& answer) {
                     responder.send(submission_response(answer));
                   });
             });
}

RouteInfo info_of(std::string method, std::string pattern, std::string summary) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::resident;
  info.response_schema = submission_schema();
  info.statuses = submission_statuses();
  info.statuses.insert(info.statuses.end(), {401, 403, 404});
  return info;
}

}  // namespace

void add_me_routes(Router& router, const ServicesPtr& services) {
  const auto names =
      object_schema({{"first_name", "string"}, {"last_name", "string"}, {"email", "string"}});
  auto me = info_of("GET", "/etms/me", "The household's own record, with its names.");
  me.response_schema = object_schema({{"participant", "string"},
                                      {"type", "string"},
                                      {"id", "string"},
                                      {"buy_rate", "decimal"},
                                      {"sell_rate", "decimal"},
                                      {"profile", nullable_schema(names)}});
  add_route(router, services, std::move(me), get_me);

  auto patch = info_of("PATCH", "/etms/me",
                       "Changes the names that are given; they are kept beside the chain, which "
                       "only commits to them.");
  patch.parameters = {idempotency_parameter()};
  patch.request_schema = names;
  add_route(router, services, std::move(patch), patch_me);

  auto keys = info_of("GET", "/etms/keys", "The keys that act for the household.");
  keys.response_schema =
      list_schema(object_schema({{"key", "digest"}, {"kept_by_peers", "boolean"}}), "string");
  add_route(router, services, std::move(keys), get_keys);

  auto revoke = info_of("DELETE", "/etms/keys/{key}",
                        "Revokes one of the household's keys with its log-in and its sessions; "
                        "asks for a password.");
  revoke.parameters = {{"key", "path", "string", true, "64 hexadecimal digits"}};
  revoke.request_schema = object_schema({{"login", "string"}, {"password", "string"}});
  add_route(router, services, std::move(revoke), delete_key);
}

}  // namespace powershare::gateway
