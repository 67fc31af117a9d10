// GET and PUT /etms/delivery: where a household's news go besides its screens.
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/own_profile.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/household_news.hpp"

namespace powershare::gateway {
namespace {

using ledger::NewsDelivery;
using ledger::NewsKind;

constexpr auto last_kind = static_cast<std::uint32_t>(NewsKind::slot_corrected);

Error bad(std::string sentence) {
  return {GatewayError::bad_parameter, std::move(sentence)};
}

/// "https://host…" of printable ASCII without user or fragment. Where it leads is looked at when it
/// is dialled.
bool is_webhook(std::string_view url, bool plain_too) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (plain_too && rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return false;
  }
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  const bool printable = std::all_of(url.begin(), url.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '#';
  });
  return printable && !authority.empty() && authority.find('@') == std::string_view::npos &&
         url.size() <= ledger::max_webhook_bytes;
}

Result<std::uint32_t> read_kinds(const json::Value& list) {
  if (!list.is_array()) return bad("kinds must be a list of kinds of notifications.");
  std::uint32_t bits = 0;
  for (const auto& item : list.items()) {
    std::uint32_t bit = 0;
    for (std::uint32_t kind = 1; kind <= last_kind; ++kind) {
      if (ledger::to_text(static_cast<NewsKind>(kind)) == item.text()) bit = 1U << kind;
    }
    if (bit == 0 || item.kind() != json::Kind::string) {
      return bad("kinds must be a list of kinds of notifications.");
    }
    bits |= bit;
  }
  return bits;
}

/// What is not given is off; without kinds all of them.
Result<NewsDelivery> read_delivery(const std::string& text, bool plain_too) {
  const auto body = json::parse(text);
  if (!body) return body.error();
  if (!body->is_object()) return bad("The body must be an object.");
  if (!body->repeated_name().empty()) return bad("A field stands twice.");
  NewsDelivery delivery;
  for (const auto& [name, value] : body->members()) {
    if (name == "mail") {
      if (value.kind() != json::Kind::boolean) return bad("mail must be true or false.");
      delivery.by_mail = value.boolean();
    } else if (name == "webhook") {
      if (value.is_null()) continue;
      if (value.kind() != json::Kind::string || !is_webhook(value.text(), plain_too)) {
        return bad("webhook must be an address that begins with https://, or null.");
      }
      delivery.webhook = value.text();
    } else if (name == "kinds") {
      const auto kinds = read_kinds(value);
      if (!kinds) return kinds.error();
      delivery.kinds = *kinds;
    } else {
      return bad("There is an unknown field.");
    }
  }
  return delivery;
}

void write_text_or_null(json::Writer& out, std::string_view text) {
  if (text.empty()) {
    out.null();
  } else {
    out.string(text);
  }
}

std::string delivery_json(const NewsDelivery& delivery, const std::vector<DeliveryState>& states) {
  json::Writer out;
  out.begin_object().key("mail").boolean(delivery.by_mail);
  write_text_or_null(out.key("webhook"), delivery.webhook);
  write_text_or_null(out.key("webhook_secret"), delivery.webhook_secret);
  out.key("kinds").begin_array();
  for (std::uint32_t kind = 1; kind <= last_kind; ++kind) {
    const bool wanted = (delivery.kinds >> kind & 1U) != 0;
    if (wanted) out.string(ledger::to_text(static_cast<NewsKind>(kind)));
  }
  out.end_array().key("last").begin_array();
  for (const auto& state : states) {
    out.begin_object().key("way").string(state.way).key("outcome").string(state.outcome);
    out.key("reason").string(state.reason).key("time").string(to_iso8601(state.at)).end_object();
  }
  out.end_array().end_object();
  return std::move(out).take();
}

void get_delivery(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (!me) return;
  const auto* board = services->ports.deliveries;
  auto states = board != nullptr ? board->states(me->ref) : std::vector<DeliveryState>{};
  fetch_profile(*services, responder, *me,
                [responder, states = std::move(states)](const FoundProfile& profile) {
                  const auto delivery = profile ? profile->delivery : NewsDelivery{};
                  responder.send(json_response(delivery_json(delivery, states)));
                });
}

void put_delivery(const ServicesPtr& services, const Request& request, const Responder& responder) {
  auto read = read_delivery(request.http.body, services->options.private_webhooks);
  if (!read) return responder.send(problem_of(read.error()));
  change_profile(services, request, responder,
                 [delivery = *std::move(read)](Profile& profile) -> Result<void> {
                   if (delivery.by_mail && profile.email.empty()) {
                     return bad("mail needs an e-mail: PATCH /etms/me.");
                   }
                   // Another address gets another secret: the former one's owner knows that.
                   auto secret = profile.delivery.webhook_secret;
                   const bool same = delivery.webhook == profile.delivery.webhook;
                   if (!same || secret.empty()) {
                     secret = to_hex(drawn_idempotency_key()) + to_hex(drawn_idempotency_key());
                   }
                   profile.delivery = delivery;
                   profile.delivery.webhook_secret = delivery.webhook.empty() ? "" : secret;
                   // Nothing is sent: the kinds are of no account, and names stay names only.
                   if (!delivery.by_mail && delivery.webhook.empty()) profile.delivery = {};
                   return {};
                 });
}

}  // namespace

void add_delivery_routes(Router& router, const ServicesPtr& services) {
  const auto kinds = array_schema(R"({"type":"string"})");
  RouteInfo get;
  get.method = "GET";
  get.pattern = "/etms/delivery";
  get.summary =
      "Where the household's news go besides its screens, which kinds of them, the secret that "
      "signs "
      "what is sent to the webhook, and what became of the newest on each way.";
  get.access = Access::resident;
  const auto last =
      object_schema({{"way", R"({"type":"string","enum":["mail","webhook"]})"},
                     {"outcome", R"({"type":"string","enum":["delivered","failed","given_up"]})"},
                     {"reason", "string"},
                     {"time", "time"}});
  get.response_schema = object_schema({{"mail", "boolean"},
                                       {"webhook", "string?"},
                                       {"webhook_secret", "string?"},
                                       {"kinds", kinds},
                                       {"last", array_schema(last)}});
  get.statuses = {200, 401, 404, 503};
  add_route(router, services, std::move(get), get_delivery);

  RouteInfo put;
  put.method = "PUT";
  put.pattern = "/etms/delivery";
  put.summary =
      "Sets all of it: by mail to the household's e-mail, by POST to a webhook, or neither. What "
      "is "
      "left away is off, without kinds all of them are sent. Kept beside the chain.";
  put.access = Access::resident;
  put.parameters = {idempotency_parameter()};
  put.request_schema =
      object_schema({{"mail", "boolean"}, {"webhook", "string?"}, {"kinds", kinds}}, {});
  put.response_schema = submission_schema();
  put.statuses = submission_statuses();
  put.statuses.insert(put.statuses.end(), {401, 404, 409});
  add_route(router, services, std::move(put), put_delivery);
}

}  // namespace powershare::gateway
