#include "gateway/household/trading_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "gateway/error.hpp"
#include "gateway/parameters.hpp"
#include "gateway/schemas.hpp"

namespace powershare::gateway {
namespace {

constexpr std::array<std::string_view, 7> weekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint16_t minutes_per_hour = 60;
constexpr std::size_t max_list_items = 255;  ///< more than any list of the ledger takes

/// The fields of one object. The first fault is kept; finish() finds fields that nobody asked for.
class ObjectReader {
 public:
  ObjectReader(const json::Value& value, std::string where, std::optional<Error>& fault)
      : value_(value), where_(std::move(where)), fault_(fault) {
    if (!value.is_object()) {
      fail("", "an object");
    } else if (!value.repeated_name().empty()) {
      fail(value.repeated_name(), "given once");
    }
  }

  void fail(std::string_view name, std::string_view rule) {
    if (fault_) return;
    std::string field = where_;
    if (!field.empty() && !name.empty()) field += ".";
    field += name;
    if (field.empty()) field = "The body";
    fault_ = Error{GatewayError::bad_parameter, field + " must be " + std::string(rule) + "."};
  }

  /// nullptr where it is missing or null.
  const json::Value* find(std::string_view name) {
    asked_.emplace(name);
    const auto* field = value_.find(name);
    return field == nullptr || field->is_null() ? nullptr : field;
  }
  void boolean(std::string_view name, bool& out) {
    const auto* field = find(name);
    if (field == nullptr) return;
    if (field->kind() != json::Kind::boolean) return fail(name, "true or false");
    out = field->boolean();
  }
  std::optional<std::int64_t> nano(std::string_view name) {
    const auto* field = find(name);
    if (field == nullptr) return std::nullopt;
    if (field->kind() == json::Kind::number) {
      if (const auto value = parse_nano(field->text())) return *value;
    }
    fail(name, "a number of at most 9,223,372,036");
    return std::nullopt;
  }
  std::optional<Price> price(std::string_view name) {
    const auto value = nano(name);
    return value ? std::optional(Price::from_nano(*value)) : std::nullopt;
  }
  std::string text(std::string_view name, std::string_view rule) {
    const auto* field = find(name);
    if (field != nullptr && field->kind() == json::Kind::string) return field->text();
    fail(name, rule);
    return {};
  }
  const std::vector<json::Value>& list(std::string_view name) {
    static const std::vector<json::Value> none;
    const auto* field = find(name);
    if (field == nullptr) return none;
    if (field->is_array() && field->items().size() <= max_list_items) return field->items();
    fail(name, "a list of at most 255");
    return none;
  }
  std::vector<ledger::ParticipantRef> partners() {
    std::vector<ledger::ParticipantRef> result;
    for (const auto& item : list("partners")) {
      auto ref = parse_participant("partners", item.text());
      if (item.kind() != json::Kind::string || !ref) {
        fail("partners", "a list of participants as Resident:H01 (or H01 for a resident)");
        break;
      }
      result.push_back(*std::move(ref));
    }
    return result;
  }
  std::string path(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
  }

  void finish() {
    for (const auto& [name, field] : value_.members()) {
      if (!asked_.contains(name)) fail(name.substr(0, 64), "left away: there is no such field");
    }
  }

 private:
  const json::Value& value_;
  std::string where_;
  std::optional<Error>& fault_;
  std::set<std::string, std::less<>> asked_;
};

/// "08:30" as minutes of the day; up to 24:00.
std::optional<std::uint16_t> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  std::uint16_t hours = 0;
  std::uint16_t minutes = 0;
  const auto number = [](std::string_view digits, std::uint16_t& value) {
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + 2, value);
    return fault == std::errc{} && end == digits.data() + 2;
  };
  if (!number(text.substr(0, 2), hours) || !number(text.substr(3, 2), minutes)) return std::nullopt;
  const unsigned total = hours * minutes_per_hour + minutes;
  if (minutes >= minutes_per_hour || total > 24U * minutes_per_hour) return std::nullopt;
  return static_cast<std::uint16_t>(total);
}

