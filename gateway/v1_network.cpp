// GET /v1/network: levels of the grid in force, with their fees, limits and losses.
#include <cstdio>

#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/network.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway {

void add_network_routes(Router& router, const ServicesPtr& services);

namespace {

constexpr std::string_view weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::string clock_text(std::uint16_t minute) {
  char text[8];
  std::snprintf(text, sizeof text, "%02u:%02u", minute / 60U % 100U, minute % 60U);
  return text;
}

void write_fee(json::Writer& out, const ledger::NetworkFee& fee) {
  out.begin_object().key("per_kwh").decimal(fee.per_kwh.nano());
  out.key("tariff_ppm").unsigned_integer(fee.tariff_ppm).key("windows").begin_array();
  for (const auto& window : fee.windows) {
    out.begin_object().key("weekdays").begin_array();
    for (std::size_t day = 0; day < std::size(weekdays); ++day) {
      if ((window.weekdays & (1U << day)) != 0) out.string(weekdays[day]);
    }
    out.end_array().key("from").string(clock_text(window.from_minute));
    out.key("to").string(clock_text(window.to_minute)).end_object();
  }
  out.end_array().end_object();
}

void write_limit(json::Writer& out, std::string_view name, const std::optional<Energy>& limit) {
  out.key(name);
  if (limit) {
    out.decimal(limit->nano());
  } else {
    out.null();
  }
}

void write_zone(json::Writer& out, const ledger::SetNetwork& network,
                const ledger::NetworkZone& zone) {
  out.begin_object().key("id").string(zone.id).key("parent");
  if (zone.parent) {
    out.string(network.zones[*zone.parent].id);
  } else {
    out.null();
  }
  out.key("fees").begin_array();
  for (const auto& fee : zone.fees) write_fee(out, fee);
  out.end_array().key("loss_kwh_per_kwh").decimal(zone.loss_nano);
  write_limit(out, "max_export_kwh", zone.max_export);
  write_limit(out, "max_import_kwh", zone.max_import);
  out.end_object();
}

/// Households see where they are themselves, and losses from and to there.
void write_network(json::Writer& out, const ledger::SetNetwork& network, const Viewer& viewer) {
  std::vector<bool> shown(network.zones.size(), !viewer.is_household());
  out.key("zones").begin_array();
  for (const auto& zone : network.zones) write_zone(out, network, zone);
  out.end_array().key("members").begin_array();
  for (const auto& member : network.members) {
    if (!viewer.sees(member.participant)) continue;
    shown[member.zone] = true;
    out.begin_object().key("participant").string(ledger::to_text(member.participant));
    out.key("zone").string(network.zones[member.zone].id).end_object();
  }
  out.end_array().key("losses").begin_array();
  for (const auto& loss : network.losses) {
    if (!shown[loss.from] && !shown[loss.to]) continue;
    out.begin_object().key("from").string(network.zones[loss.from].id);
    out.key("to").string(network.zones[loss.to].id);
    out.key("loss_kwh_per_kwh").decimal(loss.loss_nano).end_object();
  }
  out.end_array();
}

void get_network(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto now = ledger::island_time(state);
  const auto stand =
      ledger::current_network(state, slot_start(now, ledger::parameters(state).slot_ms));
  const auto network = ledger::find_network(state, stand.version);
  json::Writer out;
  out.begin_object().key("version").unsigned_integer(stand.version);
  write_network(out, network.value_or(ledger::SetNetwork{}), Viewer(state, request));
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

std::string network_schema() {
  const auto window = object_schema({{"weekdays", R"({"type":"array","items":{"type":"string"}})"},
                                     {"from", "string"},
                                     {"to", "string"}});
  const auto fee = object_schema(
      {{"per_kwh", "decimal"}, {"tariff_ppm", "integer"}, {"windows", array_schema(window)}});
  const auto zone = object_schema({{"id", "string"},
                                   {"parent", "string?"},
                                   {"fees", array_schema(fee)},
                                   {"loss_kwh_per_kwh", "decimal"},
                                   {"max_export_kwh", "decimal?"},
                                   {"max_import_kwh", "decimal?"}});
  const auto member = object_schema({{"participant", "string"}, {"zone", "string"}});
  const auto loss =
      object_schema({{"from", "string"}, {"to", "string"}, {"loss_kwh_per_kwh", "decimal"}});
  return object_schema({{"version", "integer"},
                        {"zones", array_schema(zone)},
                        {"members", array_schema(member)},
                        {"losses", array_schema(loss)}});
}

}  // namespace

void add_network_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/network";
  info.summary =
      "Levels of the grid in force, with fees (coins per kWh and millionths of the tariff, in "
      "windows of local time), limits of a slot and losses; version 0: there are none. Households "
      "see where they are themselves, and losses from and to there.";
  info.access = Access::read;
  info.response_schema = network_schema();
  info.statuses = {200, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    get_network(*services, request, responder);
  });
}

}  // namespace powershare::gateway
