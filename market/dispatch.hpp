// Dispatch of a community's batteries by efficiency (after ETHome: Schlund, German and others,
// 2018): what an inverter loses depends on its power, so that it matters how many share a load.
// Pure, integers only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "market/grid_service_error.hpp"

namespace powershare::market {

/// A battery that runs at p kW loses a + b p + c p² kW; one that stands still loses nothing.
struct ConversionLoss {
  std::int64_t a_nano = 0;  ///< kW; 0 … 10
  std::int64_t b_nano = 0;  ///< 0 … 1
  std::int64_t c_nano = 0;  ///< 1/kW; 0 … 10
};

struct CommunityBattery {
  std::string id;  ///< unique
  Energy stored;
  Energy least;                    ///< what stays in it, the reserve included
  Energy most;                     ///< what fits in
  std::int64_t power_nano_kw = 0;  ///< at most, each way; > 0
};

struct DispatchLimits {
  static constexpr std::size_t max_batteries = 10'000;
  static constexpr std::int64_t max_power_nano_kw = 10'000 * nano_per_unit;
};

struct Dispatch {
  std::vector<std::int64_t> power_nano_kw;  ///< by battery; > 0 gives, < 0 takes
  std::uint32_t batteries = 0;              ///< that run
  std::int64_t loss_nano_kw = 0;            ///< of all of them, rounded up
  std::int64_t missing_nano_kw = 0;         ///< of the power, with its sign
};

/// How many of equal batteries give `power` with the least losses. n a + b P + c P² / n is least at
/// n* = P √(c/a); of its whole neighbours the one with less, which is the smallest n with
/// a n (n + 1) >= c P². At least 1, at most `available`.
std::uint32_t best_battery_count(const ConversionLoss& loss, std::int64_t power_nano_kw,
                                 std::uint32_t available);

/// Shares `power_nano_kw` (> 0: the batteries give, < 0: they take) over a slot among as many as
/// best_battery_count() says, or as many more as it takes: the fullest first where they give, the
/// emptiest where they take, by the part of what fits in, ties by id. So they take turns. None goes
/// below `least` or above `most`; energy is counted on the store's side, losses within. Updates
/// what is stored. GridServiceError::bad_dispatch.
Result<Dispatch> dispatch(std::vector<CommunityBattery>& batteries, const ConversionLoss& loss,
                          std::int64_t power_nano_kw, std::int64_t slot_ms);

/// a + b p + c p², rounded up; 0 for a battery that stands still.
std::int64_t conversion_loss(const ConversionLoss& loss, std::int64_t power_nano_kw);

}  // namespace powershare::market
