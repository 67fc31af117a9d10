// POST and GET /etms/live (DECISIONS 57): what meters measure right now.
#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "gateway/meter_json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_values_per_request = 4'096;

/// Reads one value; after the first fault fault() says what is wrong.
class ValueParser {
 public:
  explicit ValueParser(const json::Value& value) : value_(value) {
    if (!value.is_object()) fail("a value must be an object");
  }
  const std::string& fault() const { return fault_; }

  LivePower parse() {
    LivePower result;
    const auto* name = value_.find("meter");
    const bool named = name != nullptr && name->kind() == json::Kind::string;
    auto meter = MeterId::parse(named ? std::string_view(name->text()) : std::string_view());
    if (meter) {
      result.meter = *std::move(meter);
    } else {
      fail("meter must be the id of a meter");
    }
    result.watts_import = watts("watts_import").value_or(0);
    result.watts_export = watts("watts_export").value_or(0);
    result.watts_pv = watts("watts_pv");
    if (const auto soc = whole("soc", nano_per_unit / 1'000, 1'000)) {
      result.soc_per_mille = static_cast<std::int16_t>(*soc);
    }
    return result;
  }

 private:
  void fail(std::string_view why) {
    if (fault_.empty()) fault_ = why;
  }
  std::optional<std::int32_t> watts(std::string_view field) {
    return whole(field, nano_per_unit, LivePower::max_watts);
  }
  /// Rounded to whole counts of `unit_nano`; nothing where the field is missing or null.
  std::optional<std::int32_t> whole(std::string_view field, std::int64_t unit_nano,
                                    std::int64_t most) {
    const auto* value = value_.find(field);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->kind() == json::Kind::number) {
      const auto nano = parse_nano(value->text());
      if (nano && *nano >= 0 && *nano <= most * unit_nano) {
        const auto up = *nano % unit_nano * 2 >= unit_nano ? 1 : 0;
        return static_cast<std::int32_t>(*nano / unit_nano + up);
      }
    }
    fail(std::string(field) + " must be a number from 0 to " +
         (field == "soc" ? "1" : "1000000000 watts"));
    return std::nullopt;
  }

  const json::Value& value_;
  std::string fault_;
};

struct Refused {
  std::size_t index = 0;
  std::string reason;
};

/// Whose meters the request may speak for: a key speaks for all, an owner for its own.
bool may_tell_of(const Request& request, const ChainView* view, const MeterId& meter) {
  if (view == nullptr) return true;
  const auto record = ledger::find_meter(view->state(), meter);
  return record && record->owner == request.caller->participant;
}

net::HttpResponse answer_to(std::size_t accepted, std::vector<Refused> refused) {
  std::ranges::sort(refused, {}, &Refused::index);
  json::Writer out;
  out.begin_object().key("accepted").unsigned_integer(accepted).key("rejected").begin_array();
  for (const auto& each : refused) {
    out.begin_object().key("index").unsigned_integer(each.index);
    out.key("reason").string(each.reason).end_object();
  }
  out.end_array().end_object();
  return json_response(std::move(out).take());
}

net::HttpResponse not_offered() {
  return problem(404, "not_offered", "This peer does not keep live power.");
}

void post_live(const Services& services, const Request& request, const Responder& responder) {
  if (services.ports.live == nullptr) return responder.send(not_offered());
  const bool by_key = request.key && brings_unsigned_readings(request.key->role);
  if (!by_key && !request.caller) {
    return responder.send(problem(401, "api_key_needed",
                                  "Live power needs the API key of a meter or gateway, or the "
                                  "owner's log-in."));
  }
  const auto view = by_key ? nullptr : open_view(services, responder);
  if (!by_key && !view) return;
  std::vector<LivePower> values;
  std::vector<std::size_t> indexes;
  std::vector<Refused> refused;
  json::Limits limits;
  limits.max_values = 64;
  std::size_t index = 0;
  bool anything_but_a_value = false;
  const auto parsed = json::parse_items(
      request.http.body, max_values_per_request, limits, [&](const json::Value& item) {
        anything_but_a_value = anything_but_a_value || !item.is_object();
        ValueParser parser(item);
        auto value = parser.parse();
        auto reason = parser.fault();
        if (reason.empty() && !may_tell_of(request, view.get(), value.meter)) {
          reason = "not_your_meter";
        }
        if (reason.empty()) {
          values.push_back(std::move(value));
          indexes.push_back(index);
        } else {
          refused.push_back({index, std::move(reason)});
        }
        ++index;
      });
  if (!parsed) return responder.send(problem_of(parsed.error()));
  if (!parsed->is_array && anything_but_a_value) {
    return responder.send(
        problem(400, "bad_parameter", "The body must be a value or an array of values."));
  }
  const auto taken = services.ports.live->put(values);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    accepted += taken[i] ? 1 : 0;
    if (!taken[i]) refused.push_back({indexes[i], "unknown_meter"});
  }
  responder.send(answer_to(accepted, std::move(refused)));
}

