// Who may own what and trade with whom: the thesis's §3.2.2 as one table.
#pragma once

#include "ledger/participants.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Resident: energy, coins, cash. ElectricVehicle: energy, coins. Bank: coins, cash.
/// UtilityCompany: energy, coins.
bool may_own(ParticipantType owner, AssetClass asset);
/// Energy for coins (EnergyToCoins): Residents, ElectricVehicles and UtilityCompanies with one
/// another, but no two UtilityCompanies.
bool may_trade_energy(ParticipantType seller, ParticipantType buyer);
/// Cash for coins (CashToCoins): between a Resident and a Bank, both directions.
bool may_exchange_cash(ParticipantType one, ParticipantType other);
/// Coins (TransferCoinsToEV): between a Resident and an ElectricVehicle, both directions. (Between
/// two Residents from feature level 3 on, which execution sees to.)
bool may_transfer_coins(ParticipantType from, ParticipantType to);
/// CashFundingResident and CashWithdrawalResident: Residents.
bool may_fund_cash(ParticipantType type);

}  // namespace powershare::ledger
