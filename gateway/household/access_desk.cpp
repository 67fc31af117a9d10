#include "gateway/household/access_desk.hpp"

#include <algorithm>

#include "crypto/sealed_key.hpp"
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/household/tokens.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_field_bytes = 1024;
constexpr std::int64_t retry_password_seconds = 2;

Error bad(std::string detail) {
  return {GatewayError::bad_parameter, std::move(detail)};
}

/// What a sealed key is bound to: nobody can put one person's under another one's name.
Bytes bound_to(const Digest& login, const crypto::PublicKey& key) {
  return std::move(Encoder().raw(as_bytes("powershare/sealed-key/1")).raw(login).raw(key)).take();
}

/// The key of `login`, or nothing; takes the time of one Argon2 either way.
std::shared_ptr<const crypto::KeyPair> try_password(const std::optional<ledger::Login>& login,
                                                    std::string_view password) {
  if (!login) {
    crypto::pretend_to_open(password);
    return nullptr;
  }
  const auto& sealed = login->sealed;
  auto seed = crypto::open_seed({sealed.salt, {sealed.memory_kib, sealed.passes}, sealed.box},
                                password, bound_to(login->id, login->key));
  if (!seed) return nullptr;
  auto pair = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::from_seed(*seed));
  crypto::wipe(*seed);
  return crypto::constant_time_equal(pair->public_key(), login->key) ? pair : nullptr;
}

net::HttpResponse too_many_waiting() {
  return retry_later(429, "busy", "Too many wait at this peer; try again or another one.",
                     retry_password_seconds);
}

}  // namespace

Result<TextFields> text_fields(const std::string& body,
                               std::initializer_list<std::string_view> required,
                               std::initializer_list<std::string_view> optional) {
  const auto parsed = json::parse(body);
  if (!parsed) return parsed.error();
  if (!parsed->is_object()) return bad("The body must be an object.");
  if (!parsed->repeated_name().empty()) return bad("A field stands twice.");
  const auto among = [](std::initializer_list<std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  TextFields fields;
  for (const auto& [name, value] : parsed->members()) {
    if (!among(required, name) && !among(optional, name)) return bad("There is an unknown field.");
    if (value.kind() != json::Kind::string || value.text().size() > max_field_bytes) {
      return bad(name + " must be a text of at most 1024 bytes.");
    }
    fields[name] = value.text();
  }
  for (const auto name : required) {
    if (!fields.contains(name)) return bad(std::string(name) + " is missing.");
  }
  return fields;
}

Result<void> check_new_login(std::string_view login, std::string_view password) {
  if (!ledger::is_login_name(login)) {
    return bad("login must be 3 to 64 characters without spaces.");
  }
  if (password.size() < min_password_bytes || password.size() > max_password_bytes) {
    return bad("A password has 10 to 256 bytes.");
  }
  return {};
}

bool post_heavy_task(const Services& services, const Responder& responder,
                     std::function<void()> task) {
  if (services.access->worker.post(std::move(task))) return true;
  responder.send(too_many_waiting());
  return false;
}

void open_login(const ServicesPtr& services, const Request& request, const Responder& responder,
                const TextFields& fields, std::function<void(const OpenedKey&)> then) {
  auto& desk = *services->access;
  const auto id = ledger::login_id(services->ports.genesis_hash, fields.at("login"));
  const auto name = crypto::to_hex(id);
  const auto& address = request.http.remote_address;
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto wait = desk.lockout.begin(name, address, services->ports.clock());
  if (wait > 0) {
    return responder.send(
        retry_later(429, "locked_out", "Too many failed log-ins; wait a little.", wait));
  }
  auto task = [services, responder, name, address, login = ledger::find_login(view->state(), id),
               password = fields.at("password"), caller = request.caller,
               then = std::move(then)]() mutable {
    const auto key = password.size() > max_password_bytes ? nullptr : try_password(login, password);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(password.data()), password.size()});
    if (key == nullptr) {
      return responder.send(
          unauthorized("bad_login", "The name or the password of the log-in is wrong."));
    }
    services->access->lockout.succeeded(name, address);
    if (caller && caller->participant != login->participant) {
      return responder.send(problem(403, "not_yours", "This is another household's log-in."));
    }
    then({*login, key});
  };
  if (desk.worker.post(std::move(task))) return;
  desk.lockout.not_tried(name, address);
  responder.send(too_many_waiting());
}