std::string clock_text(std::uint16_t minute) {
  std::string text = "00:00";
  const unsigned hours = minute / minutes_per_hour;
  const unsigned rest = minute % minutes_per_hour;
  text[0] = static_cast<char>('0' + hours / 10);
  text[1] = static_cast<char>('0' + hours % 10);
  text[3] = static_cast<char>('0' + rest / 10);
  text[4] = static_cast<char>('0' + rest % 10);
  return text;
}

ledger::WeeklyWindow read_window(const json::Value& value, const std::string& where,
                                 std::optional<Error>& fault) {
  ledger::WeeklyWindow window;
  ObjectReader in(value, where, fault);
  for (const auto& item : in.list("weekdays")) {
    const auto known = std::find(weekdays.begin(), weekdays.end(), item.text());
    if (item.kind() != json::Kind::string || known == weekdays.end()) {
      in.fail("weekdays", "a list of mon, tue, wed, thu, fri, sat, sun");
      break;
    }
    window.weekdays |= static_cast<std::uint8_t>(1U << (known - weekdays.begin()));
  }
  if (window.weekdays == 0) in.fail("weekdays", "a list of mon, tue, wed, thu, fri, sat, sun");
  const auto minute = [&](std::string_view name) {
    constexpr std::string_view rule = "a local time as 08:30";
    const auto parsed = minute_of(in.text(name, rule));
    if (!parsed) in.fail(name, rule);
    return parsed.value_or(0);
  };
  window.from_minute = minute("from");
  window.to_minute = minute("to");
  in.finish();
  return window;
}

struct SideFields {
  bool& enabled;
  std::optional<Price>& price;
  ledger::SideRules& rules;
};

void read_side(ObjectReader& body, std::string_view name, SideFields side,
               std::optional<Error>& fault) {
  const auto* value = body.find(name);
  if (value == nullptr) return;
  ObjectReader in(*value, std::string(name), fault);
  in.boolean("enabled", side.enabled);
  side.price = in.price("price_coins_per_kwh");
  side.rules.tariff_offset = in.price("tariff_offset_coins_per_kwh");
  for (const auto& item : in.list("windows")) {
    side.rules.windows.push_back(read_window(item, in.path("windows"), fault));
  }
  side.rules.partners = in.partners();
  in.finish();
}

void write_price(json::Writer& out, std::string_view name, const std::optional<Price>& price) {
  out.key(name);
  if (price) {
    out.number(price->nano());
  } else {
    out.null();
  }
}

void write_partners(json::Writer& out, const std::vector<ledger::ParticipantRef>& partners) {
  out.key("partners").begin_array();
  for (const auto& partner : partners) out.string(ledger::to_text(partner));
  out.end_array();
}

void write_side(json::Writer& out, std::string_view name, bool enabled,
                const std::optional<Price>& price, const ledger::SideRules& rules) {
  out.key(name).begin_object().key("enabled").boolean(enabled);
  write_price(out, "price_coins_per_kwh", price);
  write_price(out, "tariff_offset_coins_per_kwh", rules.tariff_offset);
  out.key("windows").begin_array();
  for (const auto& window : rules.windows) {
    out.begin_object().key("weekdays").begin_array();
    for (std::size_t day = 0; day < weekdays.size(); ++day) {
      if ((window.weekdays >> day & 1) != 0) out.string(weekdays[day]);
    }
    out.end_array().key("from").string(clock_text(window.from_minute));
    out.key("to").string(clock_text(window.to_minute)).end_object();
  }
  out.end_array();
  write_partners(out, rules.partners);
  out.end_object();
}

std::string partners_schema() {
  return R"({"type":"array","maxItems":64,"items":{"type":"string","description":"as Resident:H01, or H01"}})";
}

}  // namespace

