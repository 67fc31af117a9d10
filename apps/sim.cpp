#include "apps/sim.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/exit_codes.hpp"
#include "crypto/keys.hpp"
#include "sim/simulator.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t min_peers = 4;
constexpr std::uint32_t max_peers = 13;

struct Run {
  sim::SimulationOptions options;
  sim::SimulationResult result;
};

/// What all runs of a command came to.
struct Totals {
  std::uint64_t seeds = 0;
  double seconds = 0;  ///< of both runs of each seed
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t transactions = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t messages = 0;
  std::uint64_t view_changes = 0;
  std::uint64_t highest_view = 0;
  std::uint64_t crashes = 0;
  std::uint64_t transfers = 0;
  std::uint64_t logs_replaced = 0;
  std::uint64_t ledgers_replaced = 0;
  std::int64_t virtual_ms = 0;
  std::int64_t first_commit_ms = 0;
  std::int64_t healing_ms = 0;
  std::map<std::string, std::uint64_t> faults_seen;
  std::map<std::string, std::uint64_t> crashes_at;

  double virtual_hours() const { return static_cast<double>(virtual_ms) / 3.6e6; }
  /// Each seed is run twice, to compare the digests.
  double hours_per_second() const { return 2 * virtual_hours() / std::max(seconds, 1e-9); }

  void add(const sim::SimulationResult& result) {
    ++seeds;
    events += result.events;
    blocks += result.blocks;
    transactions += result.transactions;
    acknowledged += result.acknowledged;
    messages += result.messages;
    view_changes += result.view_changes;
    highest_view = std::max(highest_view, result.highest_view);
    crashes += result.crashes;
    transfers += result.transfers;
    logs_replaced += result.logs_replaced;
    ledgers_replaced += result.ledgers_replaced;
    virtual_ms += result.virtual_ms;
    first_commit_ms = std::max(first_commit_ms, result.first_commit_ms);
    healing_ms = std::max(healing_ms, result.healing_ms);
    for (const auto& [name, count] : result.faults_seen) faults_seen[name] += count;
    for (const auto& [point, count] : result.crashes_at) crashes_at[point] += count;
  }
};

sim::SimulationOptions options_of(const SimOptions& options, std::uint64_t seed) {
  sim::SimulationOptions run;
  run.seed = seed;
  run.steps = options.steps;
  run.peers = options.peers;
  if (run.peers == 0) run.peers = options.seeds > 1 ? sim::peers_of_seed(seed) : min_peers;
  if (!options.faults.empty()) run.faults = sim::parse_faults(options.faults);
  if (options.faults == "all") run.faults->remove(sim::Fault::byzantine);  // see check_usage
  run.real_signatures =
      options.real_signatures || (options.seeds > 1 && sim::real_signatures_in(seed));
  run.history = options.history;
  return run;
}

void print_violation(std::FILE* out, const Run& run) {
  const auto& result = run.result;
  std::fprintf(out, "violated: %s\n  %s\n", result.invariant.c_str(), result.violation.c_str());
  std::fprintf(out, "last events that concern it:\n");
  for (const auto& line : result.history) std::fprintf(out, "  %s\n", line.c_str());
  std::fprintf(out, "faults: %s\ncommit: %s\nrepeat: powershare sim %s\n", result.faults.c_str(),
               POWERSHARE_COMMIT, sim::repeat_arguments(run.options).c_str());
}

void print_row(std::FILE* out, const char* name, std::uint64_t value) {
  std::fprintf(out, "  %-34s %12llu\n", name, static_cast<unsigned long long>(value));
}

