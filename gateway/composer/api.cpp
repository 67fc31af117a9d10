#include "gateway/composer/api.hpp"

#include <chrono>

#include "gateway/composer/explorer.hpp"
#include "gateway/composer/historian.hpp"
#include "gateway/composer/identities.hpp"
#include "gateway/composer/multiuser.hpp"
#include "gateway/composer/queries.hpp"
#include "gateway/composer/resources.hpp"
#include "gateway/composer/swagger.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::string_view former_version = "0.20.9";  // what the former server called itself

bool is_api(const net::HttpRequest& request) {
  return !request.segments.empty() && same_name(request.segments.front(), "api");
}

/// A path of the explorer, of /status or the icon that browsers ask for. Ours for /v1 is not meant.
bool is_page(std::string_view path) {
  if (path == "/explorer/v1" || path.starts_with("/explorer/v1/")) return false;
  return path == "/explorer" || path.starts_with("/explorer/") || path == "/status" ||
         path == "/status/" || path == "/favicon.ico";
}

std::string join(std::span<const std::string> segments) {
  std::string path;
  for (const auto& segment : segments) path += "/" + segment;
  return path.empty() ? "/" : path;
}

void ping(const Context& context, const Exchange& exchange) {
  json::Writer out;
  const auto& holder = exchange.holder;
  const auto participant =
      holder ? type_of(holder->participant.type).full_name() + "#" + holder->participant.id.text()
             : std::string(administrator) + "#admin";
  out.begin_object().key("version").string(former_version);
  out.key("participant").string(participant);
  out.key("identity")
      .string(std::string(system_space) + ".Identity#" +
              (holder ? holder->identity : administrator_identity(context)));
  out.end_object();
  exchange.send_json(std::move(out).take());
}

/// /api/system/…
void answer_system(const ContextPtr& context, const ExchangePtr& exchange,
                   std::span<const std::string> path) {
  const auto& method = exchange->http.method;
  const bool reads = method == "GET" || method == "HEAD";
  const auto is = [&](std::size_t at, std::string_view name) {
    return path.size() > at && same_name(path[at], name);
  };
  const bool identities = is(0, "identities");
  if (reads && path.size() == 1 && is(0, "ping")) return ping(*context, *exchange);
  if (reads && path.size() == 1 && is(0, "historian")) return get_historian(context, exchange);
  if (reads && path.size() == 2 && is(0, "historian")) {
    return get_historian_record(context, exchange, path[1]);
  }
  if (reads && path.size() == 1 && identities) return get_identities(context, exchange);
  if (reads && path.size() == 2 && identities) return get_identity(context, exchange, path[1]);
  const bool posts = method == "POST" && identities;
  if (posts && path.size() == 2 && is(1, "issue")) return issue_identity(context, exchange);
  if (posts && path.size() == 2 && is(1, "bind")) return bind_identity(context, exchange);
  if (posts && path.size() == 3 && is(2, "revoke")) {
    return revoke_identity(context, exchange, path[1]);
  }
  exchange->send(no_shared_method("System", method, join(path)));
}

/// /api/{model}…
void answer_model(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
                  std::span<const std::string> path) {
  const auto& method = exchange->http.method;
  const bool reads = method == "GET" || method == "HEAD";
  const bool changes = type.kind != Kind::transaction;
  if (path.empty()) {
    if (reads) return get_list(context, exchange, type);
    if (method == "POST") return post(context, exchange, type);
  } else if (path.size() == 1) {
    if (reads) return get_item(context, exchange, type, path[0]);
    if (changes && method == "PUT") return put(context, exchange, type, path[0]);
    if (changes && method == "DELETE") return remove(context, exchange, type, path[0]);
  }
  exchange->send(no_shared_method(model_name(type, context->namespaces), method, join(path)));
}

/// What stands behind /api.
void answer_api(const ContextPtr& context, const ExchangePtr& exchange) {
  const auto path = std::span<const std::string>(exchange->http.segments).subspan(1);
  if (path.empty()) return exchange->send(no_method(exchange->http.method, "/"));
  const auto rest = path.subspan(1);
  if (same_name(path[0], "system")) return answer_system(context, exchange, rest);
  if (same_name(path[0], "queries")) {
    return answer_query(context, exchange, rest.size() == 1 ? std::string_view(rest[0]) : "",
                        join(rest));
  }
  const auto* type = find_route(path[0], context->namespaces);
  if (type == nullptr) return exchange->send(no_method(exchange->http.method, join(path)));
  answer_model(context, exchange, *type, rest);
}