Result<ledger::SetCriteria> read_criteria(const json::Value& body,
                                          const ledger::ParticipantRef& participant) {
  std::optional<Error> fault;
  ledger::SetCriteria criteria;
  criteria.participant = participant;
  ObjectReader in(body, "", fault);
  read_side(in, "sell", {criteria.sell_enabled, criteria.sell_price, criteria.sell_rules}, fault);
  read_side(in, "buy", {criteria.buy_enabled, criteria.buy_price, criteria.buy_rules}, fault);
  in.boolean("automatic", criteria.automatic);
  criteria.battery_reserve = Energy::from_nano(in.nano("battery_reserve_kwh").value_or(0));
  in.boolean("only_renewable", criteria.only_renewable);
  in.boolean("pay_more_for_green", criteria.pay_more_for_green);
  in.finish();
  if (fault) return *fault;
  return criteria;
}

void write_criteria(json::Writer& out, const ledger::SetCriteria& criteria) {
  write_side(out, "sell", criteria.sell_enabled, criteria.sell_price, criteria.sell_rules);
  write_side(out, "buy", criteria.buy_enabled, criteria.buy_price, criteria.buy_rules);
  out.key("automatic").boolean(criteria.automatic);
  out.key("battery_reserve_kwh").number(criteria.battery_reserve.nano());
  out.key("only_renewable").boolean(criteria.only_renewable);
  out.key("pay_more_for_green").boolean(criteria.pay_more_for_green);
}

Result<ledger::PlaceOrder> read_order(const json::Value& body,
                                      const ledger::ParticipantRef& participant) {
  std::optional<Error> fault;
  ledger::PlaceOrder order;
  order.participant = participant;
  ObjectReader in(body, "", fault);
  const auto side = in.text("side", "buy or sell");
  if (side != "buy" && side != "sell") in.fail("side", "buy or sell");
  order.side = side == "buy" ? ledger::OrderSide::buy : ledger::OrderSide::sell;
  constexpr std::string_view time_rule = "an ISO 8601 time as 2019-10-21T09:00:00Z";
  const auto first = parse_iso8601(in.text("first_slot", time_rule));
  if (!first) in.fail("first_slot", time_rule);
  order.first_slot = first ? *first : UtcMillis{};
  if (const auto slots = in.nano("slots")) {
    const bool whole = *slots % nano_per_unit == 0 && *slots > 0;
    if (!whole || *slots / nano_per_unit > ledger::OrderLimits::max_slots) {
      in.fail("slots", "a whole number from 1 to 96");
    } else {
      order.slots = static_cast<std::uint16_t>(*slots / nano_per_unit);
    }
  }
  const auto energy = in.nano("energy_kwh");
  if (!energy) in.fail("energy_kwh", "a number of kWh per slot");
  order.energy = Energy::from_nano(energy.value_or(0));
  const auto limit = in.price("limit_coins_per_kwh");
  if (!limit) in.fail("limit_coins_per_kwh", "a number of coins per kWh");
  order.limit = limit.value_or(Price{});
  order.partners = in.partners();
  in.boolean("only_renewable", order.only_renewable);
  in.finish();
  if (fault) return *fault;
  return order;
}

void write_order(json::Writer& out, const ledger::LiveOrder& live,
                 const ledger::Parameters& parameters, const OrderSums& sums) {
  const auto& order = live.order;
  const auto last = live.last_slot(parameters.slot_ms);
  out.begin_object().key("id").digest(live.id);
  out.key("side").string(order.side == ledger::OrderSide::buy ? "buy" : "sell");
  out.key("first_slot").string(to_iso8601(order.first_slot));
  out.key("last_slot").string(to_iso8601(last));
  out.key("slots").unsigned_integer(order.slots);
  out.key("energy_kwh").number(order.energy.nano());
  out.key("limit_coins_per_kwh").number(order.limit.nano());
  write_partners(out, order.partners);
  out.key("only_renewable").boolean(order.only_renewable);
  out.key("accepted").string(to_iso8601(live.accepted));
  out.key("committed_kwh").number(sums.committed.nano());
  out.key("traded_kwh").number(sums.traded.nano());
  out.key("delivered_kwh").number(sums.delivered.nano());
  out.key("deviation_kwh").number(sums.deviation.nano());
  out.key("deviation_cost_coins").number(sums.deviation_cost.nano());
  out.key("cancel_before").string(to_iso8601(ledger::gate_of(parameters, last))).end_object();
}

