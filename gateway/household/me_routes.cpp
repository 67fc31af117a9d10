// GET and PATCH /etms/me, GET /etms/keys, DELETE /etms/keys/{key}.
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/own_profile.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/registry.hpp"
#include "ledger/validity.hpp"

namespace powershare::gateway {
namespace {

void write_me(json::Writer& out, const ledger::Participant& who, const FoundProfile& profile) {
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
  out.key("has_picture").boolean(profile && !profile->picture.empty()).end_object();
}

void get_me(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (!me) return;
  fetch_profile(*services, responder, *me, [responder, me = *me](const FoundProfile& profile) {
    json::Writer out;
    write_me(out, me, profile);
    responder.send(json_response(std::move(out).take()));
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
  change_profile(services, request, responder,
                 [fields = *fields](Profile& profile) -> Result<void> {
                   const auto set = [&](std::string_view name, std::string& text) {
                     const auto given = fields.find(name);
                     if (given != fields.end()) text = given->second;
                   };
                   set("first_name", profile.first_name);
                   set("last_name", profile.last_name);
                   set("email", profile.email);
                   return {};
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
                                      {"profile", nullable_schema(names)},
                                      {"has_picture", "boolean"}});
  add_route(router, services, std::move(me), get_me);

  auto patch = info_of("PATCH", "/etms/me",
                       "Changes the names that are given; they are kept beside the chain, which "
                       "only commits to them.");
  patch.parameters = {idempotency_parameter()};
  patch.request_schema =
      object_schema({{"first_name", "string"}, {"last_name", "string"}, {"email", "string"}}, {});
  add_route(router, services, std::move(patch), patch_me);

  auto keys = info_of("GET", "/etms/keys", "The keys that act for the household.");
  keys.response_schema =
      list_schema(object_schema({{"key", "digest"}, {"kept_by_peers", "boolean"}}), "string");
  add_route(router, services, std::move(keys), get_keys);

  auto revoke = info_of("DELETE", "/etms/keys/{key}",
                        "Revokes one of the household's keys with its log-in and its sessions; "
                        "asks for a password.");
  revoke.parameters = {{"key", "path", "string", true, "64 hexadecimal digits"}};
  revoke.request_schema =
      object_schema({{"login", "string"}, {"password", "string"}}, {"login", "password"});
  add_route(router, services, std::move(revoke), delete_key);
}

}  // namespace powershare::gateway
