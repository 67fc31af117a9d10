#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "apps/audit.hpp"
#include "apps/battery_reserves.hpp"
#include "apps/commands.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/progress.hpp"
#include "apps/report.hpp"
#include "apps/running_island.hpp"
#include "apps/simulated_meters.hpp"
#include "apps/stop_signal.hpp"
#include "apps/stored_profiles.hpp"
#include "apps/up_folder.hpp"
#include "market/clearing.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;

/// Without --once the built-in day repeats; this many slots are a bit more than ten years.
constexpr std::uint64_t endless_slots = 400'000;

/// The feed that the options ask for.
struct Plan {
  std::unique_ptr<Profiles> profiles;  ///< null with --empty
  UtcMillis start;
  std::uint64_t first_slot = 0;  ///< of the profiles
  std::uint64_t slots = 0;       ///< to feed
  std::optional<double> speed;
};

Result<UtcMillis> time_option(const char* name, const std::string& text, UtcMillis otherwise) {
  if (text.empty()) return otherwise;
  auto time = parse_iso8601(text);
  if (!time) return Error{AppError::usage, std::string(name) + ": " + time.error().detail()};
  return time;
}

Result<std::optional<double>> speed_option(const std::string& text) {
  if (text == "max") return std::optional<double>{};
  char* end = nullptr;
  const double speed = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(speed > 0) || speed > 1e6) {
    return Error{AppError::usage, "--speed takes a number above 0, as 300, or max"};
  }
  return std::optional<double>{speed};
}

Result<Plan> plan_of(const UpOptions& options) {
  Plan plan;
  if (options.empty) return plan;
  const auto storage = storage_options(options.storage, options.vehicles, options.battery_reserve);
  if (!storage) return storage.error();
  auto slot_ms = parse_duration_ms(options.slot);
  if (!slot_ms || !is_slot_length(*slot_ms)) {
    return Error{AppError::usage, "--slot takes 1m, 5m, 15m, 30m or 1h"};
  }
  if (options.profiles) {
    auto profiles = read_profiles(*options.profiles);
    if (!profiles) return profiles.error();
    plan.profiles = std::move(*profiles);
    if (plan.profiles->slot_ms() != *slot_ms) {
      return Error{AppError::usage, "the profiles are in slots of 15 min: leave --slot at 15m"};
    }
  } else {
    plan.profiles = built_in_profiles(*slot_ms, options.seed);
  }
  if (storage->any()) {
    auto stored = StoredProfiles::make(std::move(plan.profiles), *storage);
    if (!stored) return stored.error();
    plan.profiles = *std::move(stored);
  }
  const auto& profiles = *plan.profiles;
  const bool repeats = !options.profiles && !options.once;
  const auto available = repeats ? endless_slots : profiles.slot_count();
  const UtcMillis end{profiles.start().value + static_cast<std::int64_t>(available) * *slot_ms};
  auto start = time_option("--start", options.start, profiles.start());
  if (!start) return start.error();
  auto until = time_option("--until", options.until, end);
  if (!until) return until.error();
  if (*start < profiles.start() || *until > end || *until <= *start) {
    return Error{AppError::usage, "--start and --until must lie in this order between " +
                                      to_iso8601(profiles.start()) + " and " + to_iso8601(end)};
  }
  if ((start->value - profiles.start().value) % *slot_ms != 0) {
    return Error{AppError::usage, "--start must be the start of a slot"};
  }
  plan.start = *start;
  plan.first_slot = static_cast<std::uint64_t>((start->value - profiles.start().value) / *slot_ms);
  plan.slots = static_cast<std::uint64_t>((until->value - start->value) / *slot_ms);
  auto speed = speed_option(options.speed);
  if (!speed) return speed.error();
  plan.speed = *speed;
  return plan;
}

