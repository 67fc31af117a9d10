// The two price functions of NRG-X-Change (Mihaylov and others, 2014), in integers.
#pragma once

#include "base/quantities.hpp"
#include "market/error.hpp"

namespace powershare::market {

/// What happens at the substation in a slot, >= 0.
struct Substation {
  Energy injected;  ///< tp
  Energy drawn;     ///< tc
};

/// g = x^n × q / exp((tp - tc)² / a): coins for who injects `energy`. a = `tolerance_nano` in
/// kWh² > 0; n = `exponent` >= 1. Within 2 nano-coins for each coin of x^n × q, rounded down.
/// BaseError::overflow.
Result<Coins> nrgcoin_paid(Energy energy, const Substation& at, Price top_rate,
                           std::int64_t tolerance_nano, unsigned exponent = 1);

/// h = y × r × tc / (tc + tp): coins from who draws `energy`; 0 where nothing flows. Rounded half
/// to even.
Result<Coins> nrgcoin_charged(Energy energy, const Substation& at, Price rate);

}  // namespace powershare::market
