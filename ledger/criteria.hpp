// What a household's trading criteria come to in one slot: prices, windows and partners resolved
// (DESIGN §6, DECISIONS 45).
#pragma once

#include <vector>

#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

struct CriteriaLimits {
  static constexpr std::size_t max_windows = 16;   ///< per side
  static constexpr std::size_t max_partners = 64;  ///< per side
};

/// One side of a household's standing orders in one slot.
struct SideStance {
  bool open = true;  ///< switched on, and the slot's start lies inside its windows
  Price price;       ///< not yet compared with tariff and feed-in
  std::vector<ParticipantRef> partners;  ///< none: anyone
};
struct Stance {
  SideStance sell;
  SideStance buy;
  bool only_renewable = false;
  bool pay_more_for_green = false;
  Energy battery_reserve;
};

/// Of the criteria in force in the slot, else of the registry rates. A price that is tied to the
/// tariff, or automatic, follows `supply`; without a supplier it is the registry rate.
Stance stance_of(const StateReader& state, const ParticipantRef& participant, UtcMillis slot,
                 const Supply& supply);

}  // namespace powershare::ledger
