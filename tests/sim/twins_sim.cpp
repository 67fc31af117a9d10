// ctest entry sim.twins: scenarios of twins, evenly spread over each family; all of the small one
// with POWERSHARE_LONG. `test_sim_twins --members n --rounds r --scenario I` repeats one.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "crypto/keys.hpp"
#include "crypto/quorum.hpp"
#include "tests/sim/twins.hpp"

namespace {

using powershare::sim::TwinsFamily;
using Count = unsigned long long;

struct Totals {
  std::atomic<std::uint64_t> scenarios{0}, violations{0}, equivocations{0}, events{0};
};

bool run_one(const TwinsFamily& family, std::uint64_t index, bool twice, Totals& totals) {
  const auto result = powershare::sim::run_twins(family, index);
  auto violation = result.violation;
  if (twice && powershare::sim::run_twins(family, index).digest != result.digest) {
    violation = "determinism: the second run went another way";
  }
  ++totals.scenarios;
  totals.events += result.events;
  if (result.equivocated) ++totals.equivocations;
  if (violation.empty()) return true;
  ++totals.violations;
  static std::mutex output;
  const std::lock_guard lock(output);
  std::printf(
      "VIOLATION of %s\n  %s\n  repeat: test_sim_twins --members %u --rounds %u --scenario "
      "%llu\n",
      violation.c_str(), powershare::sim::scenario(family, index).text().c_str(), family.members,
      family.rounds, Count{index});
  return false;
}

/// `wanted` scenarios, as far from one another as can be.
void sample(const TwinsFamily& family, std::uint64_t wanted, Totals& totals) {
  const auto count = family.count();
  const auto chosen = std::min(wanted, count);
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < chosen; i = next++) {
      // An odd stride near the golden ratio reaches every digit of the index.
      const auto index = chosen == count ? i : (i * 0x9e37'79b9'7f4a'7c15u >> 11) % count;
      run_one(family, index, i % 16 == 0, totals);
    }
  };
  std::jthread other(work);
  work();
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  powershare::crypto::initialise();
  const bool all = std::getenv("POWERSHARE_LONG") != nullptr;
  TwinsFamily family;
  std::uint64_t wanted = 0;
  bool single = false;
  std::uint64_t index = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    const auto number = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--members") family.members = static_cast<std::uint32_t>(number);
    if (option == "--rounds") family.rounds = static_cast<std::uint32_t>(number);
    if (option == "--sample") wanted = number;
    if (option == "--scenario") {
      single = true;
      index = number;
    }
  }
  family.twins = powershare::crypto::max_faulty(family.members);
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  if (single) {
    std::printf("%s\n", powershare::sim::scenario(family, index).text().c_str());
    run_one(family, index, true, totals);
  } else if (wanted > 0) {
    sample(family, wanted, totals);
  } else {
    sample({4, 1, 2, 3}, all ? ~std::uint64_t{0} : 400, totals);
    sample({4, 1, 4, 2}, all ? 20'000 : 400, totals);
    sample({7, 2, 4, 2}, all ? 10'000 : 100, totals);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf(
      "Twins: %llu scenarios, %llu violations (%llu in which the twins contradicted each "
      "other), %.1f s, %.0f events/s\n",
      Count{totals.scenarios.load()}, Count{totals.violations.load()},
      Count{totals.equivocations.load()}, took.count(),
      static_cast<double>(totals.events.load()) / took.count());
  const bool real = totals.equivocations > 0 || single;
  return totals.violations == 0 && real ? 0 : 1;
}
