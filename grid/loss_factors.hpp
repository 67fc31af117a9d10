// Loss factors of a feeder: what a kWh from one house to another costs in its lines, over several
// operating points, as integers that a ledger can take.
#pragma once

#include "grid/transfers.hpp"

namespace powershare::grid {

/// How a factor is found.
enum class LossMethod : std::uint8_t {
  /// Derivative at the operating point: what the next small trade adds. 110 power flows for 55
  /// houses; factor(a -> b) = -factor(b -> a).
  marginal = 1,
  /// A trade of `trade_kw` on top of the operating point: what it adds, by its size. A power flow
  /// for
  /// every pair; the sum of both directions is above 0, since losses grow with the square.
  average,
};

/// Factors between all loads, and what they were found at.
struct PairLosses {
  std::size_t loads = 0;
  std::vector<double> factors;   ///< W per W, mean over the operating points; by seller × buyer
  std::vector<double> marginal;  ///< method marginal: W per W drawn, mean, by load; else empty
  double drawn_kw = 0;           ///< by all loads, mean over the points
  double lost_kw = 0;            ///< in all lines, mean
  double lowest_v = 0;           ///< at any point

  double factor(std::size_t seller, std::size_t buyer) const {
    return factors[seller * loads + buyer];
  }
};

/// `points`: the loads' powers in kW, one entry per operating point, all of the same weight. Errors
/// as demand_of() and solve(); GridError::out_of_range without points or a size of the trade.
Result<PairLosses> pair_losses(const Feeder& feeder, std::span<const std::vector<double>> points,
                               LossMethod method, double trade_kw, const FlowLimits& limits = {});

/// The factor between two zones as the ledger has it: nano-kWh per kWh.
struct ZoneLoss {
  std::uint32_t from = 0;  ///< the sellers' zone
  std::uint32_t to = 0;    ///< the buyers' zone
  std::int64_t loss_nano = 0;
  friend bool operator==(const ZoneLoss&, const ZoneLoss&) = default;
};

/// The mean over all pairs of loads of two zones, rounded to the nearest nano-kWh; where it is
/// negative 0, since a ledger books losses as a cost and no saving (DECISIONS 42), and at most 1.
/// Sorted by zones; pairs of zones without two different loads are left out. `zone_of` by load.
std::vector<ZoneLoss> zone_losses(const PairLosses& losses, std::span<const std::uint32_t> zone_of,
                                  std::uint32_t zones);

}  // namespace powershare::grid