template <class Value>
void write_values(json::Writer& out, const Value& value) {
  out.key("watts_import").integer(value.watts_import);
  out.key("watts_export").integer(value.watts_export).key("watts_pv");
  if (value.watts_pv) {
    out.integer(*value.watts_pv);
  } else {
    out.null();
  }
  out.key("soc");
  if (value.soc_per_mille) {
    out.number(*value.soc_per_mille * (nano_per_unit / 1'000));
  } else {
    out.null();
  }
}

/// Load curves are personal: the owner's and the operator's (DECISIONS 60).
bool may_read(const Services& services, const Request& request, const ledger::MeterRecord& meter) {
  if (request.caller) return request.caller->participant == meter.owner;
  if (request.key) return reads_everything(request.key->role);
  return !services.options.require_key_for_reads;
}

void get_live(const Services& services, const Request& request, const Responder& responder) {
  if (services.ports.live == nullptr) return responder.send(not_offered());
  const auto from = time_parameter(request, "from");
  if (!from) return responder.send(problem_of(from.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto meter = meter_of_query(*view, request, responder);
  if (!meter) return;
  if (!may_read(services, request, *meter)) {
    return responder.send(problem(403, "forbidden", "This meter belongs to somebody else."));
  }
  const auto& live = *services.ports.live;
  const auto last = live.last(meter->meter);
  json::Writer out;
  out.begin_object().key("meter").string(meter->meter.text()).key("last");
  if (last) {
    out.begin_object().key("time").string(to_iso8601(last->at));
    const auto age_ms = std::max<std::int64_t>(0, live.now().value - last->at.value);
    out.key("age_seconds").integer(age_ms / millis_per_second);
    write_values(out, *last);
    out.end_object();
  } else {
    out.null();
  }
  out.key("minutes").begin_array();
  for (const auto& minute : live.ring(meter->meter, from->value_or(UtcMillis{}))) {
    out.begin_object().key("start").string(to_iso8601(minute.start));
    write_values(out, minute);
    out.end_object();
  }
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

std::string value_schema() {
  const std::string watts = R"({"type":["number","null"],"minimum":0})";
  return R"({"type":"object","required":["meter"],"properties":{"meter":{"type":"string"},)"
         R"("watts_import":)" +
         watts + R"(,"watts_export":)" + watts + R"(,"watts_pv":)" + watts +
         R"(,"soc":{"type":["number","null"],"minimum":0,"maximum":1}}})";
}

std::string live_schema() {
  const std::string perhaps = R"({"type":["number","null"]})";
  const auto last = object_schema({{"time", "time"},
                                   {"age_seconds", "integer"},
                                   {"watts_import", "integer"},
                                   {"watts_export", "integer"},
                                   {"watts_pv", perhaps},
                                   {"soc", perhaps}});
  const auto minute = object_schema({{"start", "time"},
                                     {"watts_import", "integer"},
                                     {"watts_export", "integer"},
                                     {"watts_pv", perhaps},
                                     {"soc", perhaps}});
  return object_schema(
      {{"meter", "string"}, {"last", nullable_schema(last)}, {"minutes", array_schema(minute)}});
}

}  // namespace

void add_live_routes(Router& router, const ServicesPtr& services) {
  RouteInfo post;
  post.method = "POST";
  post.pattern = "/etms/live";
  post.summary =
      "Takes the present power of a meter, or an array of them, in watts; soc is a fraction. It is "
      "shown to the household, shared among the peers, and never billed.";
  post.access = Access::partly;
  post.request_schema =
      R"({"oneOf":[)" + value_schema() + "," + array_schema(value_schema()) + "]}";
  post.response_schema = object_schema(
      {{"accepted", "integer"},
       {"rejected", array_schema(object_schema({{"index", "integer"}, {"reason", "string"}}))}});
  post.statuses = {200, 400, 401, 404, 413, 503};
  router.add(std::move(post), [services](const Request& request, const Responder& responder) {
    post_live(*services, request, responder);
  });
  RouteInfo get;
  get.method = "GET";
  get.pattern = "/etms/live";
  get.summary =
      "The newest power of a meter with its age, and the means of the minutes of the last day; for "
      "its owner and for operators.";
  get.access = Access::partly;
  get.parameters = {{"meter", "query", "string", true, "id of a meter"},
                    {"from", "query", "string", false, "minutes from this one on"}};
  get.response_schema = live_schema();
  get.statuses = {200, 400, 403, 404, 503};
  router.add(std::move(get), [services](const Request& request, const Responder& responder) {
    get_live(*services, request, responder);
  });
}

}  // namespace powershare::gateway
