// Formulas by which other systems settle a slot, beside the clearing rules: penalties, balancing
// energy, SolarCoin. What they are worth to us, and where they come from: docs/market.md.
#pragma once

#include "base/quantities.hpp"
#include "market/error.hpp"
#include "market/keys.hpp"
#include "market/order.hpp"

namespace powershare::market {

/// Penalty for a deviation (gsy-dex): a buyer that drew more than it bought, or a seller that fed
/// in less than it sold, pays `rate` for the difference. BaseError::overflow.
Result<Coins> deviation_penalty(Side side, Energy traded, Energy metered, Price rate);

/// Balancing energy (lemlab): what a participant's meter shows beyond its trades.
struct Balancing {
  Energy positive;  ///< fed in more, or drew less
  Energy negative;  ///< fed in less, or drew more
  friend bool operator==(const Balancing&, const Balancing&) = default;
};
/// `net_export`: metered, negative where energy is drawn. BaseError::overflow.
Result<Balancing> balancing_energy(Energy bought, Energy sold, Energy net_export);

/// SolarCoin: one whole coin for each MWh of solar energy; what is left is carried to the next
/// claim.
struct SolarGrant {
  std::int64_t coins = 0;
  Energy carry;
  friend bool operator==(const SolarGrant&, const SolarGrant&) = default;
};
/// Both >= 0. BaseError::overflow.
Result<SolarGrant> solarcoin_grant(Energy carried, Energy metered);

/// Shares of the next slot by what each member needs in this one (gsy-e's dynamic coefficients);
/// `before` where nobody needs anything.
Amounts shares_by_need(const Amounts& needs, const Amounts& before);

}  // namespace powershare::market