net::HttpResponse unauthorized() {
  net::HttpResponse response;
  response.status = 401;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "Unauthorized";
  return response;
}

}  // namespace

bool is_api_path(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return same_name(path.substr(0, path.find('/')), "api");
}

Api::Api(const ServicesPtr& services) : context_(std::make_shared<Context>()) {
  context_->services = services;
  context_->namespaces = services->options.composer_namespaces;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  context_->started = iso_time({now.count()});
  context_->started_at = services->ports.clock();
  const auto& options = services->options;
  context_->swagger = swagger_document(context_->namespaces, options.composer_multiuser);
  context_->events =
      std::make_unique<EventFeed>(options.max_event_streams, options.max_event_streams_per_address);
  if (options.composer_multiuser) {
    context_->wallets =
        std::make_unique<Wallets>(options.composer_wallets, options.save_composer_wallets);
  }
}

Api::~Api() {
  stop();
}

void Api::pump_events() {
  context_->events->pump(*context_);
}

void Api::stop() {
  context_->events->close_all();
  context_->worker.stop();
}

std::optional<std::string> Api::route_of(const net::HttpRequest& request, bool routed) const {
  if (request.method == "OPTIONS") return "preflight";
  if (request.asks_for_websocket()) return "websocket";
  if (is_page(request.path)) return "/explorer";
  if (!is_api(request)) {
    const bool ours = !request.segments.empty() &&
                      (request.segments.front() == "v1" || request.segments.front() == "etms");
    if (routed || ours) return std::nullopt;
    return "unknown";
  }
  const auto& segments = request.segments;
  if (segments.size() > 1 && same_name(segments[1], "system")) {
    for (const auto* known : {"ping", "historian", "identities"}) {
      if (segments.size() > 2 && same_name(segments[2], known)) {
        return std::string("/api/system/") + known;
      }
    }
    return "/api/system";
  }
  if (segments.size() > 1 && same_name(segments[1], "queries")) return "/api/queries/{name}";
  if (segments.size() > 1 && same_name(segments[1], "wallet")) return "/api/wallet";
  return segments.size() > 2 ? "/api/{model}/{id}" : "/api/{model}";
}

void Api::handle(net::HttpRequest request, const std::optional<ApiKey>& key,
                 std::int64_t wait_seconds, const Responder& responder) const {
  if (request.method == "OPTIONS") return responder.send(preflight(request));
  const bool api = is_api(request);
  const bool socket = request.asks_for_websocket();
  const bool page = !socket && is_page(request.path);
  const auto exchange =
      std::make_shared<Exchange>(std::move(request), key ? key->label : std::string(), responder);
  if (wait_seconds > 0) {
    auto problem = unavailable("Too many requests from this caller.", wait_seconds);
    problem.status = 429;
    return exchange->send(problem);
  }
  if (page) {
    answer_page(*context_, *exchange);
    return;
  }
  // The key goes first: a stranger's body is not even parsed. All of this is the administrator's;
  // whoever may read everything may read here, and in multi-user mode each acts by a card.
  const auto& method = exchange->http.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (!key) return exchange->send(unauthorized());
  if (context_->wallets && (api || socket)) {
    const auto path = std::span<const std::string>(exchange->http.segments);
    if (!socket && path.size() > 1 && same_name(path[1], "wallet")) {
      return answer_wallet(context_, exchange, key->hash, path.subspan(2));
    }
    auto holder = card_holder(*context_, exchange->http, *key);
    if (const auto* problem = std::get_if<Problem>(&holder)) return exchange->send(*problem);
    exchange->holder = std::move(std::get<std::optional<CardHolder>>(holder));
  }
  if (!exchange->holder && key->role != Role::administrator &&
      !(reads && reads_everything(key->role))) {
    return exchange->send(unauthorized());
  }
  if (socket) return context_->events->add(*context_, exchange);
  if (!api) {
    return exchange->send(
        plain(404, "Cannot " + exchange->http.method + " " + exchange->http.path));
  }
  answer_api(context_, exchange);
}

}  // namespace powershare::gateway::composer
