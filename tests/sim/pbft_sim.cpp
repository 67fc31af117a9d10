// ctest entry sim.pbft: many seeds of the simulator, each run twice, on two threads.
// `test_sim_pbft --seed S [--steps N] [--peers n] [--faults LIST]
// [--adversary NAME] [--history]` repeats one.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "crypto/keys.hpp"
#include "sim/simulator.hpp"
#include "tests/sim/adversaries/catalogue.hpp"

namespace {

using powershare::sim::SimulationOptions;
using powershare::sim::SimulationResult;
using Count = unsigned long long;

struct Campaign {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1'000;
  SimulationOptions base;
  bool peers_given = false;
  std::string adversary;  ///< the one strategy; empty: as drawn
  bool verbose = false;
};

SimulationOptions options_of(const Campaign& campaign, std::uint64_t seed) {
  auto options = campaign.base;
  options.seed = seed;
  if (!campaign.peers_given) options.peers = powershare::sim::peers_of_seed(seed);
  options.real_signatures = options.real_signatures || powershare::sim::real_signatures_in(seed);
  return options;
}

void print(const SimulationOptions& options, const SimulationResult& result) {
  std::printf(
      "seed %llu peers %u: events %llu blocks %llu transactions %llu acknowledged %llu views %llu "
      "crashes %llu transfers %llu logs %llu ledgers %llu first commit %lld ms equal %lld ms of "
      "%lld ms epochs %llu faults %s %s\n",
      Count{options.seed}, options.peers, Count{result.events}, Count{result.blocks},
      Count{result.transactions}, Count{result.acknowledged}, Count{result.highest_view},
      Count{result.crashes}, Count{result.transfers}, Count{result.logs_replaced},
      Count{result.ledgers_replaced}, static_cast<long long>(result.first_commit_ms),
      static_cast<long long>(result.healing_ms), static_cast<long long>(result.virtual_ms),
      Count{result.epochs}, result.faults.c_str(), result.digest.c_str());
  for (const auto& liar : result.byzantine) std::printf("  %s\n", liar.c_str());
}

void print_violation(const Campaign& campaign, const SimulationOptions& options,
                     const SimulationResult& result) {
  std::printf("VIOLATION of %s in seed %llu: %s\n", result.invariant.c_str(), Count{options.seed},
              result.violation.c_str());
  for (const auto& line : result.history) std::printf("    %s\n", line.c_str());
  for (const auto& liar : result.byzantine) std::printf("  %s\n", liar.c_str());
  auto repeat = powershare::sim::repeat_arguments(options);
  if (!campaign.adversary.empty()) repeat += " --adversary " + campaign.adversary;
  std::printf("faults: %s\ncommit: %s\nrepeat: test_sim_pbft %s\n", result.faults.c_str(),
              POWERSHARE_COMMIT, repeat.c_str());
}

int run_one(const Campaign& campaign) {
  const auto& options = campaign.base;
  const auto result = powershare::sim::simulate_twice(options);
  print(options, result);
  if (result.ok && options.history) {
    for (const auto& line : result.history) std::printf("    %s\n", line.c_str());
  }
  if (!result.ok) print_violation(campaign, options, result);
  return result.ok ? 0 : 1;
}

int run_all(const Campaign& campaign) {
  std::atomic<std::uint64_t> next{campaign.first};
  std::atomic<std::uint64_t> failed{0};
  std::mutex output;
  std::uint64_t events = 0, epochs = 0, raised = 0, byzantine_epochs = 0;
  std::int64_t virtual_ms = 0, slowest_commit_ms = 0, slowest_equal_ms = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (auto seed = next++; seed < campaign.first + campaign.seeds; seed = next++) {
      const auto options = options_of(campaign, seed);
      const auto result = powershare::sim::simulate_twice(options);
      const std::lock_guard lock(output);
      events += 2 * result.events;
      epochs += result.epochs;
      if (!result.byzantine.empty()) byzantine_epochs += result.epochs;
      if (result.level_raised) ++raised;
      virtual_ms += result.virtual_ms;
      slowest_commit_ms = std::max(slowest_commit_ms, result.first_commit_ms);
      slowest_equal_ms = std::max(slowest_equal_ms, result.healing_ms);
      if (campaign.verbose) print(options, result);
      if (result.ok) continue;
      ++failed;
      print_violation(campaign, options, result);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(work);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%llu seeds × %llu steps, each twice: %llu failed, %.1f s, %.0f events/s, %.2f simulated "
      "hours per second, first commit at most %lld ms and all equal at most %lld ms after "
      "healing; %llu changes of members (%llu beside Byzantine ones), feature level raised %llu "
      "times\n",
      Count{campaign.seeds}, Count{campaign.base.steps}, Count{failed.load()}, took.count(),
      static_cast<double>(events) / took.count(),
      2 * static_cast<double>(virtual_ms) / 3.6e6 / took.count(),
      static_cast<long long>(slowest_commit_ms), static_cast<long long>(slowest_equal_ms),
      Count{epochs}, Count{byzantine_epochs}, Count{raised});
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a violation is seen even if the run is cut short
  powershare::crypto::initialise();
  Campaign campaign;
  campaign.base.adversaries = powershare::sim::drawn_adversaries();
  campaign.base.steps = std::getenv("POWERSHARE_LONG") != nullptr ? 50'000 : 5'000;
  if (const char* text = std::getenv("POWERSHARE_SIM_SEEDS")) {
    campaign.seeds = std::strtoull(text, nullptr, 10);
  }
  bool single = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto text = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    const auto number = [&] { return std::strtoull(text().c_str(), nullptr, 10); };
    if (option == "--seed") {
      campaign.base.seed = number();
      single = true;
    } else if (option == "--seeds") {
      campaign.seeds = number();
    } else if (option == "--first") {
      campaign.first = number();
    } else if (option == "--steps") {
      campaign.base.steps = number();
    } else if (option == "--peers") {
      campaign.base.peers = static_cast<std::uint32_t>(number());
      campaign.peers_given = true;
    } else if (option == "--faults") {
      campaign.base.faults = powershare::sim::parse_faults(text());
      if (!campaign.base.faults) return std::fprintf(stderr, "unknown fault\n"), 64;
    } else if (option == "--adversary") {
      campaign.adversary = text();
      campaign.base.adversaries = powershare::sim::drawn_adversaries(campaign.adversary);
      if (!campaign.base.adversaries) return std::fprintf(stderr, "unknown strategy\n"), 64;
    } else if (option == "--real-signatures") {
      campaign.base.real_signatures = true;
    } else if (option == "--history") {
      campaign.base.history = true;
    } else if (option == "--verbose") {
      campaign.verbose = true;
    } else {
      return std::fprintf(stderr, "unknown option %s\n", option.c_str()), 64;
    }
  }
  if (single) return run_one(campaign);
  return run_all(campaign);
}
