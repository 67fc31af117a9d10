#include "apps/bench_consensus.hpp"

#include <signal.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/bench_island.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/peer_setup.hpp"
#include "apps/processes.hpp"
#include "apps/stop_signal.hpp"
#include "bench/consensus_load.hpp"
#include "bench/consensus_peer.hpp"
#include "bench/figures.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr auto stop_patience = 15s;
constexpr std::uint64_t max_seconds = 600;
/// More requests per second than any run is expected to reach; so many are made ahead.
constexpr double most_requests_per_second = 90'000;
/// However small they are, no more bundles of several requests are ordered.
constexpr double most_bundles_per_second = 10'000;

struct Signing {
  bool is_signed = true;
  std::uint32_t requests_per_bundle = 1;
};

Result<Signing> parse_signing(const std::string& text) {
  if (text == "each") return Signing{true, 1};
  if (text == "none") return Signing{false, 1};
  std::uint32_t size = 0;
  constexpr std::string_view prefix = "batch:";
  if (text.starts_with(prefix)) {
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + prefix.size(), end, size);
    if (parsed.ptr == end && size >= 1 && size <= bench::max_requests_per_bundle) {
      return Signing{true, size};
    }
  }
  return Error{AppError::usage, "--sign takes each, none, or batch:N with N from 1 to 1000"};
}

/// The peers' processes; they end with this object.
class PeerProcesses {
 public:
  ~PeerProcesses() { stop(); }
  Result<void> start(const std::vector<IslandPeer>& peers, bool is_signed) {
    for (const auto& peer : peers) {
      std::vector<std::string> arguments{own_executable().string(), "bench", "consensus-peer",
                                         "--config", peer.config.string()};
      if (!is_signed) arguments.emplace_back("--unsigned");
      auto pid = start_process(arguments, peer.config.parent_path() / "peer.log", false);
      if (!pid) return pid.error();
      pids_.push_back(*pid);
    }
    return {};
  }
  double cpu_seconds() const {
    double sum = 0;
    for (const auto pid : pids_) sum += bench::cpu_seconds(pid);
    return sum;
  }
  bool stop() {
    const bool orderly = stop_processes(std::exchange(pids_, {}), stop_patience).empty();
    reap_processes();
    return orderly;
  }

 private:
  std::vector<pid_t> pids_;
};

struct Figures {
  BenchConsensusOptions options;
  Signing signing;
  bench::Ceilings ceilings;
  bench::LoadResult load;
  double peer_cpu_seconds = 0;
  bool orderly = true;

  std::uint64_t executed() const {
    return load.at_end.front().requests - load.at_begin.front().requests;
  }
  double per_executed(double amount) const {
    return executed() == 0 ? 0 : amount / static_cast<double>(executed());
  }
  template <class Get>
  double sum_over_peers(const Get& get) const {
    double sum = 0;
    for (std::size_t i = 0; i < load.at_end.size(); ++i) {
      sum += static_cast<double>(get(load.at_end[i]) - get(load.at_begin[i]));
    }
    return sum;
  }
  double requests_per_second() const {
    return load.seconds > 0 ? static_cast<double>(load.requests) / load.seconds : 0;
  }
  /// Every peer verifies each signature once, and does nothing else: so many requests at most.
  std::optional<double> crypto_ceiling() const {
    if (!signing.is_signed) return std::nullopt;
    return ceilings.verifies_per_second * ceilings.cores / options.peers *
           signing.requests_per_bundle;
  }
  double latency(double share) const { return bench::quantile(load.latency_ms, share); }
  bool ok() const { return orderly && load.agreed && load.unanswered == 0 && load.requests > 0; }
};

Result<void> check_options(const BenchConsensusOptions& options) {
  if (options.peers < 4 || options.peers > 13) {
    return Error{AppError::usage, "--peers takes 4 to 13"};
  }
  if (options.payload > bench::max_payload_bytes || options.clients < 1 ||
      options.clients > 10'000 || options.outstanding < 1 ||
      std::uint64_t{options.clients} * options.outstanding > 10'000 || options.rate < 0 ||
      options.seconds < 1 || options.seconds > max_seconds) {
    return Error{AppError::usage,
                 "--payload takes up to 4096 bytes, --clients times --outstanding up to 10000, "
                 "--seconds 1 to 600"};
  }
  return {};
}

bench::LoadOptions load_options(const BenchConsensusOptions& options, const Signing& signing,
                                const Figures& figures) {
  bench::LoadOptions load;
  load.shape = {signing.requests_per_bundle, options.payload, signing.is_signed};
  load.clients = options.clients;
  load.outstanding = options.outstanding;
  load.rate = options.rate;
  load.seconds = static_cast<double>(options.seconds);
  auto requests = most_requests_per_second;
  if (const auto ceiling = figures.crypto_ceiling()) requests = std::min(requests, *ceiling * 1.1);
  if (options.rate > 0) requests = options.rate * 1.1;
  load.bundles_per_second = requests / signing.requests_per_bundle;
  if (signing.requests_per_bundle > 1 && options.rate <= 0) {
    load.bundles_per_second = std::max(load.bundles_per_second, most_bundles_per_second);
  }
  return load;
}

