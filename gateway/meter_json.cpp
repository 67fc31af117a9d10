#include "gateway/meter_json.hpp"

#include <algorithm>

#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_readings = 96;
constexpr std::size_t max_readings = 9'600;

std::optional<ledger::MeterRecord> known_meter(const ChainView& view, std::string_view name,
                                               const Responder& responder) {
  const auto meter = MeterId::parse(name);
  if (!meter) {
    responder.send(problem(400, "bad_parameter", "meter must be the id of a meter."));
    return std::nullopt;
  }
  auto record = ledger::find_meter(view.state(), *meter);
  if (!record) responder.send(problem(404, "not_found", "There is no such meter."));
  return record;
}

void write_reading(json::Writer& out, const ledger::SlotReading& reading) {
  out.begin_object().key("seq").unsigned_integer(reading.sequence);
  out.key("start").string(to_iso8601(reading.start));
  out.key("seconds").unsigned_integer(reading.seconds);
  out.key("imported_kwh").decimal(reading.imported.nano());
  out.key("exported_kwh").decimal(reading.exported.nano());
  out.key("produced_kwh").decimal(reading.produced.nano()).key("battery_kwh");
  if (reading.battery) {
    out.decimal(reading.battery->nano());
  } else {
    out.null();
  }
  out.key("flags").begin_array();
  if (!reading.was_signed) out.string("unsigned");
  if (reading.split) out.string("split");
  if (reading.corrected) out.string("corrected");
  if (reading.quarantined) out.string("quarantined");
  out.end_array().end_object();
}

}  // namespace

void write_standing(json::Writer& out, const ledger::StandingRecord& record) {
  out.key("standing").string(to_text(record.standing)).key("reason");
  if (record.reason) {
    out.string(to_text(*record.reason));
  } else {
    out.null();
  }
  out.key("standing_since");
  if (record.since.value != 0) {
    out.string(to_iso8601(record.since));
  } else {
    out.null();
  }
  out.key("noticed").begin_array();
  for (const auto& each : record.evidence) {
    out.begin_object().key("slot").string(to_iso8601(each.slot));
    out.key("what").string(to_text(each.doubt)).end_object();
  }
  out.end_array();
}

std::string noticed_schema() {
  return array_schema(object_schema({{"slot", "time"}, {"what", "string"}}));
}

std::string readings_json(const std::vector<ledger::SlotReading>& readings) {
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& reading : readings) write_reading(out, reading);
  out.end_array().key("next").null().end_object();
  return std::move(out).take();
}

std::string readings_schema() {
  const auto item = object_schema({{"seq", "integer"},
                                   {"start", "time"},
                                   {"seconds", "integer"},
                                   {"imported_kwh", "decimal"},
                                   {"exported_kwh", "decimal"},
                                   {"produced_kwh", "decimal"},
                                   {"battery_kwh", "string?"},
                                   {"flags", array_schema(R"({"type":"string"})")}});
  return list_schema(item, "string");
}

std::optional<std::vector<ledger::SlotReading>> readings_asked_for(const ChainView& view,
                                                                   const Request& request,
                                                                   const Responder& responder,
                                                                   const MeterId& meter) {
  const auto limit = limit_parameter(request, default_readings, max_readings);
  const auto from = time_parameter(request, "from");
  const auto to = time_parameter(request, "to");
  for (const auto* fault : {limit ? nullptr : &limit.error(), from ? nullptr : &from.error(),
                            to ? nullptr : &to.error()}) {
    if (fault == nullptr) continue;
    responder.send(problem_of(*fault));
    return std::nullopt;
  }
  const auto now = ledger::island_time(view.state());
  const UtcMillis end = to->value_or(UtcMillis{now.value + millis_per_hour});
  const UtcMillis begin =
      from->value_or(UtcMillis{std::max<std::int64_t>(0, end.value - 25 * millis_per_hour)});
  auto readings = ledger::query_readings(view.history(), meter, begin, end, *limit);
  if (!readings) {
    responder.send(problem_of(readings.error()));
    return std::nullopt;
  }
  return *std::move(readings);
}

std::vector<ParameterInfo> readings_parameters() {
  return {{"from", "query", "string", false, "start of the first, ISO 8601 or milliseconds"},
          {"to", "query", "string", false, "not included"},
          {"limit", "query", "integer", false, "1 to 9600, default 96"}};
}

void write_dispute(json::Writer& out, const ledger::Dispute& dispute) {
  out.begin_object().key("meter").string(dispute.meter.text());
  out.key("seq").unsigned_integer(dispute.sequence);
  out.key("reason").string(to_text(dispute.reason));
  out.key("since").string(to_iso8601(dispute.since));
  out.key("owner").string(ledger::to_text(dispute.owner)).end_object();
}

std::string disputes_schema() {
  return list_schema(object_schema({{"meter", "string"},
                                    {"seq", "integer"},
                                    {"reason", "string"},
                                    {"since", "time"},
                                    {"owner", "string"}}),
                     "string");
}

std::optional<ledger::MeterRecord> meter_of_path(const ChainView& view, const Request& request,
                                                 const Responder& responder) {
  return known_meter(view, request.path_parameter("meter"), responder);
}

std::optional<ledger::MeterRecord> meter_of_query(const ChainView& view, const Request& request,
                                                  const Responder& responder) {
  return known_meter(view, request.http.parameter("meter").value_or(""), responder);
}

bool is_or_was_owner(const ledger::MeterRecord& meter, const ledger::ParticipantRef& who) {
  return meter.owner == who ||
         std::ranges::any_of(meter.former, [&](const auto& each) { return each.owner == who; });
}

}  // namespace powershare::gateway