std::string criteria_schema() {
  const auto window = object_schema(
      {{"weekdays",
        R"({"type":"array","items":{"enum":["mon","tue","wed","thu","fri","sat","sun"]}})"},
       {"from", R"({"type":"string","description":"local time, as 08:30"})"},
       {"to", R"({"type":"string","description":"local time; at or before from: the next day"})"}},
      {"weekdays", "from", "to"});
  const auto side = object_schema({{"enabled", "boolean"},
                                   {"price_coins_per_kwh", "number?"},
                                   {"tariff_offset_coins_per_kwh", "number?"},
                                   {"windows", array_schema(window)},
                                   {"partners", partners_schema()}},
                                  {});
  return object_schema({{"sell", side},
                        {"buy", side},
                        {"automatic", "boolean"},
                        {"battery_reserve_kwh", "number"},
                        {"only_renewable", "boolean"},
                        {"pay_more_for_green", "boolean"}},
                       {});
}

std::string order_request_schema() {
  return object_schema({{"side", R"({"type":"string","enum":["buy","sell"]})"},
                        {"first_slot", "time"},
                        {"slots", "integer"},
                        {"energy_kwh", "number"},
                        {"limit_coins_per_kwh", "number"},
                        {"partners", partners_schema()},
                        {"only_renewable", "boolean"}},
                       {"side", "first_slot", "energy_kwh", "limit_coins_per_kwh"});
}

std::string order_schema() {
  return object_schema({{"id", "digest"},
                        {"side", R"({"type":"string","enum":["buy","sell"]})"},
                        {"first_slot", "time"},
                        {"last_slot", "time"},
                        {"slots", "integer"},
                        {"energy_kwh", "number"},
                        {"limit_coins_per_kwh", "number"},
                        {"partners", partners_schema()},
                        {"only_renewable", "boolean"},
                        {"accepted", "time"},
                        {"committed_kwh", "number"},
                        {"traded_kwh", "number"},
                        {"delivered_kwh", "number"},
                        {"deviation_kwh", "number"},
                        {"deviation_cost_coins", "number"},
                        {"cancel_before", "time"}});
}

std::string_view price_reason(std::string_view rule, const ledger::SettledTrade& trade,
                              bool bought) {
  // Of the caller's side: what it deviates from was committed.
  if (bought ? trade.covers_short : trade.sells_unused) {
    return bought ? "covers_shortfall" : "sells_unused";
  }
  if (trade.venue == ledger::Venue::utility) {
    return bought ? "rest_from_utility" : "rest_to_utility";
  }
  if (rule == "pay_as_bid") return "buyers_limit";
  if (rule == "mid_market") return "middle_of_limits";
  if (rule == "thesis") return "sellers_limit";
  if (rule == "optimal") return "price_of_its_group";
  if (rule.starts_with("french_") || rule.starts_with("flemish_")) return "shared_by_key";
  if (rule == "nrgcoin") return "price_by_balance";
  return "one_price_for_all";
}

std::string price_reason_schema() {
  return R"({"type":"string","enum":["one_price_for_all","buyers_limit","middle_of_limits",)"
         R"("sellers_limit","price_of_its_group","shared_by_key","price_by_balance",)"
         R"("rest_from_utility","rest_to_utility","covers_shortfall","sells_unused"]})";
}

}  // namespace powershare::gateway
