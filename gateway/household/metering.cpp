// The owner's side of metering: its meters, their readings, disputes.
#include "gateway/error.hpp"
#include "gateway/meter_json.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway {
namespace {

RouteInfo resident_info(std::string method, std::string pattern, std::string summary,
                        std::string schema) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::resident;
  info.response_schema = std::move(schema);
  info.statuses = {200, 400, 401, 403, 404, 503};
  return info;
}

void write_time(json::Writer& out, const std::optional<UtcMillis>& time) {
  if (time) {
    out.string(to_iso8601(*time));
  } else {
    out.null();
  }
}

void get_meters(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& meter : ledger::meters_of(view->state(), request.caller->participant)) {
    const auto progress = ledger::meter_progress(view->state(), meter.meter);
    const auto standing = ledger::find_standing(view->state(), meter.meter);
    out.begin_object().key("meter").string(meter.meter.text());
    out.key("kind").string(to_text(meter.kind));
    out.key("plant_kw").string(kilowatts_text(meter.plant_watts));
    out.key("cpe").string(meter.cpe).key("retired");
    write_time(out, meter.retired);
    out.key("in_ledger_through").unsigned_integer(progress.in_ledger_through()).key("last_end");
    write_time(out, progress.last_end());
    write_standing(out, standing.value_or(ledger::StandingRecord{}));
    out.end_object();
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void get_readings(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto meter = meter_of_query(*view, request, responder);
  if (!meter) return;
  const auto& caller = request.caller->participant;
  if (!is_or_was_owner(*meter, caller)) {
    return responder.send(problem(403, "forbidden", "This meter belongs to somebody else."));
  }
  auto readings = readings_asked_for(*view, request, responder, meter->meter);
  if (!readings) return;
  // Each sees the time in which the meter was its own.
  const auto slot_ms = ledger::parameters(view->state()).slot_ms;
  std::erase_if(*readings, [&](const ledger::SlotReading& reading) {
    return meter->owner_at(slot_start(reading.start, slot_ms)) != caller;
  });
  responder.send(json_response(readings_json(*readings)));
}

void get_disputes(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& meter : ledger::meters_of(view->state(), request.caller->participant)) {
    ledger::for_each_dispute(view->state(), meter.meter, [&](const ledger::Dispute& dispute) {
      write_dispute(out, dispute);
      return true;
    });
  }
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void post_dispute(const Services& services, const Request& request, const Responder& responder) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  auto dispute = read_dispute(*body);
  if (!dispute) return responder.send(problem_of(dispute.error()));
  submit_for_caller(services, request, responder, ledger::Payload(*std::move(dispute)));
}

std::string own_meters_schema() {
  return list_schema(object_schema({{"meter", "string"},
                                    {"kind", "string"},
                                    {"plant_kw", "decimal"},
                                    {"cpe", "string"},
                                    {"retired", "time?"},
                                    {"in_ledger_through", "integer"},
                                    {"last_end", "time?"},
                                    {"standing", "string"},
                                    {"reason", "string?"},
                                    {"standing_since", "time?"},
                                    {"noticed", noticed_schema()}}),
                     "string");
}

template <class Handle>
Handler handled(const ServicesPtr& services, Handle handle) {
  return [services, handle](const Request& request, const Responder& responder) {
    if (!request.caller) {
      return responder.send(problem(401, "login_needed", "This path needs a resident's log-in."));
    }
    handle(*services, request, responder);
  };
}

}  // namespace

void add_household_metering_routes(Router& router, const ServicesPtr& services) {
  router.add(resident_info("GET", "/etms/meters", "The caller's meters and their standing.",
                           own_meters_schema()),
             handled(services, get_meters));
  auto readings = resident_info("GET", "/etms/readings",
                                "Readings of one of the caller's meters, of the time in which it "
                                "was the caller's, with flags.",
                                readings_schema());
  readings.parameters = readings_parameters();
  readings.parameters.push_back({"meter", "query", "string", true, "id of a meter"});
  router.add(std::move(readings), handled(services, get_readings));
  router.add(resident_info("GET", "/etms/disputes",
                           "Readings of the caller's meters that are disputed and not resolved.",
                           disputes_schema()),
             handled(services, get_disputes));
  auto dispute =
      resident_info("POST", "/etms/disputes", "Disputes a reading of one of the caller's meters.",
                    submission_schema());
  dispute.parameters = {idempotency_parameter()};
  dispute.request_schema = dispute_schema();
  dispute.statuses = submission_statuses();
  router.add(std::move(dispute), handled(services, post_dispute));
}

}  // namespace powershare::gateway