Result<Figures> measure(const BenchConsensusOptions& options) {
  auto checked = check_options(options);
  if (!checked) return checked.error();
  auto signing = parse_signing(options.sign);
  if (!signing) return signing.error();
  auto folder = options.memory ? BenchFolder::make("/dev/shm") : BenchFolder::make();
  if (!folder) return folder.error();
  Figures figures;
  figures.options = options;
  figures.signing = *signing;
  auto ceilings = bench::measure_ceilings(folder->path());
  if (!ceilings) return ceilings.error();
  figures.ceilings = *ceilings;
  UpOptions up;
  up.peers = options.peers;
  up.empty = true;
  auto files = prepare_on_free_ports(up, folder->path(), nullptr);
  if (!files) return files.error();
  auto load = bench::ConsensusLoad::prepare(files->genesis.hash(),
                                            load_options(options, *signing, figures));
  const auto& peers = files->island.microgrids.front().peers;
  PeerProcesses processes;
  auto started = processes.start(peers, signing->is_signed);
  if (!started) return started.error();
  std::vector<std::uint16_t> ports;
  for (const auto& peer : peers) ports.push_back(peer.http_port);
  if (auto connected = load->connect(ports); !connected) {
    folder->keep();
    return connected.error();
  }
  double cpu_at_begin = 0;
  auto result = load->run(
      stop_requested, [&] { cpu_at_begin = processes.cpu_seconds(); },
      [&] { figures.peer_cpu_seconds = processes.cpu_seconds() - cpu_at_begin; });
  if (!result) {
    if (!stop_requested) folder->keep();
    return result.error();
  }
  figures.load = std::move(*result);
  load.reset();
  figures.orderly = processes.stop();
  if (!figures.ok()) folder->keep();
  return figures;
}

Json to_json(const Figures& figures) {
  const auto ceiling = figures.crypto_ceiling();
  const auto rate = figures.requests_per_second();
  Json line = {
      {"peers", figures.options.peers},
      {"payload_bytes", figures.options.payload},
      {"sign", figures.options.sign},
      {"durable", !figures.options.memory},
      {"clients", figures.options.clients},
      {"outstanding", figures.options.outstanding},
      {"rate", figures.options.rate},
      {"seconds", figures.load.seconds},
      {"requests", figures.load.requests},
      {"requests_per_second", rate},
      {"latency_ms_p50", figures.latency(0.5)},
      {"latency_ms_p95", figures.latency(0.95)},
      {"latency_ms_p99", figures.latency(0.99)},
      {"latency_ms_p999", figures.latency(0.999)},
      {"bytes_per_request",
       figures.per_executed(figures.sum_over_peers([](const auto& it) { return it.sent_bytes; }))},
      {"frames_per_request",
       figures.per_executed(figures.sum_over_peers([](const auto& it) { return it.sent_frames; }))},
      {"cpu_seconds_per_request", figures.per_executed(figures.peer_cpu_seconds)},
      {"blocks_per_second", static_cast<double>(figures.load.at_end.front().height -
                                                figures.load.at_begin.front().height) /
                                figures.load.seconds},
      {"log_commits_per_second", figures.sum_over_peers([](const auto& it) {
         return it.log_commits;
       }) / figures.options.peers / figures.load.seconds},
      {"dropped_frames", figures.sum_over_peers([](const auto& it) { return it.dropped_frames; })},
      {"views", figures.load.at_end.front().view},
      {"sent_again", figures.load.sent_again},
      {"refused", figures.load.refused},
      {"unanswered", figures.load.unanswered},
      {"idle_seconds", figures.load.idle_seconds},
      {"exhausted", figures.load.exhausted},
      {"verifies_per_second_per_core", figures.ceilings.verifies_per_second},
      {"cores", figures.ceilings.cores},
      {"fdatasync_ms_p50", figures.ceilings.fdatasync_ms_p50},
      {"crypto_ceiling_per_second", ceiling ? Json(*ceiling) : Json(nullptr)},
      {"share_of_crypto_ceiling", ceiling ? Json(rate / *ceiling) : Json(nullptr)},
      {"agreed", figures.load.agreed}};
  return line;
}

