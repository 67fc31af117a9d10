// The mutant build: each known bug of protocol/pbft/planted.hpp must be found by the simulator
// within 1,000 seeds, counted from seed 1.
//   test_sim_planted [--bug NAME] [--seeds N] [--first S] [--steps N]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "crypto/keys.hpp"
#include "protocol/pbft/planted.hpp"
#include "sim/simulator.hpp"
#include "tests/sim/adversaries/catalogue.hpp"

namespace {

using powershare::pbft::Bug;
namespace sim = powershare::sim;

struct Entry {
  const char* name;
  Bug bug;
};
#define PLANTED(name) \
  { #name, Bug::name }
constexpr Entry bugs[] = {
    PLANTED(quorum_2f),
    PLANTED(small_certificate),
    PLANTED(digest_without_view),
    PLANTED(commit_before_prepared),
    PLANTED(primary_counted_twice),
    PLANTED(accepted_not_persisted),
    PLANTED(prepared_not_persisted),
    PLANTED(view_change_not_persisted),
    PLANTED(restart_enters_view),
    PLANTED(recovering_votes),
    PLANTED(prepared_forgotten),
    PLANTED(prepared_unverified),
    PLANTED(lowest_view_wins),
    PLANTED(new_view_unchecked),
    PLANTED(new_view_too_few),
    PLANTED(no_join),
    PLANTED(highest_view_join),
    PLANTED(uncapped_timer),
    PLANTED(censorship_timer),
    PLANTED(no_window),
    PLANTED(checkpoint_without_quorum),
    PLANTED(double_execution),
    PLANTED(unsigned_sender),
    PLANTED(other_chain),
    PLANTED(request_unchecked),
    PLANTED(entry_unverified),
    PLANTED(blocks_uncertified),
    PLANTED(chunk_unchecked),
};
#undef PLANTED

/// The first seed that shows the bug, 0 for none.
std::uint64_t hunt(const Entry& entry, const sim::SimulationOptions& options, std::uint64_t first,
                   std::uint64_t seeds) {
  powershare::pbft::planted_bug = entry.bug;
  for (auto seed = first; seed < first + seeds; ++seed) {
    auto one = options;
    one.seed = seed;
    one.peers = sim::peers_of_seed(seed);
    const auto result = sim::simulate(one);
    if (result.ok) continue;
    std::printf("%-26s seed %4llu  %s: %s\n", entry.name, static_cast<unsigned long long>(seed),
                result.invariant.c_str(),
                result.violation.substr(0, result.violation.find('\n')).c_str());
    return seed;
  }
  std::printf("%-26s not found\n", entry.name);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  powershare::crypto::initialise();
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  sim::SimulationOptions options;
  options.adversaries = sim::drawn_adversaries();
  std::string only;
  std::uint64_t seeds = 1'000;
  std::uint64_t first = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--bug") only = argv[i + 1];
    if (option == "--seeds") seeds = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--first") first = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--steps") options.steps = std::strtoull(argv[i + 1], nullptr, 10);
  }
  bool all = true;
  for (const auto& entry : bugs) {
    if (!only.empty() && only != entry.name) continue;
    all = hunt(entry, options, first, seeds) != 0 && all;
  }
  return all ? 0 : 1;
}
