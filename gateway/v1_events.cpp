// GET /v1/events: opens a stream of Server-Sent Events.
#include "gateway/household/caller.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/services.hpp"
#include "ledger/access.hpp"
#include "ledger/identities.hpp"

namespace powershare::gateway {
namespace {

/// A stream lives no longer than what opened it: a token until it is over or its session has ended,
/// an API key of the chain until it is revoked or over.
StillAllowed allowed_while_valid(const Services& services, const Request& request) {
  const auto* all = &services;  // lives as long as its streams
  if (request.caller) {
    return [all, key = request.caller->session->public_key()](const ChainView& view) {
      const auto session = ledger::find_session(view.state(), key);
      return session && session->expires > present_time(*all, view);
    };
  }
  if (!request.key) return {};
  for (const auto& configured : services.options.api_keys) {
    if (configured.hash == request.key->hash) return {};
  }
  return [all, hash = request.key->hash](const ChainView& view) {
    const auto key = ledger::find_api_key(view.state(), hash);
    return key && (key->expires.value == 0 || key->expires > present_time(*all, view));
  };
}

}  // namespace

void open_event_stream(Services& services, const Request& request, const Responder& responder,
                       EventRenderer render) {
  auto from = request.http.header("last-event-id");
  if (!from) from = request.http.parameter("after");
  EventId after;
  if (from) {
    const auto parsed = parse_event_id(*from);
    if (!parsed) {
      return responder.send(
          problem(400, "bad_parameter", "Last-Event-ID must be height.index, as 12.0."));
    }
    after = *parsed;
  } else {
    const auto view = open_view(services, responder);
    if (!view) return;
    after = {view->head().height, EventStreams::all};
  }
  const auto& address = request.http.remote_address;
  switch (services.streams.reserve(address)) {
    case EventStreams::Admission::full:
      return responder.send(
          retry_later(503, "too_many_streams", "This peer has no event stream left.", 10));
    case EventStreams::Admission::full_for_address:
      return responder.send(retry_later(429, "too_many_streams",
                                        "This address has too many event streams open.", 10));
    case EventStreams::Admission::yes:
      break;
  }
  net::HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  auto stream = responder.stream(std::move(head));
  if (stream == nullptr) return services.streams.release(address);
  services.streams.add(std::move(stream), address, after, std::move(render),
                       allowed_while_valid(services, request));
}

std::vector<ParameterInfo> event_stream_parameters() {
  return {{"Last-Event-ID", "header", "string", false, "height.index; without it only what is new"},
          {"after", "query", "string", false, "the same, for clients that cannot set headers"}};
}

void add_event_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/events";
  info.summary =
      "Committed blocks, trades, readings, slots and alarms as Server-Sent Events. An event's id "
      "is "
      "height.index on every peer: send the last one as Last-Event-ID to go on after it.";
  info.access = Access::read;
  info.parameters = event_stream_parameters();
  info.response_type = "text/event-stream";
  info.statuses = {200, 400, 429, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    open_event_stream(*services, request, responder, {});
  });
}

}  // namespace powershare::gateway
