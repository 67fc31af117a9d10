#include "gateway/gateway.hpp"

#include <exception>

#include "gateway/authentication.hpp"
#include "gateway/composer/api.hpp"
#include "gateway/cross_origin.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/household/tokens.hpp"
#include "gateway/household/trading.hpp"
#include "gateway/openapi.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/services.hpp"
#include "gateway/web_pages.hpp"

namespace powershare::gateway {

Services::Services(GatewayOptions given_options, Ports given_ports)
    : options(std::move(given_options)),
      ports(std::move(given_ports)),
      streams(ports.view, ports.decode, options.max_event_streams,
              options.max_event_streams_per_address),
      access(std::make_shared<AccessDesk>()),
      usage(options.usage) {}

std::unique_ptr<ChainView> open_view(const Services& services, const Responder& responder) {
  auto view = services.ports.view();
  if (view && *view != nullptr) return std::move(*view);
  responder.send(
      retry_later(503, "unavailable", "This peer cannot read its ledger now; ask another one.", 5));
  return nullptr;
}

namespace {

bool is_probe(std::string_view path) {
  return path == "/livez" || path == "/healthz" || path == "/readyz";
}

class GatewayImpl final : public Gateway {
 public:
  GatewayImpl(GatewayOptions options, Ports ports)
      : authenticator_(options.api_keys),
        rate_limit_(options.requests_per_second, options.request_burst, options.max_rate_entries),
        services_(std::make_shared<Services>(std::move(options), std::move(ports))) {
    add_node_routes(router_, services_);
    add_block_routes(router_, services_);
    add_member_routes(router_, services_);
    add_transaction_routes(router_, services_);
    add_transaction_list_routes(router_, services_);
    add_account_routes(router_, services_);
    add_account_proof_routes(router_, services_);
    add_market_routes(router_, services_);
    add_slot_book_routes(router_, services_);
    add_slot_proof_routes(router_, services_);
    add_origin_routes(router_, services_);
    add_registry_routes(router_, services_);
    add_event_routes(router_, services_);
    add_prepare_routes(router_, services_);
    add_etms_routes(router_, services_);
    add_household_access_routes(router_, services_);
    add_household_trading_routes(router_, services_);
    add_household_account_routes(router_, services_);
    add_meter_routes(router_, services_);
    add_live_routes(router_, services_);
    add_household_metering_routes(router_, services_);
    add_usage_routes(router_, services_);
    add_page_routes(router_, services_);
    services_->openapi = openapi_document(router_);
    composer_ = std::make_unique<composer::Api>(services_);
  }

  ~GatewayImpl() override { services_->access->worker.stop(); }
  GatewayImpl(const GatewayImpl&) = delete;
  GatewayImpl& operator=(const GatewayImpl&) = delete;

  void handle(net::HttpRequest request, std::shared_ptr<net::HttpReply> reply) override {
    reply = for_other_origins(services_->options.web_peers, request, std::move(reply));
    if (!reply) return;  // a browser's question before its request: answered
    auto match = router_.match(request.method, request.path);
    const bool routed = match.route != nullptr || !match.allowed.empty();
    // Before Composer's rules, whose server answers each path that it does not know.
    auto page = routed || request.asks_for_websocket()
                    ? std::nullopt
                    : web_page(services_->options.web_peers, request);
    const auto composer_route = page ? std::nullopt : composer_->route_of(request, routed);
    const Responder responder(std::move(reply),
                              observer(page                     ? std::string("page")
                                       : composer_route         ? *composer_route
                                       : match.route == nullptr ? std::string("unknown")
                                                                : match.route->info.pattern));
    try {
      if (composer_route) return answer_composer(std::move(request), responder);
      answer(std::move(match), std::move(page), std::move(request), responder);
    } catch (const std::exception&) {
      // Out of memory or a library's surprise: this request fails, the peer goes on.
      responder.send(problem(500, "internal_error", "The request could not be answered."));
    }
  }

