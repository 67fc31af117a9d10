// How high the sun stands over a place: integers only, so that every peer computes the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace powershare::ledger {

/// A place on earth in thousandths of a degree; north and east are positive.
struct Site {
  std::int32_t latitude = 0;   ///< -90,000 to 90,000
  std::int32_t longitude = 0;  ///< -180,000 to 180,000
  friend bool operator==(const Site&, const Site&) = default;
};
/// "32.7,-16.9": degrees with at most three decimals.
std::string to_text(const Site& site);
/// LedgerError::malformed.
Result<Site> parse_site(std::string_view text);

/// The elevation of the sun's centre above the horizon, without refraction, in thousandths of a
/// degree. Good to a quarter of a degree between 1970 and 2100.
std::int32_t sun_elevation(UtcMillis time, const Site& site);

}  // namespace powershare::ledger
