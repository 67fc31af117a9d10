// GET and POST /v1/participants and /v1/meters; GET /v1/parameters.
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/meter_json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"
#include "ledger/metering.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_items = 100;
constexpr std::size_t max_items = 1000;

/// Writes {"items":[…],"next":…} of what `each` visits, beginning after the item whose name is
/// `after`.
template <class Item>
class Page {
 public:
  Page(std::string after, std::size_t limit) : after_(std::move(after)), limit_(limit) {
    out_.begin_object().key("items").begin_array();
  }
  /// False when the page is full. Items come in the order of `name`.
  template <class Write>
  bool take(const std::string& name, const Item& item, const Write& write) {
    if (skipping()) {
      found_ = name == after_;
      return true;
    }
    if (count_ == limit_) {
      more_ = true;
      return false;
    }
    write(out_, item);
    last_ = name;
    ++count_;
    return true;
  }
  bool unknown_start() const { return skipping(); }
  std::string finish() && {
    out_.end_array().key("next");
    if (more_) {
      out_.string(last_);
    } else {
      out_.null();
    }
    out_.end_object();
    return std::move(out_).take();
  }

 private:
  bool skipping() const { return !after_.empty() && !found_; }
  std::string after_;
  std::size_t limit_;
  json::Writer out_;
  std::size_t count_ = 0;
  bool found_ = false;
  bool more_ = false;
  std::string last_;
};

void write_time(json::Writer& out, const std::optional<UtcMillis>& time) {
  if (time) {
    out.string(to_iso8601(*time));
  } else {
    out.null();
  }
}

void write_meter(json::Writer& out, const ledger::MeterRecord& meter,
                 const ledger::MeterProgress& progress,
                 const std::optional<ledger::StandingRecord>& standing) {
  out.begin_object().key("meter").string(meter.meter.text());
  out.key("owner").string(ledger::to_text(meter.owner)).key("public_key");
  if (meter.public_key) {
    out.string(to_hex(ByteView(*meter.public_key)));
  } else {
    out.null();
  }
  out.key("parent");
  if (meter.parent) {
    out.string(meter.parent->text());
  } else {
    out.null();
  }
  out.key("kind").string(to_text(meter.kind));
  out.key("plant_kw").string(kilowatts_text(meter.plant_watts));
  out.key("cpe").string(meter.cpe);
  out.key("active_from").string(to_iso8601(meter.active_from)).key("retired");
  write_time(out, meter.retired);
  // How far the ledger covers the meter: it may forget readings up to that sequence.
  out.key("in_ledger_through").unsigned_integer(progress.in_ledger_through()).key("last_end");
  write_time(out, progress.last_end());
  write_standing(out, standing.value_or(ledger::StandingRecord{}));
  out.end_object();
}

