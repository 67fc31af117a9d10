// What a meter measures right now. Told among the peers of a chain, never agreed on and never
// billed (DECISIONS 57): no execution reads it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace powershare::ledger {

struct LivePower {
  static constexpr std::int32_t max_watts = 1'000'000'000;

  MeterId meter;
  UtcMillis at;                   ///< by the clock of the peer that was told
  std::int32_t watts_import = 0;  ///< 0 to max_watts, as the two others
  std::int32_t watts_export = 0;
  std::optional<std::int32_t> watts_pv;       ///< what the plant makes
  std::optional<std::int16_t> soc_per_mille;  ///< state of charge of the battery, 0 to 1,000
  friend bool operator==(const LivePower&, const LivePower&) = default;
};

/// The means of one minute.
struct LiveMinute {
  UtcMillis start;
  std::int32_t watts_import = 0;
  std::int32_t watts_export = 0;
  std::optional<std::int32_t> watts_pv;
  std::optional<std::int16_t> soc_per_mille;
  friend bool operator==(const LiveMinute&, const LiveMinute&) = default;
};

}  // namespace powershare::ledger