  std::size_t body_limit(std::string_view, std::string_view path) const override {
    const auto& options = services_->options;
    // Its own limit of 100 kB is answered in its own words.
    if (composer::is_api_path(path)) return composer::max_request_bytes;
    return static_cast<std::size_t>(path.starts_with("/etms/") ? options.max_body_bytes
                                                               : options.max_small_body_bytes);
  }

  void block_committed() override {
    services_->streams.pump(false);
    composer_->pump_events();
  }
  void tick() override {
    services_->streams.pump(true);
    composer_->pump_events();
    if (++ticks_ % ticks_between_saves == 0) save_usage();
  }
  void close_streams() override {
    services_->streams.close_all();
    services_->access->worker.stop();
    composer_->stop();
    save_usage();
  }

 private:
  static constexpr std::uint64_t ticks_between_saves = 60;

  /// Counters are not worth more than this: where the disk is full they are kept in memory.
  void save_usage() {
    const auto& save = services_->options.save_usage;
    if (save && services_->usage.take_changed()) (void)save(services_->usage.to_json());
  }

  Responder::Observer observer(std::string route) const {
    if (!services_->ports.on_request) return {};
    const auto begun = services_->ports.clock();
    return [services = services_, route = std::move(route), begun](int status) {
      const auto elapsed = services->ports.clock().value - begun.value;
      services->ports.on_request(route, status, static_cast<double>(elapsed) / 1000.0);
    };
  }

  void answer(Router::Match match, std::optional<net::HttpResponse> page, net::HttpRequest request,
              const Responder& responder) {
    const auto key = key_of(request);
    const bool given = request.header("x-api-key").has_value();
    if (!is_probe(request.path)) {
      const auto wait = seconds_to_wait(request, key);
      if (wait > 0) {
        return responder.send(
            retry_later(429, "too_many_requests", "Too many requests from this caller.", wait));
      }
      if (given && !key) {
        return responder.send(problem(401, "bad_api_key", "This API key is not known here."));
      }
    }
    if (match.route == nullptr) {
      return responder.send(page ? *std::move(page) : no_route(match));
    }
    const auto& info = match.route->info;
    std::optional<Caller> caller;
    // An open path, as the log-in itself, asks for nobody: a token that is over does no harm there.
    if (info.access != Access::open) {
      if (auto refusal = find_caller(request, given, caller)) {
        return responder.send(std::move(*refusal));
      }
    }
    if (auto refusal = check_access(info, key, caller)) return responder.send(std::move(*refusal));
    if (const auto query = check_query(info, request); !query) {
      return responder.send(problem_of(query.error()));
    }
    if (request.body.size() > body_limit(request.method, request.path)) {
      return responder.send(problem(413, "too_large", "The body is too large for this path."));
    }
    match.route->handler(Request{std::move(request), std::move(match.path_parameters), key, caller},
                         responder);
  }

  void answer_composer(net::HttpRequest request, const Responder& responder) {
    const auto bearer = bearer_token(request);
    if (bearer && bearer->starts_with(session_prefix)) {
      return responder.send(
          problem(403, "not_yours", "A household's token is for /etms and /v1, not for /api."));
    }
    const auto key = key_of(request);
    const auto wait = seconds_to_wait(request, key);
    composer_->handle(std::move(request), key, wait, responder);
  }

  std::optional<ApiKey> key_of(const net::HttpRequest& request) const {
    const auto given = request.header("x-api-key");
    if (!given) return std::nullopt;
    if (auto key = authenticator_.find(*given)) return key;
    const auto view = services_->ports.view();
    if (!view || *view == nullptr) return std::nullopt;
    return Authenticator::find_in_ledger((*view)->state(), *given, (*view)->head().time);
  }

  /// 0 when the caller may go on.
  std::int64_t seconds_to_wait(const net::HttpRequest& request, const std::optional<ApiKey>& key) {
    const auto caller = key ? "key:" + key->label : "address:" + request.remote_address;
    return rate_limit_.take(caller, services_->ports.clock(),
                            key ? key->max_requests_per_second : 0);
  }