void list_participants(const Services& services, const Request& request,
                       const Responder& responder) {
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto type_text = request.http.parameter("type");
  const auto type = type_text ? ledger::participant_type(*type_text) : std::nullopt;
  if (type_text && !type) {
    return responder.send(
        problem(400, "bad_parameter",
                "type must be one of Resident, ElectricVehicle, Bank, UtilityCompany."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  Page<ledger::Participant> page(request.http.parameter("after").value_or(""), *limit);
  ledger::for_each_participant(view->state(), [&](const ledger::Participant& participant) {
    if (type && participant.ref.type != *type) return true;
    return page.take(ledger::to_text(participant.ref), viewer.visible(participant),
                     write_participant);
  });
  if (page.unknown_start()) {
    return responder.send(problem(400, "bad_parameter", "after must be the next of a page."));
  }
  responder.send(json_response(std::move(page).finish()));
}

void list_meters(const Services& services, const Request& request, const Responder& responder) {
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto owner = participant_parameter(request, "owner");
  if (!owner) return responder.send(problem_of(owner.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  // Whoever brings readings learns what it needs for that, and no more of a household.
  const bool delivers = request.key && !reads_everything(request.key->role);
  Page<ledger::MeterRecord> page(request.http.parameter("after").value_or(""), *limit);
  ledger::for_each_meter(view->state(), [&](const ledger::MeterRecord& meter) {
    if (owner->has_value() && meter.owner != **owner) return true;
    if (!viewer.sees(meter.owner)) return true;
    auto shown = meter;
    if (delivers) {
      shown.cpe.clear();
      shown.plant_watts = 0;
    }
    return page.take(meter.meter.text(), shown, [&](json::Writer& out, const auto& record) {
      write_meter(out, record, ledger::meter_progress(view->state(), record.meter),
                  ledger::find_standing(view->state(), record.meter));
    });
  });
  if (page.unknown_start()) {
    return responder.send(problem(400, "bad_parameter", "after must be the next of a page."));
  }
  responder.send(json_response(std::move(page).finish()));
}

void get_parameters(const Services& services, const Request&, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto parameters = ledger::parameters(view->state());
  const auto clock = ledger::clock(view->state());
  json::Writer out;
  out.begin_object().key("slot_ms").integer(parameters.slot_ms);
  out.key("close_grace_ms").integer(parameters.close_grace_ms);
  out.key("final_after_ms").integer(parameters.final_after_ms);
  out.key("silent_meter_ms").integer(parameters.silent_meter_ms);
  out.key("future_reading_ms").integer(parameters.future_reading_ms);
  out.key("credit_limit_coins").decimal(parameters.credit_limit.nano());
  out.key("clearing_rule").string(parameters.clearing_rule);
  out.key("currency").string(parameters.currency);
  out.key("gateway_daily_coins").decimal(parameters.gateway_daily_coins.nano());
  out.key("gateway_daily_cash").decimal(parameters.gateway_daily_cash.nano());
  out.key("signed_readings_only").boolean(parameters.signed_readings_only);
  out.key("plausibility").string(to_text(parameters.plausibility)).key("site");
  if (parameters.site) {
    out.string(to_text(*parameters.site));
  } else {
    out.null();
  }
  out.key("origin").string(parameters.origin ? "on" : "off");
  out.key("rewards").string(ledger::rewards_text(parameters));
  out.key("gate_closure_ms").integer(parameters.gate_closure_ms);
  out.key("deviation_margin").decimal(parameters.deviation_margin_nano);
  out.key("block_time").string(to_iso8601(clock.block));
  out.key("island_time").string(to_iso8601(clock.island)).end_object();
  responder.send(json_response(std::move(out).take()));
}

/// Reads the body with `read`, wraps it and submits it.
template <class Read, class Wrap>
void post_record(const Services& services, const Request& request, const Responder& responder,
                 const Read& read, const Wrap& wrap) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  auto record = read(*body);
  if (!record) return responder.send(problem_of(record.error()));
  submit_payload(services, request, responder, wrap(std::move(*record)));
}

RouteInfo post_info(std::string pattern, std::string summary, std::string schema) {
  RouteInfo info;
  info.method = "POST";
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::administrator;
  info.parameters = {idempotency_parameter()};
  info.request_schema = std::move(schema);
  info.response_schema = submission_schema();
  info.statuses = submission_statuses();
  return info;
}

RouteInfo list_info(std::string pattern, std::string summary, std::string item_schema) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::read;
  info.parameters = {{"after", "query", "string", false, "`next` of the page before"},
                     {"limit", "query", "integer", false, "1 to 1000, default 100"}};
  info.response_schema = list_schema(item_schema, "string");
  info.statuses = {200, 400, 503};
  return info;
}

void add_participant_routes(Router& router, const ServicesPtr& services) {
  auto list = list_info("/v1/participants", "Participants, by type and id.", participant_schema());
  list.parameters.push_back(
      {"type", "query", "string", false, "Resident, ElectricVehicle, Bank or UtilityCompany"});
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_participants(*services, request, responder);
  });
  router.add(post_info("/v1/participants", "Adds a participant.", participant_schema()),
             [services](const Request& request, const Responder& responder) {
               post_record(*services, request, responder, read_participant,
                           [](ledger::Participant record) {
                             return ledger::Payload(ledger::AddParticipant{std::move(record)});
                           });
             });
}

void add_meter_lists(Router& router, const ServicesPtr& services) {
  auto list = list_info("/v1/meters", "Meters, retired ones too, by id.",
                        object_schema({{"meter", "string"},
                                       {"owner", "string"},
                                       {"public_key", "digest?"},
                                       {"parent", "string?"},
                                       {"kind", "string"},
                                       {"plant_kw", "decimal"},
                                       {"cpe", "string"},
                                       {"active_from", "time"},
                                       {"retired", "time?"},
                                       {"in_ledger_through", "integer"},
                                       {"last_end", "time?"},
                                       {"standing", "string"},
                                       {"reason", "string?"},
                                       {"standing_since", "time?"},
                                       {"noticed", noticed_schema()}}));
  list.access = Access::deliver;
  list.parameters.push_back({"owner", "query", "string", false, "a participant, as Resident:H01"});
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_meters(*services, request, responder);
  });
  router.add(post_info("/v1/meters", "Registers a meter of a participant.", meter_schema()),
             [services](const Request& request, const Responder& responder) {
               post_record(
                   *services, request, responder, read_meter,
                   [](ledger::RegisterMeter record) { return ledger::Payload(std::move(record)); });
             });
}

}  // namespace

void add_registry_routes(Router& router, const ServicesPtr& services) {
  add_participant_routes(router, services);
  add_meter_lists(router, services);
  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/parameters";
  info.summary = "The parameters that the chain has agreed on, and its clocks.";
  info.response_schema = object_schema({{"slot_ms", "integer"},
                                        {"close_grace_ms", "integer"},
                                        {"final_after_ms", "integer"},
                                        {"silent_meter_ms", "integer"},
                                        {"future_reading_ms", "integer"},
                                        {"credit_limit_coins", "decimal"},
                                        {"clearing_rule", "string"},
                                        {"currency", "string"},
                                        {"gateway_daily_coins", "decimal"},
                                        {"gateway_daily_cash", "decimal"},
                                        {"signed_readings_only", "boolean"},
                                        {"plausibility", "string"},
                                        {"site", "string?"},
                                        {"origin", "string"},
                                        {"rewards", "string"},
                                        {"gate_closure_ms", "integer"},
                                        {"deviation_margin", "decimal"},
                                        {"block_time", "time"},
                                        {"island_time", "time"}});
  info.statuses = {200, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    get_parameters(*services, request, responder);
  });
}

}  // namespace powershare::gateway