void print_table(std::FILE* out, const Totals& totals) {
  print_row(out, "events", totals.events);
  print_row(out, "messages delivered", totals.messages);
  print_row(out, "blocks", totals.blocks);
  print_row(out, "transactions executed", totals.transactions);
  print_row(out, "acknowledged with f + 1 receipts", totals.acknowledged);
  print_row(out, "view changes asked for", totals.view_changes);
  print_row(out, "highest view", totals.highest_view);
  print_row(out, "crashes", totals.crashes);
  for (const auto& [point, count] : totals.crashes_at) {
    print_row(out, ("  " + point).c_str(), count);
  }
  print_row(out, "logs lost and rebuilt", totals.logs_replaced);
  print_row(out, "ledgers fetched anew", totals.ledgers_replaced);
  print_row(out, "state transfers", totals.transfers);
  for (const auto& [name, count] : totals.faults_seen) {
    print_row(out, ("fault " + name).c_str(), count);
  }
  print_row(out, "ms from healing to a commit, most",
            static_cast<std::uint64_t>(totals.first_commit_ms));
  print_row(out, "ms from healing to equality, most",
            static_cast<std::uint64_t>(totals.healing_ms));
  std::fprintf(out, "  %-34s %12.1f s\n", "virtual time",
               static_cast<double>(totals.virtual_ms) / 1'000);
  std::fprintf(out, "  %-34s %12.1f s, %.3f simulated hours per second\n", "took", totals.seconds,
               totals.hours_per_second());
}

/// One sentence where the options cannot be followed.
std::optional<std::string> check_usage(const SimOptions& options) {
  if (options.peers != 0 && (options.peers < min_peers || options.peers > max_peers)) {
    return "--peers: 4 to 13";
  }
  if (options.steps == 0 || options.seeds == 0) return "--steps and --seeds: at least 1";
  if (options.faults.empty() || options.faults == "all") return std::nullopt;
  const auto faults = sim::parse_faults(options.faults);
  if (!faults) {
    std::string names;
    for (const auto& name : sim::fault_names()) names += " " + name;
    return "--faults: unknown fault in \"" + options.faults + "\"; there are all, none," + names;
  }
  if (faults->has(sim::Fault::byzantine)) {
    return "--faults: this build has no Byzantine strategies; "
           "build/release/tests/sim/test_sim_pbft "
           "of the tests has, and takes the same options";
  }
  return std::nullopt;
}

Json json_line(const SimOptions& options, const Totals& totals, const Run& last) {
  Json line{{"seed", options.seed},
            {"seeds", totals.seeds},
            {"steps", options.steps},
            {"peers", last.options.peers},
            {"faults", last.result.faults},
            {"events", totals.events},
            {"messages", totals.messages},
            {"blocks", totals.blocks},
            {"transactions", totals.transactions},
            {"acknowledged", totals.acknowledged},
            {"views", totals.highest_view},
            {"view_changes", totals.view_changes},
            {"crashes", totals.crashes},
            {"crashes_at", totals.crashes_at},
            {"faults_seen", totals.faults_seen},
            {"transfers", totals.transfers},
            {"logs_replaced", totals.logs_replaced},
            {"ledgers_replaced", totals.ledgers_replaced},
            {"first_commit_ms", totals.first_commit_ms},
            {"healing_ms", totals.healing_ms},
            {"virtual_hours", totals.virtual_hours()},
            {"seconds", totals.seconds},
            {"simulated_hours_per_second", totals.hours_per_second()},
            {"digest", last.result.digest},
            {"commit", POWERSHARE_COMMIT},
            {"ok", last.result.ok},
            {"violation", nullptr}};
  if (last.result.ok) return line;
  line["violation"] = {{"invariant", last.result.invariant},
                       {"what", last.result.violation},
                       {"seed", last.options.seed},
                       {"repeat", "powershare sim " + sim::repeat_arguments(last.options)},
                       {"history", last.result.history}};
  return line;
}

/// Runs one seed after the other, until one fails; gives the last.
Run run_seeds(const SimOptions& options, Totals& totals) {
  Run run;
  const auto begin = Clock::now();
  auto told = begin;
  while (totals.seeds < options.seeds && run.result.ok) {
    run.options = options_of(options, options.seed + totals.seeds);
    run.result = sim::simulate_twice(run.options);
    totals.add(run.result);
    if (Clock::now() - told < std::chrono::seconds(2)) continue;
    told = Clock::now();
    std::fprintf(stderr, "%llu of %llu seeds\n", static_cast<unsigned long long>(totals.seeds),
                 static_cast<unsigned long long>(options.seeds));
  }
  totals.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return run;
}

}  // namespace

int run_sim(const SimOptions& options) {
  if (const auto wrong = check_usage(options)) {
    std::fprintf(stderr, "powershare: %s\n", wrong->c_str());
    return static_cast<int>(ExitCode::usage);
  }
  crypto::initialise();
  Totals totals;
  const auto last = run_seeds(options, totals);
  auto* out = options.json ? stderr : stdout;
  if (options.history && last.result.ok) {
    for (const auto& line : last.result.history) std::fprintf(out, "%s\n", line.c_str());
  }
  std::fprintf(out, "%llu seeds from %llu on, %llu steps each, run twice\n",
               static_cast<unsigned long long>(totals.seeds),
               static_cast<unsigned long long>(options.seed),
               static_cast<unsigned long long>(options.steps));
  if (totals.seeds == 1) {
    std::fprintf(out, "  %u peers, faults: %s, digest %s\n", last.options.peers,
                 last.result.faults.c_str(), last.result.digest.c_str());
  }
  print_table(out, totals);
  if (!last.result.ok) print_violation(out, last);
  std::fprintf(out, last.result.ok ? "every invariant held\n" : "an invariant does not hold\n");
  if (options.json) std::printf("%s\n", json_line(options, totals, last).dump().c_str());
  return static_cast<int>(last.result.ok ? ExitCode::ok : ExitCode::failed);
}

}  // namespace powershare::apps
