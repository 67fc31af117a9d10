// The mutant build: each known bug of protocol/pbft/planted.hpp must be found by the simulator
// within 1,000 seeds, counted from seed 1, and the same seed must be clean without the bug. A run
// of a mutant is a process of its own: what breaks an assertion, which ends it, is found as well.
//   test_sim_planted [--full] [--bug NAME] [--seeds N] [--first S] [--steps N]
//   test_sim_planted --bug none --first S   shows what seed S does without a bug
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/assert.hpp"
#include "crypto/keys.hpp"
#include "protocol/pbft/planted.hpp"
#include "sim/simulator.hpp"
#include "tests/sim/adversaries/catalogue.hpp"

namespace {

using powershare::pbft::Bug;
namespace sim = powershare::sim;
using Count = unsigned long long;

/// What shows a bug sooner than the whole swarm does; --full leaves it out.
struct Entry {
  const char* name;
  Bug bug;
  const char* adversary = "";  ///< this strategy alone; empty: as drawn
  const char* faults = "";     ///< these; empty: as drawn
};
#define PLANTED(name, ...) \
  { #name, Bug::name __VA_OPT__(, ) __VA_ARGS__ }
constexpr Entry bugs[] = {
    PLANTED(quorum_2f),
    PLANTED(small_certificate, "forged_certificates", "byzantine"),
    PLANTED(digest_without_view),
    PLANTED(commit_before_prepared),
    PLANTED(primary_counted_twice, "equivocation", "byzantine,loss,delay,one-way"),
    PLANTED(accepted_not_persisted),
    PLANTED(prepared_not_persisted),
    PLANTED(view_change_not_persisted),
    PLANTED(restart_enters_view, "", "crashes,delay,selective,partitions"),
    PLANTED(recovering_votes, "", "lost-logs,crashes,delay,loss"),
    PLANTED(prepared_forgotten),
    PLANTED(prepared_unverified, "forged_certificates", "byzantine,selective,delay,clogs"),
    PLANTED(lowest_view_wins, "hidden_prepared", "byzantine,selective,delay,clogs,one-way"),
    PLANTED(new_view_unchecked, "lying_new_view", "byzantine,selective,delay,clogs"),
    PLANTED(new_view_too_few, "lying_new_view", "byzantine,selective,delay,clogs"),
    PLANTED(no_join),
    PLANTED(highest_view_join, "view_spam", "byzantine"),
    PLANTED(uncapped_timer, "frozen_primary", "byzantine,outage"),
    PLANTED(censorship_timer, "censorship", "byzantine"),
    PLANTED(no_window, "bad_proposals", "byzantine"),
    PLANTED(checkpoint_without_quorum),
    PLANTED(double_execution),
    PLANTED(unsigned_sender, "impersonation", "byzantine"),
    PLANTED(chain_not_signed, "forged_certificates", "byzantine"),
    PLANTED(request_unchecked, "bad_proposals", "byzantine"),
    PLANTED(entry_unverified, "forged_certificates", "byzantine"),
    PLANTED(blocks_uncertified, "wrong_state", "byzantine,crashes,partitions,slow-peers"),
};
#undef PLANTED

struct Hunt {
  sim::SimulationOptions options;
  std::uint64_t first = 1;
  std::uint64_t seeds = 1'000;
};

/// Seeds that show something without any planted bug: no proof of anything else, and no good news.
using DirtySeeds = std::set<std::pair<std::string, std::uint64_t>>;

struct Outcome {
  bool ok = true;
  std::string invariant;  ///< "assertion" where the program itself noticed
  std::string what;
};

struct Find {
  std::uint64_t seed = 0;
  Outcome outcome;
};

sim::SimulationOptions options_of(const Hunt& hunt, std::uint64_t seed) {
  auto options = hunt.options;
  options.seed = seed;
  options.peers = sim::peers_of_seed(seed);
  return options;
}

/// In the child of a fork: what was violated goes into the pipe, as does an assertion's sentence.
[[noreturn]] void run_as_child(const sim::SimulationOptions& options, int out) {
  ::dup2(out, STDERR_FILENO);
  const auto result = sim::simulate(options);
  if (!result.ok) {
    std::fprintf(stderr, "%s\n%s", result.invariant.c_str(), result.violation.c_str());
    std::fflush(stderr);
  }
  ::_exit(result.ok ? 0 : 1);
}

Outcome run_apart(const sim::SimulationOptions& options) {
  int ends[2];
  ::pid_t child = 0;
  {
    // Nobody else's child may hold this pipe open.
    static std::mutex forking;
    const std::lock_guard lock(forking);
    PS_ASSERT(::pipe(ends) == 0);
    child = ::fork();
    PS_ASSERT(child >= 0);
    if (child == 0) run_as_child(options, ends[1]);
    ::close(ends[1]);
  }
  std::string text;
  char buffer[4'096];
  for (::ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  PS_ASSERT(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 1) return {false, "assertion", text};
  const auto line = text.find('\n');
  return {false, text.substr(0, line), text.substr(line + 1)};
}

/// The first seed that shows the bug; two threads share the seeds.
std::optional<Find> search(const Hunt& hunt) {
  std::atomic<std::uint64_t> next{hunt.first};
  std::atomic<std::uint64_t> best{hunt.first + hunt.seeds};
  std::mutex found;
  std::optional<Find> find;
  const auto work = [&] {
    for (auto seed = next++; seed < best; seed = next++) {
      auto outcome = run_apart(options_of(hunt, seed));
      if (outcome.ok) continue;
      const std::lock_guard lock(found);
      if (seed >= best) continue;
      best = seed;
      find = Find{seed, std::move(outcome)};
    }
  };
  {
    std::jthread other(work);
    work();
  }
  return find;
}

bool clean_without_bug(const Hunt& hunt, std::uint64_t seed, DirtySeeds& dirty) {
  const auto faults = hunt.options.faults ? hunt.options.faults->text() : "as drawn";
  if (dirty.contains({faults, seed})) return false;
  const auto clean = sim::simulate(options_of(hunt, seed));
  if (clean.ok) return true;
  dirty.insert({faults, seed});
  std::printf("VIOLATION without any planted bug in seed %llu: %s: %s\n", Count{seed},
              clean.invariant.c_str(), clean.violation.c_str());
  for (const auto& line : clean.history) std::printf("    %s\n", line.c_str());
  for (const auto& liar : clean.byzantine) std::printf("  %s\n", liar.c_str());
  std::printf("  faults %s\n", clean.faults.c_str());
  return false;
}

bool hunt_down(const Entry& entry, Hunt hunt, DirtySeeds& dirty) {
  const auto begin = std::chrono::steady_clock::now();
  const auto end = hunt.first + hunt.seeds;
  while (hunt.first < end) {
    powershare::pbft::planted_bug = entry.bug;
    const auto find = search(hunt);
    powershare::pbft::planted_bug = Bug::none;
    if (!find) break;
    if (!clean_without_bug(hunt, find->seed, dirty)) {
      hunt.first = find->seed + 1;
      hunt.seeds = end - hunt.first;
      continue;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto& [ok, invariant, what] = find->outcome;
    std::printf("%-26s %4llu  %-20s %.1f s  %s\n", entry.name, Count{find->seed}, invariant.c_str(),
                took.count(), what.substr(0, what.find('\n')).c_str());
    return true;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-26s not found up to seed %llu, %.1f s\n", entry.name, Count{end - 1},
              took.count());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  powershare::crypto::initialise();
  Hunt hunt;
  hunt.options.adversaries = sim::drawn_adversaries();
  hunt.options.steps = 5'000;
  std::string only;
  bool narrow = true;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--full") narrow = false;
    if (option == "--full" || i + 1 == argc) continue;
    ++i;
    const auto number = std::strtoull(argv[i], nullptr, 10);
    if (option == "--bug") only = argv[i];
    if (option == "--seeds") hunt.seeds = number;
    if (option == "--first") hunt.first = number;
    if (option == "--steps") hunt.options.steps = number;
  }
  DirtySeeds dirty;
  if (only == "none") return clean_without_bug(hunt, hunt.first, dirty) ? 0 : 1;
  std::printf("%-26s %4s  %s\n", "planted bug", "seed", "what named it");
  std::uint64_t hunted = 0;
  std::uint64_t found = 0;
  for (const auto& entry : bugs) {
    if (!only.empty() && only != entry.name) continue;
    ++hunted;
    auto narrowed = hunt;
    if (narrow && *entry.adversary != 0) {
      narrowed.options.adversaries = sim::drawn_adversaries(entry.adversary);
    }
    if (narrow && *entry.faults != 0) narrowed.options.faults = sim::parse_faults(entry.faults);
    if (hunt_down(entry, narrowed, dirty)) ++found;
  }
  std::printf("%llu of %llu planted bugs found\n", Count{found}, Count{hunted});
  return hunted > 0 && found == hunted && dirty.empty() ? 0 : 1;
}
