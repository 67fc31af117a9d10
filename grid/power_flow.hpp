// Voltages, currents and losses of a radial feeder: unbalanced three-phase backward/forward sweep.
//
// Loads draw constant power. The source is balanced and stiff, angles 0, -120 and +120 degrees.
// Each sweep takes the loads' currents at the voltages so far, adds them up towards the source and
// lets the lines' voltage drops follow outwards, until no voltage moves any more (Shirmohammadi et
// al., IEEE Trans. Power Systems 3(2), 1988).
#pragma once

#include <span>

#include "grid/feeder.hpp"

namespace powershare::grid {

struct FlowLimits {
  double line_to_line_v = 416;  ///< at the source; by phase this over the square root of 3
  double tolerance_v = 1e-9;    ///< a sweep that moves no voltage by more is the last one
  int max_sweeps = 200;
};

/// Where the voltage is lowest, over all buses and phases.
struct LowestVoltage {
  double volt = 0;
  std::uint32_t bus = 0;
  std::uint8_t phase = 0;
};

struct PowerFlow {
  std::vector<Phases> voltages;     ///< phase to neutral, V, by bus
  std::vector<Phases> currents;     ///< A, by line, away from the source
  std::vector<double> line_loss_w;  ///< by line
  Phases source_va{};               ///< what the source delivers
  double loss_w = 0;                ///< over all lines; the transformer is not among them
  int sweeps = 0;

  LowestVoltage lowest() const;
};

/// What is drawn at each bus and phase, VA; negative: fed in.
using Demand = std::vector<Phases>;

/// The demand of the feeder's loads at these powers in kW, by load. What draws does so at its
/// power factor, what feeds in (kW < 0) at 1. GridError::out_of_range unless there is a finite
/// power for each load.
Result<Demand> demand_of(const Feeder& feeder, std::span<const double> load_kw);

/// GridError::no_convergence; GridError::out_of_range unless `demand` has an entry for each bus.
/// `start`: a solution of a similar demand, from which fewer sweeps lead to the end.
Result<PowerFlow> solve(const Feeder& feeder, const Demand& demand, const FlowLimits& limits = {},
                        const PowerFlow* start = nullptr);

}  // namespace powershare::grid
