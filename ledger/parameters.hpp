// The chain's parameters and clock as state records.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/overlay.hpp"

namespace powershare::ledger {

Parameters parameters(const StateReader& state);
void put_parameters(Overlay& state, const Parameters& parameters);
/// Changes one field by its name: "slot", "close_grace", "final_after", "silent_meter",
/// "future_reading" (durations, as "15m"), "credit_limit" (coins), "clearing_rule", "currency";
/// since level 3 "signed_readings_only" ("true", "false"), "plausibility" ("off", "alarm",
/// "quarantine"), "site" ("32.7,-16.9", or empty for none), "gateway_daily_coins" and
/// "gateway_daily_cash" (amounts); since level 4 "origin" ("on", "off"), "rewards" (as
/// rewards_text), "gate_closure" (a duration) and "deviation_margin" (a part of one, as "0.1").
/// LedgerError::malformed with the reason. The slot length cannot change once the chain runs:
/// `fixed_slot`.
Result<void> set_parameter(Parameters& parameters, std::string_view name, std::string_view value,
                           bool fixed_slot);
/// "none", "solarcoin", "nrgcoin", "solarcoin,nrgcoin".
std::string_view rewards_text(const Parameters& parameters);
/// What a wrong clearing_rule is answered, with all that the level allows.
std::string clearing_rule_fault(std::uint32_t feature_level);
/// From which feature level on the chain has a parameter of this name, with this value.
std::uint32_t parameter_feature_level(std::string_view name, std::string_view value);
/// One sentence where a value is outside its limits.
Result<void> check_parameters(const Parameters& parameters);

/// Agreed time of the newest block (at height 0: when the genesis was created).
UtcMillis block_time(const StateReader& state);
/// What the market goes by: block time or, in a genesis marked simulated, the stepped clock
/// (DECISIONS 23).
UtcMillis island_time(const StateReader& state);
struct Clock {
  UtcMillis block;
  UtcMillis island;
};
Clock clock(const StateReader& state);
void put_clock(Overlay& state, const Clock& clock);

/// Members of `epoch`; empty where the state has none.
std::vector<Member> members(const StateReader& state, std::uint64_t epoch);
void put_members(Overlay& state, std::uint64_t epoch, const std::vector<Member>& members);

}  // namespace powershare::ledger