Result<void> check_options(const UpOptions& options) {
  if (options.microgrids != 1) {
    return Error{AppError::usage,
                 "this version runs one microgrid; several follow with the island chain: leave "
                 "--microgrids at 1"};
  }
  if (options.peers < 4 || options.peers > 13) {
    return Error{AppError::usage, "--peers takes 4 to 13: fewer cannot bear a faulty one"};
  }
  if (options.once && options.detach) {
    return Error{AppError::usage, "--once ends by itself and --detach goes on: give one of them"};
  }
  if (options.once && options.empty) {
    return Error{AppError::usage, "--empty has no profiles that --once could wait for"};
  }
  if (!market::is_rule(options.rule)) {
    return Error{AppError::usage, "--rule takes one of " + market::rule_list()};
  }
  return {};
}

/// Feeds the meters while the main thread, whose children the peers are, watches them.
Result<void> feed(const UpOptions& options, const UpFolder& folder, const Plan& plan,
                  RunningIsland& island) {
  std::optional<Error> fault;
  std::atomic<bool> done{false};
  std::jthread feeder;
  if (plan.profiles) {
    FeedOptions feed_options{.genesis_hash = folder.genesis.hash(),
                             .http_ports = {},
                             .authorities = folder.island.certificate_authority.string(),
                             .feeder_key = *folder.feeder_key,
                             .meter_keys = folder.meter_keys,
                             .first_slot = plan.first_slot,
                             .slots = plan.slots,
                             .speed = plan.speed,
                             .jitter_seed = options.seed};
    for (const auto& peer : folder.island.microgrids.front().peers) {
      feed_options.http_ports.push_back(peer.http_port);
    }
    feeder = std::jthread([&, feed_options = std::move(feed_options)] {
      Progress progress(plan.slots == endless_slots);
      SimulatedMeters meters(*plan.profiles, feed_options);
      auto fed = meters.run(stop_requested, [&](const FeedProgress& now) { progress.show(now); });
      if (!fed) fault = fed.error();
      done = true;
    });
  }
  while (!stop_requested) {
    island.watch();
    if (done && (options.once || fault)) break;
    std::this_thread::sleep_for(100ms);
  }
  if (feeder.joinable()) feeder.join();
  clear_progress();
  if (fault) return *fault;
  return {};
}

int finish_once(const UpOptions& options, const UpFolder& folder, const Plan& plan, bool agreed) {
  auto audit = audit_island(folder.folder);
  if (!audit) return report(audit.error());
  if (!agreed)
    audit->problems.push_back("the peers did not come to stand at the same block within 60 s");
  auto config = load_peer_config(folder.island.microgrids.front().peers.front().config);
  if (!config) return report(config.error());
  const UtcMillis until{plan.start.value +
                        static_cast<std::int64_t>(plan.slots) * plan.profiles->slot_ms()};
  auto statement = read_statement(*config, folder.genesis, plan.start, until);
  if (!statement) return report(statement.error());
  if (statement->community.slots != plan.slots) {
    audit->problems.push_back(std::to_string(statement->community.slots) + " of " +
                              std::to_string(plan.slots) + " slots are settled");
  }
  std::fputs(bills_table(*statement).c_str(), options.json ? stderr : stdout);
  std::fprintf(options.json ? stderr : stdout, "%s\n", audit->summary().c_str());
  if (options.json) std::printf("%s\n", summary_json(*statement, *audit).c_str());
  return audit->ok() ? 0 : static_cast<int>(ExitCode::failed);
}

void print_ready(const UpFolder& folder) {
  const auto& chain = folder.island.microgrids.front();
  const auto* scheme = folder.island.certificate_authority.empty() ? "http" : "https";
  const auto port = chain.peers.front().http_port;
  std::fprintf(stderr,
               "microgrid %s is ready: %zu peers, REST at %s://127.0.0.1:%d, metrics at "
               "http://127.0.0.1:%d/metrics\n",
               chain.id.text().c_str(), chain.peers.size(), scheme, port,
               chain.peers.front().metrics_port);
  std::fprintf(stderr,
               "households: %s://127.0.0.1:%d/, operators: %s://127.0.0.1:%d/console with the "
               "admin_api_key of island.json (a participant's page there invites people)\n",
               scheme, port, scheme, port);
  if (!folder.island.certificate_authority.empty()) {
    std::fprintf(stderr, "its certificates are signed by %s\n",
                 folder.island.certificate_authority.c_str());
  }
  std::fprintf(stderr, "everything else is in %s\n", (folder.folder / "island.json").c_str());
}