  static net::HttpResponse no_route(const Router::Match& match) {
    if (match.allowed.empty()) return problem(404, "not_found", "There is no such path.");
    auto response = problem(405, "method_not_allowed", "This path takes " + match.allowed + ".");
    response.headers.emplace_back("Allow", match.allowed);
    return response;
  }

  static std::optional<std::string> bearer_token(const net::HttpRequest& request) {
    const auto header = request.header("authorization");
    if (!header) return std::nullopt;
    const auto token = bearer_of(*header);
    return token ? std::optional<std::string>(*token) : std::nullopt;
  }

  /// Fills `caller` where the request has a bearer token, or gives the answer to a bad one.
  std::optional<net::HttpResponse> find_caller(const net::HttpRequest& request, bool has_key,
                                               std::optional<Caller>& caller) const {
    const auto token = bearer_token(request);
    if (!token) return std::nullopt;
    if (has_key) {
      return problem(400, "two_credentials", "Either an API key or a token, not both.");
    }
    const auto view = services_->ports.view();
    if (!view || *view == nullptr) {
      return retry_later(503, "unavailable", "This peer cannot read its ledger now.", 5);
    }
    auto found = caller_of(*services_, **view, *token);
    if (auto* refusal = std::get_if<net::HttpResponse>(&found)) return std::move(*refusal);
    caller = std::get<Caller>(std::move(found));
    return std::nullopt;
  }

  std::optional<net::HttpResponse> check_access(const RouteInfo& info,
                                                const std::optional<ApiKey>& key,
                                                const std::optional<Caller>& caller) const {
    if (info.access == Access::resident) {
      if (caller) return std::nullopt;
      return unauthorized("token_needed", "This path needs the token of a log-in.");
    }
    const bool for_operators = info.access == Access::operators;
    const bool for_staff = for_operators || info.access == Access::administrator;
    const auto staff_only = [&] {
      return problem(403, "administrator_only",
                     for_operators ? "This path needs an administrator's or operator's API key."
                                   : "This path needs an administrator's API key.");
    };
    if (caller) return for_staff ? std::optional(staff_only()) : std::nullopt;
    const bool needs_key =
        for_staff || ((info.access == Access::read || info.access == Access::deliver) &&
                      services_->options.require_key_for_reads);
    if (!needs_key) return std::nullopt;
    if (!key) return problem(401, "api_key_needed", "This path needs an API key (x-api-key).");
    const bool enough =
        key->role == Role::administrator || (for_operators && key->role == Role::operator_);
    if (for_staff && !enough) return staff_only();
    // Keys that bring readings show nothing of other households.
    if (info.access == Access::read && !reads_everything(key->role)) {
      return problem(403, "administrator_only",
                     "The API key of a meter or gateway does not read the ledger.");
    }
    return std::nullopt;
  }

  Authenticator authenticator_;
  RateLimit rate_limit_;
  ServicesPtr services_;
  Router router_;
  std::unique_ptr<composer::Api> composer_;
  std::uint64_t ticks_ = 0;  ///< of tick()'s thread
};

}  // namespace

std::unique_ptr<Gateway> Gateway::create(GatewayOptions options, Ports ports) {
  return std::make_unique<GatewayImpl>(std::move(options), std::move(ports));
}

net::HttpHandler metrics_handler(std::function<std::string()> render) {
  return [render = std::move(render)](const net::HttpRequest& request,
                                      const std::shared_ptr<net::HttpReply>& reply) {
    if (request.path != "/metrics") {
      return reply->send(problem(404, "not_found", "There is only /metrics here."));
    }
    if (request.method != "GET") {
      auto response = problem(405, "method_not_allowed", "This path takes GET.");
      response.headers.emplace_back("Allow", "GET");
      return reply->send(std::move(response));
    }
    net::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = render();
    reply->send(std::move(response));
  };
}

}  // namespace powershare::gateway