void print(const Figures& figures, std::FILE* out) {
  const auto row = [out](const char* name, double value, const char* unit) {
    std::fprintf(out, "  %-36s %14.3f %s\n", name, value, unit);
  };
  const auto& options = figures.options;
  std::fprintf(out, "%d peers, %u bytes, sign %s, %s, %u clients x %u\n", options.peers,
               options.payload, options.sign.c_str(), options.memory ? "memory" : "durable",
               options.clients, options.outstanding);
  const auto json = to_json(figures);
  for (const auto& [name, value] : json.items()) {
    if (value.is_number() && name != "peers" && name != "payload_bytes") {
      row(name.c_str(), value.get<double>(), "");
    }
  }
  std::fprintf(out, "all peers agree: %s\n", figures.load.agreed ? "yes" : "NO");
}

int run_one(const BenchConsensusOptions& options) {
  auto figures = measure(options);
  if (!figures) return report(figures.error());
  print(*figures, options.json ? stderr : stdout);
  if (options.json) std::printf("%s\n", to_json(*figures).dump().c_str());
  return figures->ok() ? 0 : static_cast<int>(ExitCode::failed);
}

/// The rows of docs/benchmarks.md.
std::vector<BenchConsensusOptions> matrix(const BenchConsensusOptions& base) {
  std::vector<BenchConsensusOptions> rows;
  const auto add = [&](int peers, std::uint32_t payload, const char* sign, bool memory,
                       std::uint32_t clients, std::uint32_t outstanding, double rate) {
    auto row = base;
    row.peers = peers;
    row.payload = payload;
    row.sign = sign;
    row.memory = memory;
    row.clients = clients;
    row.outstanding = outstanding;
    row.rate = rate;
    rows.push_back(row);
  };
  for (const std::uint32_t payload : {0u, 256u, 1024u}) {
    add(4, payload, "each", false, 64, 32, 0);
    add(4, payload, "batch:10", false, 64, 16, 0);
    add(4, payload, "batch:100", false, 64, 4, 0);
    add(4, payload, "none", false, 64, 64, 0);
  }
  add(4, 256, "each", true, 64, 32, 0);
  add(4, 256, "batch:100", true, 64, 4, 0);
  add(4, 256, "none", true, 64, 64, 0);
  add(4, 256, "each", false, 1, 1, 0);
  add(4, 256, "each", true, 1, 1, 0);
  add(4, 256, "each", false, 64, 1, 1'000);
  add(4, 256, "each", false, 64, 1, 2'000);
  add(7, 256, "each", false, 64, 32, 0);
  add(7, 256, "batch:100", false, 64, 4, 0);
  add(7, 256, "none", false, 64, 64, 0);
  add(7, 256, "each", false, 1, 1, 0);
  return rows;
}

int run_table(const BenchConsensusOptions& base) {
  std::printf(
      "| peers | bytes | signed | log | load | requests/s | p50 | p95 | p99 | p99.9 ms | bytes "
      "sent | CPU µs | crypto ceiling | share | fdatasync ms |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  bool good = true;
  for (const auto& options : matrix(base)) {
    if (stop_requested) break;
    auto figures = measure(options);
    if (!figures) return report(figures.error());
    good = good && figures->ok();
    const auto load = options.rate > 0 ? std::to_string(static_cast<int>(options.rate)) + "/s open"
                                       : std::to_string(options.clients) + " × " +
                                             std::to_string(options.outstanding);
    const auto ceiling = figures->crypto_ceiling();
    const auto rate = figures->requests_per_second();
    char ceiling_text[64] = "– | –";
    if (ceiling) {
      std::snprintf(ceiling_text, sizeof ceiling_text, "%.0f | %.0f %%", *ceiling,
                    100 * rate / *ceiling);
    }
    std::printf(
        "| %d | %u | %s | %s | %s | %.0f | %.1f | %.1f | %.1f | %.1f | %.0f | %.0f | %s | %.2f "
        "|%s\n",
        options.peers, options.payload, options.sign.c_str(), options.memory ? "memory" : "disk",
        load.c_str(), rate, figures->latency(0.5), figures->latency(0.95), figures->latency(0.99),
        figures->latency(0.999), figures->per_executed(figures->sum_over_peers([](const auto& it) {
          return it.sent_bytes;
        })),
        figures->per_executed(figures->peer_cpu_seconds) * 1e6, ceiling_text,
        figures->ceilings.fdatasync_ms_p50, figures->ok() ? "" : " FAILED");
    std::fflush(stdout);
  }
  return good && !stop_requested ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace

int run_bench_consensus(const BenchConsensusOptions& options) {
  crypto::initialise();
  install_stop_signals();
  return options.table ? run_table(options) : run_one(options);
}

int run_bench_consensus_peer(const BenchConsensusPeerOptions& options) {
  crypto::initialise();
  // Blocked before the first thread is made, so that only sigwait() below gets them.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  auto setup = load_peer_setup(options.config, false);
  if (!setup) return report(setup.error());
  auto peer = bench::ConsensusPeer::start({std::move(*setup), !options.unsigned_requests}, die);
  if (!peer) return report(peer.error());
  int received = 0;
  ::sigwait(&signals, &received);
  return 0;
}

}  // namespace powershare::apps
