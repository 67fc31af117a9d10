#include "grid/loss_factors.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/assert.hpp"

namespace powershare::grid {
namespace {

/// Adds one operating point's factors to the sums in `result`.
Result<void> add_marginal(const Feeder& feeder, const Demand& demand, const PowerFlow& base,
                          const FlowLimits& limits, PairLosses& result) {
  const auto marginal = marginal_losses(feeder, demand, base, limits);
  if (!marginal) return marginal.error();
  result.marginal.resize(result.loads);
  for (std::size_t seller = 0; seller < result.loads; ++seller) {
    result.marginal[seller] += (*marginal)[seller];
    for (std::size_t buyer = 0; buyer < result.loads; ++buyer) {
      result.factors[seller * result.loads + buyer] += (*marginal)[buyer] - (*marginal)[seller];
    }
  }
  return {};
}

Result<void> add_average(const Feeder& feeder, const Demand& demand, const PowerFlow& base,
                         double trade_kw, const FlowLimits& limits, PairLosses& result) {
  for (std::uint32_t seller = 0; seller < result.loads; ++seller) {
    for (std::uint32_t buyer = 0; buyer < result.loads; ++buyer) {
      if (seller == buyer) continue;
      const auto loss_w = transfer_loss_w(feeder, demand, base, seller, buyer, trade_kw, limits);
      if (!loss_w) return loss_w.error();
      result.factors[seller * result.loads + buyer] += *loss_w / (trade_kw * 1000);
    }
  }
  return {};
}

}  // namespace

Result<PairLosses> pair_losses(const Feeder& feeder, std::span<const std::vector<double>> points,
                               LossMethod method, double trade_kw, const FlowLimits& limits) {
  if (points.empty()) return Error{GridError::out_of_range, "no operating point"};
  if (method == LossMethod::average && !(trade_kw > 0)) {
    return Error{GridError::out_of_range, "a trade is larger than 0 kW"};
  }
  PairLosses result;
  result.loads = feeder.loads.size();
  result.factors.resize(result.loads * result.loads);
  result.lowest_v = INFINITY;
  for (const auto& load_kw : points) {
    const auto demand = demand_of(feeder, load_kw);
    if (!demand) return demand.error();
    const auto base = solve(feeder, *demand, limits);
    if (!base) return base.error();
    const auto added = method == LossMethod::marginal
                           ? add_marginal(feeder, *demand, *base, limits, result)
                           : add_average(feeder, *demand, *base, trade_kw, limits, result);
    if (!added) return added.error();
    for (const double kw : load_kw) result.drawn_kw += kw;
    result.lost_kw += base->loss_w / 1000;
    result.lowest_v = std::min(result.lowest_v, base->lowest().volt);
  }
  const double share = 1 / static_cast<double>(points.size());
  for (double& factor : result.factors) factor *= share;
  for (double& factor : result.marginal) factor *= share;
  result.drawn_kw *= share;
  result.lost_kw *= share;
  return result;
}

std::vector<ZoneLoss> zone_losses(const PairLosses& losses, std::span<const std::uint32_t> zone_of,
                                  std::uint32_t zones) {
  PS_ASSERT(zone_of.size() == losses.loads);
  struct Mean {
    double sum = 0;
    std::size_t pairs = 0;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, Mean> means;
  for (std::size_t seller = 0; seller < losses.loads; ++seller) {
    PS_ASSERT(zone_of[seller] < zones);
    for (std::size_t buyer = 0; buyer < losses.loads; ++buyer) {
      if (seller == buyer) continue;
      Mean& mean = means[{zone_of[seller], zone_of[buyer]}];
      mean.sum += losses.factor(seller, buyer);
      ++mean.pairs;
    }
  }
  std::vector<ZoneLoss> result;
  for (const auto& [pair, mean] : means) {
    const double factor = std::clamp(mean.sum / static_cast<double>(mean.pairs), 0.0, 1.0);
    result.push_back({pair.first, pair.second, std::llround(factor * 1e9)});
  }
  return result;
}

}  // namespace powershare::grid
