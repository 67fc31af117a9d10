// GET /etms/flow, GET and PUT /etms/preferences.
#include "gateway/error.hpp"
#include "gateway/household/common.hpp"
#include "gateway/household/flow.hpp"
#include "ledger/cash_requests.hpp"

namespace powershare::gateway::household {
namespace {

void get_flow(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& who = request.caller->participant;
  const auto live = services.ports.live != nullptr
                        ? live_watts(view->state(), who, *services.ports.live)
                        : std::nullopt;
  const auto picture = flow_picture(*view, who, live);
  if (!picture) return responder.send(problem_of(picture.error()));
  const auto& power = picture->power;
  json::Writer out;
  out.begin_object().key("source").string(picture->source).key("age_seconds");
  if (picture->source == "none") {
    out.null();
  } else {
    out.integer(picture->age_ms / millis_per_second);
  }
  out.key("sun_watts").integer(power.sun).key("home_watts").integer(power.home);
  out.key("battery_watts").integer(power.battery).key("car_watts").integer(power.car);
  out.key("neighbours_watts").integer(power.from_neighbours - power.to_neighbours);
  out.key("grid_watts").integer(power.from_grid - power.to_grid);
  out.key("neighbours_known").boolean(picture->neighbours_known);
  out.key("flows").begin_array();
  for (const auto& edge : edges_of(power)) {
    out.begin_object().key("from").string(edge.from).key("to").string(edge.to);
    out.key("watts").integer(edge.watts).end_object();
  }
  out.end_array().end_object();
  responder.send(json_response(std::move(out).take()));
}

constexpr std::pair<std::string_view, ledger::RankingDisplay> displays[] = {
    {"anonymous", ledger::RankingDisplay::anonymous},
    {"named", ledger::RankingDisplay::named},
    {"hidden", ledger::RankingDisplay::hidden}};

void get_preferences(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto set = ledger::find_preferences(view->state(), request.caller->participant)
                       .value_or(ledger::SetPreferences{});
  json::Writer out;
  out.begin_object().key("ranking");
  for (const auto& [name, display] : displays) {
    if (display == set.ranking) out.string(name);
  }
  out.key("low_balance_coins").number(set.low_balance.nano());
  out.key("top_up_below_coins").number(set.top_up_below.nano());
  out.key("top_up_amount_coins").number(set.top_up_amount.nano()).end_object();
  responder.send(json_response(std::move(out).take()));
}

void put_preferences(const Services& services, const Request& request, const Responder& responder) {
  BodyReader body(request.http.body);
  ledger::SetPreferences payload;
  payload.participant = request.caller->participant;
  const auto ranking = body.text("ranking");
  payload.low_balance = Coins::from_nano(body.quantity("low_balance_coins", false));
  payload.top_up_below = Coins::from_nano(body.quantity("top_up_below_coins", false));
  payload.top_up_amount = Coins::from_nano(body.quantity("top_up_amount_coins", false));
  if (const auto read = body.finish(); !read) return responder.send(problem_of(read.error()));
  bool known = false;
  for (const auto& [name, display] : displays) {
    if (ranking != name) continue;
    payload.ranking = display;
    known = true;
  }
  if (!known) {
    return responder.send(
        problem(400, "bad_parameter", "ranking must be one of anonymous, named, hidden."));
  }
  if (payload.top_up_below.is_zero() != payload.top_up_amount.is_zero()) {
    return responder.send(problem(400, "bad_parameter",
                                  "An automatic top-up needs top_up_below_coins and "
                                  "top_up_amount_coins, or neither."));
  }
  submit_for_caller(services, request, responder, std::move(payload));
}

std::string preferences_schema() {
  return object_schema({{"ranking", R"({"type":"string","enum":["anonymous","named","hidden"]})"},
                        {"low_balance_coins", "number"},
                        {"top_up_below_coins", "number"},
                        {"top_up_amount_coins", "number"}},
                       {"ranking"});
}

}  // namespace

void add_account_overview_routes(Router& router, const ServicesPtr& services) {
  const auto edges =
      array_schema(object_schema({{"from", "string"}, {"to", "string"}, {"watts", "integer"}}));
  add_for_caller(
      router, services,
      resident_route(
          "GET", "/etms/flow",
          "Power between sun, home, battery, car, neighbours and grid, in watts. From "
          "live watts, else the mean of the newest readings; neighbours_watts and "
          "grid_watts are what comes in (> 0) or goes out.",
          object_schema({{"source", R"({"type":"string","enum":["live","reading","none"]})"},
                         {"age_seconds", "integer?"},
                         {"sun_watts", "integer"},
                         {"home_watts", "integer"},
                         {"battery_watts", "integer"},
                         {"car_watts", "integer"},
                         {"neighbours_watts", "integer"},
                         {"grid_watts", "integer"},
                         {"neighbours_known", "boolean"},
                         {"flows", edges}})),
      get_flow);
  add_for_caller(router, services,
                 resident_route("GET", "/etms/preferences",
                                "How the household stands in the ranking, when it is warned of few "
                                "coins, and when coins are bought by themselves; 0 is never.",
                                preferences_schema()),
                 get_preferences);
  add_for_caller(
      router, services,
      submitting_route("PUT", "/etms/preferences",
                       "Sets all of them; an amount that is left away is 0.", preferences_schema()),
      put_preferences);
}

}  // namespace powershare::gateway::household