/// Tells the process that waits for --detach; nothing otherwise.
void announce(int ready_pipe) {
  if (ready_pipe < 0) return;
  const char ready = '1';
  [[maybe_unused]] const auto written = ::write(ready_pipe, &ready, 1);
  ::close(ready_pipe);
}

int run(const UpOptions& options, const std::filesystem::path& folder_path, int ready_pipe) {
  auto plan = plan_of(options);
  if (!plan) return report(plan.error());
  if (const auto other = running_up(folder_path)) {
    return report(Error{AppError::unavailable, "powershare up runs on " + folder_path.string() +
                                                   " already (pid " + std::to_string(*other) +
                                                   ")"});
  }
  auto folder = prepare_folder(options, folder_path, plan->profiles.get(), plan->start);
  if (!folder) return report(folder.error());
  auto noted = note_running_up(folder_path);
  if (!noted) return report(noted.error());
  install_stop_signals();
  RunningIsland island(*folder, {options.restart, options.detach});
  auto started = island.start();
  if (started) started = island.wait_ready();
  if (!started) {
    island.stop();
    return report(started.error());
  }
  if (auto wished = wish_battery_reserves(options, *folder, plan->profiles.get()); !wished) {
    island.stop();
    return report(wished.error());
  }
  print_ready(*folder);
  announce(ready_pipe);
  auto fed = feed(options, *folder, *plan, island);
  const bool agreed = options.once && fed && island.wait_agreed();
  const bool interrupted = stop_requested;
  const bool orderly = island.stop();
  std::error_code ignored;
  std::filesystem::remove(folder_path / "up.pid", ignored);
  if (!fed) return report(fed.error());
  if (options.once && !interrupted) return finish_once(options, *folder, *plan, agreed);
  if (options.once) std::fprintf(stderr, "powershare: stopped before the profiles were settled\n");
  return orderly && !options.once ? 0 : static_cast<int>(ExitCode::failed);
}

/// Runs in the background and returns once the island is ready.
int run_detached(const UpOptions& options, const std::filesystem::path& folder) {
  auto made = make_folder(folder);
  if (!made) return report(made.error());
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0)
    return report(Error{AppError::unavailable, "pipe: no descriptors left"});
  const pid_t child = ::fork();
  if (child < 0) return report(Error{AppError::unavailable, "fork failed"});
  if (child == 0) {
    ::close(ready[0]);
    ::setsid();
    const int log =
        ::open((folder / "up.log").c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::_exit(run(options, folder, ready[1]));
  }
  ::close(ready[1]);
  char byte = 0;
  const bool is_ready = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  if (is_ready) {
    std::printf("%s\n", (folder / "island.json").c_str());
    return 0;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  auto log = read_file(folder / "up.log");
  if (log) std::fputs(log->substr(log->size() > 4096 ? log->size() - 4096 : 0).c_str(), stderr);
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::failed);
}

}  // namespace

int run_up(const UpOptions& options) {
  crypto::initialise();
  auto checked = check_options(options);
  if (!checked) return report(checked.error());
  if (options.data) {
    const auto folder = std::filesystem::absolute(*options.data).lexically_normal();
    return options.detach ? run_detached(options, folder) : run(options, folder, -1);
  }
  if (!options.once) {
    const auto folder = std::filesystem::absolute("powershare-data");
    return options.detach ? run_detached(options, folder) : run(options, folder, -1);
  }
  // A run that ends by itself leaves nothing behind unless it was told where to.
  auto pattern = (std::filesystem::temp_directory_path() / "powershare-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return report(Error{AppError::storage_error, "no temporary folder can be made: give --data"});
  }
  const int code = run(options, pattern, -1);
  std::error_code ignored;
  // Nor does one that never started an island.
  if (code == 0 || !std::filesystem::exists(pattern + "/island.json", ignored)) {
    std::filesystem::remove_all(pattern, ignored);
  } else {
    std::fprintf(stderr, "powershare: the data stays in %s\n", pattern.c_str());
  }
  return code;
}

}  // namespace powershare::apps
