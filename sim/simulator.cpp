#include "sim/simulator.hpp"

#include "sim/simulation.hpp"

namespace powershare::sim {

SimulationResult simulate(const SimulationOptions& options) {
  return Simulation(options).run();
}

SimulationResult simulate_twice(const SimulationOptions& options) {
  auto first = simulate(options);
  if (!first.ok) return first;
  const auto second = simulate(options);
  if (second.digest == first.digest && second.events == first.events) return first;
  first.ok = false;
  first.invariant = "determinism";
  first.violation = "the same seed ran once with digest " + first.digest + " and " +
                    std::to_string(first.events) + " events, and once with " + second.digest +
                    " and " + std::to_string(second.events);
  return first;
}

std::uint32_t peers_of_seed(std::uint64_t seed) {
  constexpr std::uint32_t sizes[] = {4, 4, 4, 5, 7, 4, 6, 10};
  return sizes[seed % 8];
}

bool real_signatures_in(std::uint64_t seed) {
  return seed % 50 == 0;
}

std::string repeat_arguments(const SimulationOptions& options) {
  auto text = "--seed " + std::to_string(options.seed) + " --steps " +
              std::to_string(options.steps) + " --peers " + std::to_string(options.peers);
  if (options.faults) text += " --faults " + options.faults->text();
  if (options.real_signatures) text += " --real-signatures";
  return text;
}

}  // namespace powershare::sim
