// GET /v1/origin: certificates of origin and rewards of the whole chain. GET /v1/shares and
// GET /v1/tariffs: by which shares energy is shared, and what it costs by the hour.
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/calendar.hpp"
#include "ledger/origin.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/rewards.hpp"
#include "ledger/sharing.hpp"
#include "ledger/tariffs.hpp"

namespace powershare::gateway {
namespace {

void write_reward(json::Writer& out, const ledger::StateReader& state, bool on,
                  std::string_view asset) {
  const auto supply = ledger::reward_supply(state, asset);
  out.begin_object().key("on").boolean(on);
  out.key("minted").decimal(supply.minted_nano).key("burned").decimal(supply.burned_nano);
  out.key("held").decimal(supply.held_nano).end_object();
}

void get_origin(const Services& services, const Request&, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto parameters = ledger::parameters(state);
  const auto balance = ledger::origin_balance(state);
  json::Writer out;
  out.begin_object().key("on").boolean(parameters.origin).key("sources").begin_array();
  for (std::size_t s = 0; s < balance.size(); ++s) {
    const auto& totals = balance[s];
    out.begin_object().key("source").string(ledger::source_name(s));
    out.key("issued_kwh").decimal(totals.issued).key("held_kwh").decimal(totals.held);
    out.key("claimed_kwh").decimal(totals.claimed).key("expired_kwh").decimal(totals.expired);
    out.end_object();
  }
  out.end_array().key("conserved").boolean(ledger::check_origin(state).ok());
  write_reward(out.key("solarcoin"), state, parameters.solarcoin, ledger::asset_solarcoin);
  write_reward(out.key("nrgcoin"), state, parameters.nrgcoin, ledger::asset_nrgcoin);
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void write_shares(json::Writer& out, const ledger::SetShares& version) {
  out.begin_object().key("from").string(to_iso8601(version.from)).key("shares").begin_array();
  for (const auto& share : version.shares) {
    out.begin_object().key("participant").string(ledger::to_text(share.participant));
    out.key("share").decimal(share.share_nano).end_object();
  }
  out.end_array().key("pairs").begin_array();
  for (const auto& pair : version.pairs) {
    out.begin_object().key("producer").string(ledger::to_text(pair.producer));
    out.key("consumer").string(ledger::to_text(pair.consumer));
    out.key("share").decimal(pair.share_nano).end_object();
  }
  out.end_array().key("price");
  if (version.price) {
    out.decimal(version.price->nano());
  } else {
    out.null();
  }
  out.end_object();
}

void get_shares(const Services& services, const Request&, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& version : ledger::share_versions(view->state())) write_shares(out, version);
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

void write_windows(json::Writer& out, const std::vector<ledger::WeeklyWindow>& windows) {
  out.begin_array();
  for (const auto& window : windows) {
    out.begin_object().key("weekdays").unsigned_integer(window.weekdays);
    out.key("from_minute").unsigned_integer(window.from_minute);
    out.key("to_minute").unsigned_integer(window.to_minute).end_object();
  }
  out.end_array();
}

void write_utility(json::Writer& out, const ledger::StateReader& state,
                   const ledger::Participant& utility, UtcMillis slot, bool supplies) {
  const auto tariff = ledger::find_tariff(state, utility.ref.id, slot);
  const auto* band =
      tariff ? ledger::band_at(*tariff, ledger::find_calendar(state).local(slot)) : nullptr;
  out.begin_object().key("utility").string(utility.ref.id.text()).key("name");
  out.string(utility.name).key("supplies").boolean(supplies);
  out.key("price").decimal((band ? band->price : utility.tariff).nano());
  out.key("feed_in").decimal((band ? band->feed_in : utility.feed_in).nano());
  out.key("band");
  if (band) {
    out.string(band->name);
  } else {
    out.null();
  }
  const auto shown = tariff.value_or(ledger::SetTariff{});
  out.key("bands").begin_array();
  for (const auto& each : shown.bands) {
    out.begin_object().key("name").string(each.name);
    out.key("price").decimal(each.price.nano()).key("feed_in").decimal(each.feed_in.nano());
    write_windows(out.key("windows"), each.windows);
    out.end_object();
  }
  out.end_array().key("mix").begin_array();
  for (const auto& part : shown.mix) {
    out.begin_object().key("source").string(ledger::to_text(part.source));
    out.key("share").decimal(std::int64_t{part.ppm} * 1'000).end_object();
  }
  out.end_array().end_object();
}

void get_tariffs(const Services& services, const Request&, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto slot = slot_start(ledger::island_time(state), ledger::parameters(state).slot_ms);
  const auto supplier = ledger::find_supplier(state);
  json::Writer out;
  out.begin_object().key("slot").string(to_iso8601(slot)).key("items").begin_array();
  ledger::for_each_participant_of(
      state, ledger::ParticipantType::utility_company, [&](const ledger::Participant& utility) {
        write_utility(out, state, utility, slot, supplier && supplier->ref == utility.ref);
        return true;
      });
  out.end_array().key("next").null().end_object();
  responder.send(json_response(std::move(out).take()));
}

template <class Handler>
void add(Router& router, const ServicesPtr& services, RouteInfo info, Handler handler) {
  info.method = "GET";
  info.statuses = {200, 503};
  router.add(std::move(info),
             [services, handler](const Request& request, const Responder& responder) {
               handler(*services, request, responder);
             });
}

std::string tariff_schema() {
  const auto window = object_schema(
      {{"weekdays", "integer"}, {"from_minute", "integer"}, {"to_minute", "integer"}});
  const auto windows = array_schema(window);
  const auto bands = array_schema(object_schema(
      {{"name", "string"}, {"price", "decimal"}, {"feed_in", "decimal"}, {"windows", windows}}));
  const auto mix = array_schema(object_schema({{"source", "string"}, {"share", "decimal"}}));
  return object_schema({{"utility", "string"},
                        {"name", "string"},
                        {"supplies", "boolean"},
                        {"price", "decimal"},
                        {"feed_in", "decimal"},
                        {"band", "string?"},
                        {"bands", bands},
                        {"mix", mix}});
}

}  // namespace

void add_origin_routes(Router& router, const ServicesPtr& services) {
  const auto reward = object_schema(
      {{"on", "boolean"}, {"minted", "decimal"}, {"burned", "decimal"}, {"held", "decimal"}});
  const auto sources = array_schema(object_schema({{"source", "string"},
                                                   {"issued_kwh", "decimal"},
                                                   {"held_kwh", "decimal"},
                                                   {"claimed_kwh", "decimal"},
                                                   {"expired_kwh", "decimal"}}));
  RouteInfo origin;
  origin.pattern = "/v1/origin";
  origin.summary =
      "Certificates of origin of the whole chain by source: issued = held (of slots that are not "
      "final) + claimed by whoever consumed the energy + expired; and how many rewards there are.";
  origin.access = Access::read;
  origin.response_schema = object_schema({{"on", "boolean"},
                                          {"sources", sources},
                                          {"conserved", "boolean"},
                                          {"solarcoin", reward},
                                          {"nrgcoin", reward}});
  add(router, services, std::move(origin), get_origin);

  const auto shares =
      array_schema(object_schema({{"participant", "string"}, {"share", "decimal"}}));
  const auto pairs = array_schema(
      object_schema({{"producer", "string"}, {"consumer", "string"}, {"share", "decimal"}}));
  RouteInfo info;
  info.pattern = "/v1/shares";
  info.summary =
      "Shares of the allocation keys by when they begin: what is in force in the oldest slot that "
      "is not final, and all that follow. Without any all share alike.";
  info.access = Access::read;
  info.response_schema = list_schema(
      object_schema(
          {{"from", "time"}, {"shares", shares}, {"pairs", pairs}, {"price", "decimal?"}}),
      "string");
  add(router, services, std::move(info), get_shares);

  RouteInfo tariffs;
  tariffs.pattern = "/v1/tariffs";
  tariffs.summary =
      "What each utility asks and pays in the running slot, its bands by local hour, and what its "
      "energy is made of.";
  tariffs.response_schema = object_schema(
      {{"slot", "time"}, {"items", array_schema(tariff_schema())}, {"next", "string?"}});
  add(router, services, std::move(tariffs), get_tariffs);
}

}  // namespace powershare::gateway
