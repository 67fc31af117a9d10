#include "grid/transfers.hpp"

namespace powershare::grid {
namespace {

/// `demand` with `kw` more at a load.
void draw(const Feeder& feeder, Demand& demand, std::uint32_t load, double kw) {
  const Load& at = feeder.loads[load];
  demand[at.bus][at.phase] += kw * 1000;
}

}  // namespace

Result<double> transfer_loss_w(const Feeder& feeder, const Demand& demand, const PowerFlow& base,
                               std::uint32_t seller, std::uint32_t buyer, double kw,
                               const FlowLimits& limits) {
  if (seller >= feeder.loads.size() || buyer >= feeder.loads.size()) {
    return Error{GridError::out_of_range, "a trade of a load that is not there"};
  }
  Demand changed = demand;
  draw(feeder, changed, buyer, kw);
  draw(feeder, changed, seller, -kw);
  auto flow = solve(feeder, changed, limits, &base);
  if (!flow) return flow.error();
  return flow->loss_w - base.loss_w;
}

Result<std::vector<double>> marginal_losses(const Feeder& feeder, const Demand& demand,
                                            const PowerFlow& base, const FlowLimits& limits,
                                            double step_kw) {
  if (!(step_kw > 0)) return Error{GridError::out_of_range, "a step is above 0 kW"};
  std::vector<double> result;
  Demand changed = demand;
  for (std::uint32_t load = 0; load < feeder.loads.size(); ++load) {
    const Complex before = changed[feeder.loads[load].bus][feeder.loads[load].phase];
    double loss_w[2];
    for (const int side : {0, 1}) {
      draw(feeder, changed, load, side == 0 ? step_kw : -step_kw);
      auto flow = solve(feeder, changed, limits, &base);
      if (!flow) return flow.error();
      loss_w[side] = flow->loss_w;
      changed[feeder.loads[load].bus][feeder.loads[load].phase] = before;
    }
    result.push_back((loss_w[0] - loss_w[1]) / (2 * step_kw * 1000));
  }
  return result;
}

}  // namespace powershare::grid
