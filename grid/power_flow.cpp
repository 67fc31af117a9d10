#include "grid/power_flow.hpp"

#include <cmath>
#include <numbers>

namespace powershare::grid {
namespace {

Phases source_voltages(double line_to_line_v) {
  const double volt = line_to_line_v / std::numbers::sqrt3;
  const double third = 2 * std::numbers::pi / 3;
  return {std::polar(volt, 0.0), std::polar(volt, -third), std::polar(volt, third)};
}

/// Voltage lost along a line: its phase matrix times the current.
Phases drop(const Line& line, const Phases& current) {
  const Complex own = line.self_ohm - line.mutual_ohm;
  const Complex shared = line.mutual_ohm * (current[0] + current[1] + current[2]);
  return {own * current[0] + shared, own * current[1] + shared, own * current[2] + shared};
}

/// Currents of the lines, away from the source, at the voltages of `flow`.
void sweep_back(const Feeder& feeder, const Demand& demand, PowerFlow& flow,
                std::vector<Phases>& at_bus) {
  for (std::size_t bus = 0; bus < demand.size(); ++bus) {
    for (std::size_t phase = 0; phase < 3; ++phase) {
      const Complex va = demand[bus][phase];
      at_bus[bus][phase] = va == Complex{} ? Complex{} : std::conj(va / flow.voltages[bus][phase]);
    }
  }
  for (std::size_t i = feeder.lines.size(); i-- > 0;) {
    const Line& line = feeder.lines[i];
    flow.currents[i] = at_bus[line.to];
    for (std::size_t phase = 0; phase < 3; ++phase) {
      at_bus[line.from][phase] += at_bus[line.to][phase];
    }
  }
}

/// Voltages that follow from the currents; gives the square of the largest change.
double sweep_forward(const Feeder& feeder, PowerFlow& flow) {
  double largest = 0;
  for (std::size_t i = 0; i < feeder.lines.size(); ++i) {
    const Line& line = feeder.lines[i];
    const Phases lost = drop(line, flow.currents[i]);
    for (std::size_t phase = 0; phase < 3; ++phase) {
      const Complex volt = flow.voltages[line.from][phase] - lost[phase];
      const double moved = std::norm(volt - flow.voltages[line.to][phase]);
      // Not a number stays, so that it is seen below.
      if (!(moved <= largest)) largest = moved;
      flow.voltages[line.to][phase] = volt;
    }
  }
  return largest;
}

void add_up(const Feeder& feeder, const std::vector<Phases>& at_bus, PowerFlow& flow) {
  flow.line_loss_w.resize(feeder.lines.size());
  for (std::size_t i = 0; i < feeder.lines.size(); ++i) {
    const Phases lost = drop(feeder.lines[i], flow.currents[i]);
    double watt = 0;
    for (std::size_t phase = 0; phase < 3; ++phase) {
      watt += (lost[phase] * std::conj(flow.currents[i][phase])).real();
    }
    flow.line_loss_w[i] = watt;
    flow.loss_w += watt;
  }
  for (std::size_t phase = 0; phase < 3; ++phase) {
    flow.source_va[phase] =
        flow.voltages[feeder.source][phase] * std::conj(at_bus[feeder.source][phase]);
  }
}

}  // namespace

LowestVoltage PowerFlow::lowest() const {
  LowestVoltage result{INFINITY, 0, 0};
  for (std::uint32_t bus = 0; bus < voltages.size(); ++bus) {
    for (std::uint8_t phase = 0; phase < 3; ++phase) {
      const double volt = std::abs(voltages[bus][phase]);
      if (volt < result.volt) result = {volt, bus, phase};
    }
  }
  return result;
}

Result<Demand> demand_of(const Feeder& feeder, std::span<const double> load_kw) {
  if (load_kw.size() != feeder.loads.size()) {
    return Error{GridError::out_of_range, "not one power for each load"};
  }
  Demand demand(feeder.buses.size());
  for (std::size_t i = 0; i < load_kw.size(); ++i) {
    const Load& load = feeder.loads[i];
    if (!std::isfinite(load_kw[i])) {
      return Error{GridError::out_of_range, "load " + load.name + ": no power"};
    }
    const double kvar = load_kw[i] > 0 ? load_kw[i] * std::tan(std::acos(load.power_factor)) : 0;
    demand[load.bus][load.phase] += Complex{load_kw[i], kvar} * 1000.0;
  }
  return demand;
}

Result<PowerFlow> solve(const Feeder& feeder, const Demand& demand, const FlowLimits& limits,
                        const PowerFlow* start) {
  const std::size_t buses = feeder.buses.size();
  if (demand.size() != buses || (start != nullptr && start->voltages.size() != buses)) {
    return Error{GridError::out_of_range, "not one demand for each bus"};
  }
  const Phases source = source_voltages(limits.line_to_line_v);
  PowerFlow flow;
  flow.voltages = start != nullptr ? start->voltages : std::vector<Phases>(buses, source);
  flow.voltages[feeder.source] = source;
  flow.currents.resize(feeder.lines.size());
  std::vector<Phases> at_bus(buses);
  for (double moved = INFINITY; !(moved <= limits.tolerance_v * limits.tolerance_v);) {
    if (flow.sweeps == limits.max_sweeps || std::isnan(moved)) {
      return Error{GridError::no_convergence, "the feeder cannot deliver what is drawn (after " +
                                                  std::to_string(flow.sweeps) + " sweeps)"};
    }
    sweep_back(feeder, demand, flow, at_bus);
    moved = sweep_forward(feeder, flow);
    ++flow.sweeps;
  }
  add_up(feeder, at_bus, flow);
  return flow;
}

}  // namespace powershare::grid
