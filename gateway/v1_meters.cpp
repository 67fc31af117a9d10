// One meter for its operator: PATCH, standing, readings, alarms; disputes.
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/meter_json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_alarms = 1'000;
constexpr std::size_t max_disputes = 1'000;
constexpr std::uint64_t max_sequence = std::uint64_t{1} << 62;

RouteInfo change_info(std::string method, std::string pattern, std::string summary,
                      std::string schema) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::administrator;
  info.parameters = {{"meter", "path", "string", true, "id of a meter"}, idempotency_parameter()};
  info.request_schema = std::move(schema);
  info.response_schema = submission_schema();
  info.statuses = submission_statuses();
  return info;
}

RouteInfo read_info(std::string pattern, std::string summary, std::string schema) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::read;
  info.response_schema = std::move(schema);
  info.statuses = {200, 400, 403, 404, 503};
  return info;
}

net::HttpResponse not_yours() {
  return problem(403, "not_yours", "A household reads its own only: see GET /etms/readings.");
}

/// Reads the body by `read`, to which the meter of the path is given, and submits it.
template <class Read>
void change_meter(const Services& services, const Request& request, const Responder& responder,
                  const Read& read) {
  const auto meter = MeterId::parse(request.path_parameter("meter"));
  if (!meter) {
    return responder.send(problem(400, "bad_parameter", "meter must be the id of a meter."));
  }
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  auto payload = read(*body, *meter);
  if (!payload) return responder.send(problem_of(payload.error()));
  submit_payload(services, request, responder, ledger::Payload(*std::move(payload)));
}

void resolve_dispute(const Services& services, const Request& request, const Responder& responder) {
  const auto sequence = parse_unsigned("seq", request.path_parameter("seq"), max_sequence);
  if (!sequence) return responder.send(problem_of(sequence.error()));
  change_meter(services, request, responder, [&](const json::Value& body, const MeterId& meter) {
    return read_dispute_decision(body, meter, *sequence);
  });
}

void get_readings(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto meter = meter_of_path(*view, request, responder);
  if (!meter) return;
  // A meter may have been another household's: GET /etms/readings shows each its own time.
  if (Viewer(view->state(), request).is_household()) return responder.send(not_yours());
  const auto readings = readings_asked_for(*view, request, responder, meter->meter);
  if (readings) responder.send(json_response(readings_json(*readings)));
}

void get_alarms(const Services& services, const Request& request, const Responder& responder) {
  const auto limit = limit_parameter(request, 100, max_alarms);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto meter = meter_of_path(*view, request, responder);
  if (!meter) return;
  if (!Viewer(view->state(), request).sees(meter->owner)) return responder.send(not_yours());
  const auto rows = ledger::query_meter_alarms(view->history(), meter->meter, *limit);
  if (!rows) return responder.send(problem_of(rows.error()));
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& row : *rows) {
    out.begin_object().key("time").string(to_iso8601(row.at));
    out.key("what").string(to_text(row.kind)).key("reason").string(to_text(row.doubt));
    out.key("slot").string(to_iso8601(row.slot)).end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void get_disputes(const Services& services, const Request& request, const Responder& responder) {
  const auto name = request.http.parameter("meter");
  std::optional<MeterId> meter;
  if (name) {
    auto parsed = MeterId::parse(*name);
    if (!parsed) {
      return responder.send(problem(400, "bad_parameter", "meter must be the id of a meter."));
    }
    meter = *std::move(parsed);
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  std::size_t count = 0;
  out.begin_object().key("items").begin_array();
  const Viewer viewer(view->state(), request);
  ledger::for_each_dispute(view->state(), meter, [&](const ledger::Dispute& dispute) {
    if (!viewer.sees(dispute.owner)) return true;
    write_dispute(out, dispute);
    return ++count < max_disputes;
  });
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

template <class Handle>
Handler handled(const ServicesPtr& services, Handle handle) {
  return [services, handle](const Request& request, const Responder& responder) {
    handle(*services, request, responder);
  };
}

void patch_meter(const Services& services, const Request& request, const Responder& responder) {
  change_meter(services, request, responder, read_meter_change);
}

void post_standing(const Services& services, const Request& request, const Responder& responder) {
  change_meter(services, request, responder, read_standing_change);
}

void add_change_routes(Router& router, const ServicesPtr& services) {
  router.add(change_info("PATCH", "/v1/meters/{meter}",
                         "Changes owner (from the next slot on), key, plant or point of delivery.",
                         meter_change_schema()),
             handled(services, patch_meter));
  router.add(change_info("POST", "/v1/meters/{meter}/standing",
                         "Puts a meter in quarantine, or releases it.", standing_change_schema()),
             handled(services, post_standing));
  auto resolve = change_info("POST", "/v1/meters/{meter}/disputes/{seq}",
                             "Resolves the dispute of a reading.", dispute_decision_schema());
  resolve.parameters.push_back({"seq", "path", "integer", true, "number of the reading"});
  router.add(std::move(resolve), handled(services, resolve_dispute));
}

}  // namespace

void add_meter_routes(Router& router, const ServicesPtr& services) {
  add_change_routes(router, services);
  const ParameterInfo meter{"meter", "path", "string", true, "id of a meter"};
  auto readings = read_info("/v1/meters/{meter}/readings",
                            "Readings of a meter, each as its share in a slot, with flags: "
                            "unsigned, split, corrected, quarantined.",
                            readings_schema());
  readings.parameters = readings_parameters();
  readings.parameters.push_back(meter);
  router.add(std::move(readings), handled(services, get_readings));
  auto alarms = read_info(
      "/v1/meters/{meter}/alarms",
      "What was noticed about a meter and decided on it, newest first.",
      list_schema(
          object_schema(
              {{"time", "time"}, {"what", "string"}, {"reason", "string"}, {"slot", "time"}}),
          "string"));
  alarms.parameters = {meter, {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  router.add(std::move(alarms), handled(services, get_alarms));
  auto disputes = read_info("/v1/disputes", "Disputed readings that are not resolved, by meter.",
                            disputes_schema());
  disputes.parameters = {{"meter", "query", "string", false, "of this meter only"}};
  disputes.statuses = {200, 400, 503};
  router.add(std::move(disputes), handled(services, get_disputes));
}

}  // namespace powershare::gateway
