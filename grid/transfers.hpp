// What a trade between two houses costs the feeder: more or less loss in its lines.
//
// A trade of p kW at an operating point is p kW more drawn at the buyer and p kW more fed in at the
// seller, at power factor 1. Phases and direction matter: it may also lower the losses.
#pragma once

#include "grid/power_flow.hpp"

namespace powershare::grid {

/// Loss in W that a trade of `kw` adds to `base`, the solution of `demand`; negative: it saves that
/// much. Errors as solve(); GridError::out_of_range for positions that are no loads.
Result<double> transfer_loss_w(const Feeder& feeder, const Demand& demand, const PowerFlow& base,
                               std::uint32_t seller, std::uint32_t buyer, double kw,
                               const FlowLimits& limits = {});

/// How much the loss grows with what each load draws, W per W, by load: the central difference of
/// `step_kw` more and less at power factor 1. A small trade costs its buyer's less its seller's.
Result<std::vector<double>> marginal_losses(const Feeder& feeder, const Demand& demand,
                                            const PowerFlow& base, const FlowLimits& limits = {},
                                            double step_kw = 0.05);

}  // namespace powershare::grid
