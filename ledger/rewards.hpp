// Rewards for renewable energy, each an optional module of the chain (parameter `rewards`), paid
// when a slot is final and never taken back (docs/origin.md).
//
// SolarCoin: one coin for each MWh of certified solar energy; what is left of a MWh is carried.
// NRGcoin: one coin minted for each kWh of renewable energy that a neighbour bought, and one burned
// for each that whoever has coins bought. They move beside the settlement in coins, not instead.
#pragma once

#include "ledger/origin.hpp"

namespace powershare::ledger {

inline constexpr std::string_view asset_solarcoin = "SLR";  ///< nano-SolarCoins
inline constexpr std::string_view asset_nrgcoin = "NRG";    ///< nano-NRGcoins

/// Pays for the certificates of a slot that is final; on an error nothing is booked.
Result<void> pay_rewards(Overlay& state, const Parameters& parameters, const SlotOrigins& origins);

/// Solar energy for which a participant has no SolarCoin yet: less than a MWh.
Energy solar_carry(const StateReader& state, const ParticipantRef& ref);

/// What one kind of reward came to.
struct RewardSupply {
  std::int64_t minted_nano = 0;
  std::int64_t burned_nano = 0;
  std::int64_t held_nano = 0;  ///< by all participants
};
RewardSupply reward_supply(const StateReader& state, std::string_view asset);

}  // namespace powershare::ledger
