#include "ledger/trading_rights.hpp"

namespace powershare::ledger {
namespace {

/// Partners as bits, one per participant type.
constexpr unsigned bit(ParticipantType type) { return 1U << static_cast<unsigned>(type); }
constexpr unsigned resident = bit(ParticipantType::resident);
constexpr unsigned vehicle = bit(ParticipantType::electric_vehicle);
constexpr unsigned bank = bit(ParticipantType::bank);
constexpr unsigned utility = bit(ParticipantType::utility_company);

struct Row {
  ParticipantType type;
  bool owns_energy, owns_coins, owns_cash;
  unsigned energy_with;  ///< EnergyToCoins, as seller or buyer
  unsigned cash_with;    ///< CashToCoins, on either side
  unsigned coins_with;   ///< TransferCoinsToEV, either direction
  bool funds_cash;
};

constexpr Row table[] = {
    // type                              EN     CO    CA     energy with                   cash      coins     funds
    {ParticipantType::resident, true, true, true, resident | vehicle | utility, bank, vehicle, true},
    {ParticipantType::electric_vehicle, true, true, false, resident | vehicle | utility, 0, resident,
     false},
    {ParticipantType::bank, false, true, true, 0, resident, 0, false},
    {ParticipantType::utility_company, true, true, false, resident | vehicle, 0, 0, false},
};

/// A row without any right for a type that is none.
constexpr Row nobody{};

const Row& row(ParticipantType type) {
  for (const auto& entry : table) {
    if (entry.type == type) return entry;
  }
  return nobody;
}

}  // namespace

bool may_own(ParticipantType owner, AssetClass asset) {
  switch (asset) {
    case AssetClass::energy:
      return row(owner).owns_energy;
    case AssetClass::coins:
      return row(owner).owns_coins;
    case AssetClass::cash:
      return row(owner).owns_cash;
  }
  return false;
}

bool may_trade_energy(ParticipantType seller, ParticipantType buyer) {
  return (row(seller).energy_with & bit(buyer)) != 0;
}

bool may_exchange_cash(ParticipantType one, ParticipantType other) {
  return (row(one).cash_with & bit(other)) != 0;
}

bool may_transfer_coins(ParticipantType from, ParticipantType to) {
  return (row(from).coins_with & bit(to)) != 0;
}

bool may_fund_cash(ParticipantType type) { return row(type).funds_cash; }

}  // namespace powershare::ledger
