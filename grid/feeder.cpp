#include "grid/feeder.hpp"

#include <algorithm>

namespace powershare::grid {

Line make_line(std::string name, std::uint32_t from, std::uint32_t to, double length_m,
               const SequenceImpedance& impedance) {
  const double km = length_m / 1000;
  const Complex zero = impedance.zero_ohm_per_km * km;
  const Complex positive = impedance.positive_ohm_per_km * km;
  return {std::move(name),        from, to, length_m, (zero + 2.0 * positive) / 3.0,
          (zero - positive) / 3.0};
}

std::optional<std::uint32_t> Feeder::find_load(std::string_view name) const {
  const auto found =
      std::find_if(loads.begin(), loads.end(), [&](const Load& load) { return load.name == name; });
  if (found == loads.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - loads.begin());
}

Result<Feeder> make_feeder(std::vector<Bus> buses, std::vector<Line> lines, std::vector<Load> loads,
                           std::uint32_t source) {
  if (source >= buses.size()) return Error{GridError::out_of_range, "the source is no bus"};
  for (const Load& load : loads) {
    if (load.bus >= buses.size() || load.phase > 2) {
      return Error{GridError::out_of_range, "load " + load.name + ": no such bus or phase"};
    }
  }
  std::vector<std::vector<std::uint32_t>> at_bus(buses.size());
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    if (lines[i].from >= buses.size() || lines[i].to >= buses.size()) {
      return Error{GridError::out_of_range, "line " + lines[i].name + ": no such bus"};
    }
    at_bus[lines[i].from].push_back(i);
    at_bus[lines[i].to].push_back(i);
  }
  Feeder feeder{std::move(buses), {}, std::move(loads), source};
  std::vector<bool> bus_reached(feeder.buses.size());
  std::vector<bool> line_taken(lines.size());
  std::vector<std::uint32_t> queue{source};
  bus_reached[source] = true;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const std::uint32_t bus = queue[next];
    for (const std::uint32_t index : at_bus[bus]) {
      if (line_taken[index]) continue;
      line_taken[index] = true;
      Line line = std::move(lines[index]);
      if (line.to == bus) std::swap(line.from, line.to);
      if (bus_reached[line.to]) {
        return Error{GridError::not_radial, "line " + line.name + " closes a ring"};
      }
      bus_reached[line.to] = true;
      queue.push_back(line.to);
      feeder.lines.push_back(std::move(line));
    }
  }
  const auto lost = std::find(bus_reached.begin(), bus_reached.end(), false);
  if (lost != bus_reached.end()) {
    const auto& name = feeder.buses[static_cast<std::size_t>(lost - bus_reached.begin())].name;
    return Error{GridError::not_radial, "no line leads from the source to bus " + name};
  }
  return feeder;
}

}  // namespace powershare::grid
