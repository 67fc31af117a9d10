// ctest entry sim.pbft: many seeds of the simulator. POWERSHARE_SIM_SEEDS sets how many,
// `test_sim_pbft --seed S [--steps N]
// [--peers n] [--trace]` repeats one exactly.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sim/simulator.hpp"
#include "tests/sim/adversaries/catalogue.hpp"

namespace {

using powershare::sim::SimulationOptions;
using powershare::sim::SimulationResult;

constexpr std::uint32_t group_sizes[] = {4, 4, 4, 5, 7, 4, 6, 10};

void print(const SimulationOptions& options, const SimulationResult& result) {
  std::printf(
      "seed %llu peers %u: events %llu blocks %llu requests %llu views %llu crashes %llu "
      "transfers %llu snapshots %llu recoveries %llu repeated %llu healing %lld ms of %lld %s\n",
      static_cast<unsigned long long>(options.seed), options.peers,
      static_cast<unsigned long long>(result.events),
      static_cast<unsigned long long>(result.blocks),
      static_cast<unsigned long long>(result.requests),
      static_cast<unsigned long long>(result.view_changes),
      static_cast<unsigned long long>(result.crashes),
      static_cast<unsigned long long>(result.transfers),
      static_cast<unsigned long long>(result.snapshots),
      static_cast<unsigned long long>(result.recoveries),
      static_cast<unsigned long long>(result.repeated), static_cast<long long>(result.healing_ms),
      static_cast<long long>(result.virtual_ms), result.fingerprint.substr(0, 16).c_str());
}

bool run(const SimulationOptions& options, bool verbose) {
  const auto result = powershare::sim::simulate(options);
  if (verbose) print(options, result);
  if (result.ok) return true;
  std::printf(
      "VIOLATION in seed %llu: %s\nrepeat: test_sim_pbft --seed %llu --steps %llu --peers %u"
      "%s --trace\n",
      static_cast<unsigned long long>(options.seed), result.violation.c_str(),
      static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(options.steps),
      options.peers, options.real_signatures ? " --real" : "");
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a violation is seen even if the run is cut short
  std::uint64_t seeds = std::getenv("POWERSHARE_LONG") != nullptr ? 10'000 : 1'000;
  if (const char* text = std::getenv("POWERSHARE_SIM_SEEDS"))
    seeds = std::strtoull(text, nullptr, 10);
  SimulationOptions one;
  one.adversaries = powershare::sim::drawn_adversaries();
  bool single = false;
  bool verbose = false;
  std::uint64_t first = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (option == "--seed") {
      one.seed = value();
      single = true;
    } else if (option == "--steps") {
      one.steps = value();
    } else if (option == "--peers") {
      one.peers = static_cast<std::uint32_t>(value());
    } else if (option == "--first") {
      first = value();
    } else if (option == "--trace") {
      one.trace = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    } else if (option == "--real") {
      one.real_signatures = true;
    } else if (option == "--adversary") {
      one.adversaries = powershare::sim::drawn_adversaries(argv[++i]);
    } else if (option == "--verbose") {
      verbose = true;
    }
  }
  if (single) return run(one, true) ? 0 : 1;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SimulationOptions options = one;
    options.seed = seed;
    options.peers = group_sizes[seed % 8];
    options.real_signatures = seed % 50 == 0;
    if (!run(options, verbose)) ++failed;
  }
  std::printf("%llu seeds, %llu failed\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
