#include "ledger/parameters.hpp"

#include "ledger/accounts.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"
#include "market/clearing.hpp"

namespace powershare::ledger {
namespace {

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

struct DurationName {
  std::string_view name;
  std::int64_t Parameters::*field;
};
constexpr DurationName durations[] = {
    {"slot", &Parameters::slot_ms},
    {"close_grace", &Parameters::close_grace_ms},
    {"final_after", &Parameters::final_after_ms},
    {"silent_meter", &Parameters::silent_meter_ms},
    {"future_reading", &Parameters::future_reading_ms},
    {"gate_closure", &Parameters::gate_closure_ms},
};

constexpr std::int64_t max_duration_ms = 400 * millis_per_day;

bool is_first_rule(std::string_view rule) {
  return rule == "pay_as_clear" || rule == "pay_as_bid" || rule == "mid_market" || rule == "thesis";
}

/// False where the name is none of those since level 3; `fault` says what is wrong with a value.
bool set_later_parameter(Parameters& parameters, std::string_view name, std::string_view value,
                         std::string& fault) {
  if (name == "signed_readings_only") {
    if (value != "true" && value != "false") fault = "true or false";
    parameters.signed_readings_only = value == "true";
  } else if (name == "plausibility") {
    fault = "off, alarm or quarantine";
    for (const auto each : {Plausibility::off, Plausibility::alarm, Plausibility::quarantine}) {
      if (value != to_text(each)) continue;
      parameters.plausibility = each;
      fault.clear();
    }
  } else if (name == "site") {
    parameters.site.reset();
    if (value.empty()) return true;
    auto site = parse_site(value);
    if (site) {
      parameters.site = *site;
    } else {
      fault = site.error().detail();
    }
  } else if (name == "origin") {
    if (value != "on" && value != "off") fault = "on or off";
    parameters.origin = value == "on";
  } else if (name == "rewards") {
    parameters.solarcoin = value == "solarcoin" || value == "solarcoin,nrgcoin";
    parameters.nrgcoin = value == "nrgcoin" || value == "solarcoin,nrgcoin";
    if (value != rewards_text(parameters)) {
      fault = "none, solarcoin, nrgcoin or solarcoin,nrgcoin";
    }
  } else {
    return false;
  }
  return true;
}

template <class T, class Decode>
T decoded(const StateReader& state, ByteView key, Decode decode) {
  const auto value = state.get(key);
  PS_ASSERT(value.has_value());  // written by the genesis
  Decoder in(*value);
  T result = decode(in);
  PS_ASSERT(in.finished());
  return result;
}

}  // namespace

Parameters parameters(const StateReader& state) {
  return decoded<Parameters>(state, state_key::parameters(), decode_parameters);
}

void put_parameters(Overlay& state, const Parameters& parameters) {
  state.put(state_key::parameters(), encoded(parameters));
}

Result<void> check_parameters(const Parameters& parameters) {
  if (!is_slot_length(parameters.slot_ms)) {
    return malformed("slot: 1, 5, 15, 30 or 60 minutes");
  }
  for (const auto& duration : durations) {
    const auto value_ms = parameters.*duration.field;
    if (value_ms < 0 || value_ms > max_duration_ms) {
      return malformed(std::string(duration.name) + ": between 0 and 400 days");
    }
  }
  if (parameters.gate_closure_ms > millis_per_day) {
    return malformed("gate_closure: between 0 and 24 hours");
  }
  if (parameters.deviation_margin_nano < 0 || parameters.deviation_margin_nano > nano_per_unit) {
    return malformed("deviation_margin: a part of the spot price, between 0 and 1");
  }
  if (parameters.credit_limit.is_negative() ||
      parameters.credit_limit.nano() > 1'000'000 * nano_per_unit) {
    return malformed("credit_limit: between 0 and 1000000 coins");
  }
  for (const auto limit_nano :
       {parameters.gateway_daily_coins.nano(), parameters.gateway_daily_cash.nano()}) {
    if (limit_nano < 0 || limit_nano > 1'000'000'000 * nano_per_unit) {
      return malformed("gateway_daily_coins and gateway_daily_cash: between 0 and 1000000000");
    }
  }
  if (!market::is_rule(parameters.clearing_rule)) {
    return malformed(clearing_rule_fault(known_feature_level));
  }
  if (!is_currency(parameters.currency)) return malformed("currency: three letters A to Z");
  if ((parameters.solarcoin || parameters.nrgcoin) && !parameters.origin) {
    return malformed("rewards are paid for certificates: origin must be on");
  }
  return {};
}

Result<void> set_parameter(Parameters& parameters, std::string_view name, std::string_view value,
                           bool fixed_slot) {
  Parameters changed = parameters;
  bool known = false;
  for (const auto& duration : durations) {
    if (duration.name != name) continue;
    auto value_ms = parse_duration_ms(value);
    if (!value_ms) return malformed(std::string(name) + ": " + value_ms.error().detail());
    changed.*duration.field = *value_ms;
    known = true;
  }
  if (name == "credit_limit") {
    auto coins = parse_quantity<Coins>(value);
    if (!coins) return malformed("credit_limit: " + coins.error().detail());
    changed.credit_limit = *coins;
  } else if (name == "gateway_daily_coins") {
    auto coins = parse_quantity<Coins>(value);
    if (!coins) return malformed("gateway_daily_coins: " + coins.error().detail());
    changed.gateway_daily_coins = *coins;
  } else if (name == "gateway_daily_cash") {
    auto cash = parse_quantity<Cash>(value);
    if (!cash) return malformed("gateway_daily_cash: " + cash.error().detail());
    changed.gateway_daily_cash = *cash;
  } else if (name == "deviation_margin") {
    auto margin = parse_nano(value);
    if (!margin) return malformed("deviation_margin: " + margin.error().detail());
    changed.deviation_margin_nano = *margin;
  } else if (name == "clearing_rule") {
    changed.clearing_rule = value;
  } else if (name == "currency") {
    changed.currency = value;
  } else if (std::string fault; set_later_parameter(changed, name, value, fault)) {
    if (!fault.empty()) return malformed(std::string(name) + ": " + fault);
  } else if (!known) {
    return malformed("no parameter has this name");
  }
  auto valid = check_parameters(changed);
  if (!valid) return valid;
  if (fixed_slot && changed.slot_ms != parameters.slot_ms) {
    return malformed("slot: fixed by the genesis");
  }
  parameters = std::move(changed);
  return {};
}

std::string_view rewards_text(const Parameters& parameters) {
  if (parameters.solarcoin) return parameters.nrgcoin ? "solarcoin,nrgcoin" : "solarcoin";
  return parameters.nrgcoin ? "nrgcoin" : "none";
}

std::string clearing_rule_fault(std::uint32_t feature_level) {
  // Word for word what programs below level 4 say.
  if (feature_level < 4) return "clearing_rule: pay_as_clear, pay_as_bid, mid_market or thesis";
  return "clearing_rule: one of " + market::rule_list();
}

std::uint32_t parameter_feature_level(std::string_view name, std::string_view value) {
  if (name == "clearing_rule") return is_first_rule(value) || !market::is_rule(value) ? 1 : 4;
  if (name == "origin" || name == "rewards") return 4;
  if (name == "gate_closure" || name == "deviation_margin") return 4;
  constexpr std::string_view since_level_3[] = {"signed_readings_only", "plausibility", "site",
                                                "gateway_daily_coins", "gateway_daily_cash"};
  return std::find(std::begin(since_level_3), std::end(since_level_3), name) !=
                 std::end(since_level_3)
             ? 3
             : 1;
}

Clock clock(const StateReader& state) {
  return decoded<Clock>(state, state_key::clock(), [](Decoder& in) {
    Clock result;
    result.block = in.time();
    result.island = in.time();
    return result;
  });
}

void put_clock(Overlay& state, const Clock& clock) {
  state.put(state_key::clock(), Encoder().time(clock.block).time(clock.island).data());
}

UtcMillis block_time(const StateReader& state) {
  return clock(state).block;
}
UtcMillis island_time(const StateReader& state) {
  return clock(state).island;
}

std::vector<Member> members(const StateReader& state, std::uint64_t epoch) {
  const auto value = state.get(state_key::members(epoch));
  if (!value) return {};
  Decoder in(*value);
  auto result = decode_members(in);
  PS_ASSERT(in.finished());
  return result;
}

void put_members(Overlay& state, std::uint64_t epoch, const std::vector<Member>& members) {
  state.put(state_key::members(epoch), encoded(members));
}

}  // namespace powershare::ledger