Result<NewLogin> make_login(const Services& services, std::string_view login,
                            std::string_view password) {
  NewLogin made;
  made.login = ledger::login_id(services.ports.genesis_hash, login);
  made.pair = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::generate());
  made.key = made.pair->public_key();
  auto seed = made.pair->seed();
  auto sealed = crypto::seal_seed(seed, password, bound_to(made.login, made.key));
  crypto::wipe(seed);
  if (!sealed) return sealed.error();
  made.sealed = {sealed->salt, sealed->cost.memory_kib, sealed->cost.passes,
                 std::move(sealed->box)};
  return made;
}

void open_session(const Services& services, const Responder& responder, UtcMillis now,
                  const ledger::ParticipantRef& participant, const crypto::KeyPair& signer) {
  const auto session = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::generate());
  const auto refresh = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::generate());
  const ledger::OpenSession payload{participant,
                                    session->public_key(),
                                    refresh->public_key(),
                                    {now.value + session_ms},
                                    {now.value + refresh_ms}};
  services.ports.submitter->submit_as(
      payload, ledger::to_text(participant), signer, drawn_idempotency_key(),
      services.options.submit_timeout_ms,
      [responder, payload, session, refresh](const SubmitAnswer& answer) {
        if (!was_applied(answer) || !answer.place) {
          return responder.send(submission_response(answer));
        }
        const auto height = answer.place->height;
        json::Writer out;
        out.begin_object();
        out.key("token").string(token_text(session_prefix, session->seed(), height));
        out.key("expires").string(to_iso8601(payload.expires));
        out.key("refresh_token").string(token_text(refresh_prefix, refresh->seed(), height));
        out.key("refresh_expires").string(to_iso8601(payload.refresh_expires));
        out.key("participant").string(ledger::to_text(payload.participant)).end_object();
        auto response = json_response(std::move(out).take());
        response.headers.emplace_back("Cache-Control", "no-store");
        responder.send(std::move(response));
      });
}

std::string session_schema() {
  return object_schema({{"token", "string"},
                        {"expires", "time"},
                        {"refresh_token", "string"},
                        {"refresh_expires", "time"},
                        {"participant", "string"}});
}

NewInvitation make_invitation(const Services& services, const ledger::ParticipantRef& participant,
                              UtcMillis expires) {
  std::array<std::uint8_t, ledger::invitation_code_digits> random;
  crypto::random_bytes(random);
  NewInvitation made;
  made.code = ledger::invitation_code(random);
  crypto::wipe(random);
  auto seed = ledger::invitation_seed(services.ports.genesis_hash, made.code).value();
  made.payload = {crypto::KeyPair::from_seed(seed).public_key(), participant, expires};
  crypto::wipe(seed);
  return made;
}

std::string json_members(const std::function<void(json::Writer&)>& write) {
  json::Writer out;
  out.begin_object();
  write(out);
  out.end_object();
  auto text = std::move(out).take();
  return text.substr(1, text.size() - 2);
}

void add_route(Router& router, const ServicesPtr& services, RouteInfo info, Action action) {
  router.add(std::move(info),
             [services, action](const Request& request, const Responder& responder) {
               action(services, request, responder);
             });
}

void add_household_access_routes(Router& router, const ServicesPtr& services) {
  add_login_routes(router, services);
  add_session_routes(router, services);
  add_invitation_routes(router, services);
  add_me_routes(router, services);
  add_picture_routes(router, services);
  add_delivery_routes(router, services);
}

}  // namespace powershare::gateway
