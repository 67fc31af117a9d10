#include "apps/bench_ingest.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "apps/bench_island.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/feeder.hpp"
#include "apps/reading_delivery.hpp"
#include "apps/stop_signal.hpp"
#include "bench/figures.hpp"

namespace powershare::apps {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using bench::Ceilings;
using bench::quantile;

constexpr std::uint32_t reading_seconds = 10;
constexpr std::uint64_t readings_per_meter = 360;  // all in the one slot that is open
/// Readings may end this much before island time says so (Parameters::future_reading_ms).
constexpr std::int64_t clock_behind_ms = 5 * millis_per_minute;
constexpr auto ledger_patience = 120s;
constexpr auto ledger_poll_interval = 20ms;
constexpr auto retry_interval = 20ms;
constexpr std::size_t max_attempts = 500;  // about 10 s

/// The readings of the meters that report to one peer, in requests, and what became of them.
class Sender {
 public:
  Sender(std::size_t peer, const std::vector<std::uint16_t>& ports) : peer_(peer), peers_(ports) {}

  void add(std::string body, std::uint64_t readings) {
    requests_.push_back({std::move(body), readings});
  }
  std::size_t requests() const { return requests_.size(); }

  /// Posts one request after the other: at `begin` + `offset` + k · `interval`, or at once where
  /// `interval` is 0; none is begun after `end`. Latencies count from when a request was due, so
  /// that waiting behind a slow one is part of them.
  void run(Clock::time_point begin, Clock::duration offset, Clock::duration interval,
           Clock::time_point end) {
    auto due = begin + offset;
    for (const auto& request : requests_) {
      if (interval.count() > 0) {
        std::this_thread::sleep_until(due);
      } else {
        due = Clock::now();
      }
      if (Clock::now() >= end || stop_requested || fault_) return;
      if (!post(request)) return;
      last_ = Clock::now();
      acknowledge_ms_.push_back(Seconds(last_ - due).count() * 1000);
      acknowledged_ += request.readings;
      due += interval;
    }
  }

  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t retries() const { return retries_; }
  Clock::time_point last() const { return last_; }
  const std::vector<double>& acknowledge_ms() const { return acknowledge_ms_; }
  const std::optional<Error>& fault() const { return fault_; }

 private:
  struct Request {
    std::string body;
    std::uint64_t readings = 0;
  };

  /// A peer that cannot take more now says so with 503 or 429; then the same goes to it again.
  bool post(const Request& request) {
    for (std::size_t attempt = 0; attempt < max_attempts && !stop_requested; ++attempt) {
      if (attempt > 0) {
        ++retries_;
        std::this_thread::sleep_for(retry_interval);
      }
      const auto response = peers_.request(peer_, "POST", "/etms/readings", request.body);
      if (!response || response->status == 503 || response->status == 429) continue;
      if (response->status == 200 && all_taken(response->body, request.readings)) return true;
      fault_ = Error{AppError::failed, "a peer answered " + std::to_string(response->status) +
                                           ": " + response->body.substr(0, 300)};
      return false;
    }
    if (!stop_requested) fault_ = Error{AppError::unavailable, "a peer takes no more readings"};
    return false;
  }

  static bool all_taken(const std::string& body, std::uint64_t readings) {
    const auto answer = Json::parse(body, nullptr, false);
    return answer.is_object() && answer.contains("rejected") && answer["rejected"].empty() &&
           answer.value("accepted", std::uint64_t{0}) +
                   answer.value("duplicates", std::uint64_t{0}) ==
               readings;
  }

  std::size_t peer_;
  PeerConnections peers_;
  std::vector<Request> requests_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t retries_ = 0;
  Clock::time_point last_{};
  std::vector<double> acknowledge_ms_;
  std::optional<Error> fault_;
};

ledger::Reading reading_of(const Profiles& homes, std::size_t home, std::uint64_t index) {
  const auto hour = homes.energy(home, 0);
  // Not two readings of a meter alike.
  const auto share = [&](Energy energy) {
    if (energy.nano() == 0) return energy;
    return Energy::from_nano(energy.nano() / static_cast<std::int64_t>(readings_per_meter) +
                             static_cast<std::int64_t>(index));
  };
  return {homes.homes()[home].meter,
          index + 1,
          {homes.start().value + static_cast<std::int64_t>(index) * reading_seconds * 1000},
          reading_seconds,
          share(hour.imported),
          share(hour.exported),
          share(hour.produced),
          std::nullopt,
          std::nullopt};
}

/// Signs what one sender will post: meter `peer`, `peer` + peers, … one reading each, then their
/// next readings.
void sign_readings(Sender& sender, std::size_t peer, std::size_t peers, const UpFolder& files,
                   const Profiles& homes, std::uint64_t readings, std::uint64_t batch) {
  const auto genesis = files.genesis.hash();
  std::string body;
  std::uint64_t in_body = 0;
  std::uint64_t left = readings;
  for (std::uint64_t index = 0; index < readings_per_meter && left > 0; ++index) {
    for (auto home = peer; home < homes.homes().size() && left > 0; home += peers) {
      body += in_body == 0 ? "[" : ",";
      body += signed_reading_json(genesis, reading_of(homes, home, index), files.meter_keys[home]);
      --left;
      if (++in_body < batch && left > 0) continue;
      sender.add(body + "]", in_body);
      body.clear();
      in_body = 0;
    }
  }
  if (in_body > 0) sender.add(body + "]", in_body);
}

/// How many readings the ledger holds, by the meters' own counts; nothing when no answer comes.
std::optional<std::uint64_t> readings_in_ledger(PeerConnections& peers) {
  std::uint64_t readings = 0;
  std::string after;
  while (true) {
    const auto response = peers.request(0, "GET", "/v1/meters?limit=1000" + after);
    if (!response || response->status != 200) return std::nullopt;
    const auto page = Json::parse(response->body, nullptr, false);
    if (!page.is_object() || !page.contains("items")) return std::nullopt;
    for (const auto& meter : page["items"]) {
      readings += meter.value("in_ledger_through", std::uint64_t{0});
    }
    if (!page["next"].is_string()) return readings;
    after = "&after=" + page["next"].get<std::string>();
  }
}

struct Measured {
  std::uint64_t readings = 0;  ///< acknowledged
  std::uint64_t retries = 0;
  double seconds = 0;            ///< from the first request to the last acknowledgement
  double in_ledger_seconds = 0;  ///< until the ledger had them all
  std::vector<double> acknowledge_ms;
};

Result<void> wait_in_ledger(BenchIsland& island, std::uint64_t readings) {
  PeerConnections peers(island.http_ports());
  const auto deadline = Clock::now() + ledger_patience;
  std::uint64_t found = 0;
  while (Clock::now() < deadline) {
    if (!island.fine()) return Error{AppError::failed, "the measurement was cut short"};
    found = readings_in_ledger(peers).value_or(found);
    if (found >= readings) return {};
    std::this_thread::sleep_for(ledger_poll_interval);
  }
  return Error{AppError::failed, std::to_string(found) + " of " + std::to_string(readings) +
                                     " acknowledged readings are in the ledger after 120 s"};
}

Result<Measured> measure(const BenchIngestOptions& options, BenchIsland& island,
                         std::vector<Sender>& senders) {
  const auto interval = options.rate == 0
                            ? Clock::duration{}
                            : std::chrono::duration_cast<Clock::duration>(
                                  Seconds(static_cast<double>(options.batch * senders.size()) /
                                          static_cast<double>(options.rate)));
  const auto begin = Clock::now();
  // The last requests of a paced run are due a little before this.
  const auto end = begin + std::chrono::seconds(options.seconds) + (options.rate == 0 ? 0s : 10s);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < senders.size(); ++i) {
      const auto offset =
          interval * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(senders.size());
      threads.emplace_back([&, i, offset] { senders[i].run(begin, offset, interval, end); });
    }
  }
  Measured measured;
  auto last = begin;
  for (const auto& sender : senders) {
    if (sender.fault()) return *sender.fault();
    measured.readings += sender.acknowledged();
    measured.retries += sender.retries();
    last = std::max(last, sender.last());
    measured.acknowledge_ms.insert(measured.acknowledge_ms.end(), sender.acknowledge_ms().begin(),
                                   sender.acknowledge_ms().end());
  }
  std::ranges::sort(measured.acknowledge_ms);
  measured.seconds = Seconds(last - begin).count();
  auto waited = wait_in_ledger(island, measured.readings);
  if (!waited) return waited.error();
  measured.in_ledger_seconds = Seconds(Clock::now() - begin).count();
  return measured;
}

/// Every acknowledged reading exactly once: the meters' sequences reach that far without a gap, and
/// no more were accepted than that.
void check_exactly_once(IslandAudit& audit, std::uint64_t readings) {
  for (const auto& peer : audit.peers) {
    if (peer.readings == readings) continue;
    audit.problems.push_back(peer.peer.text() + ": " + std::to_string(peer.readings) +
                             " readings in the ledger, " + std::to_string(readings) +
                             " were acknowledged");
  }
}

void print(const BenchIngestOptions& options, const Measured& measured, const Ceilings& ceilings,
           const IslandAudit& audit) {
  const auto per_second = [&](double seconds) {
    return seconds > 0 ? static_cast<double>(measured.readings) / seconds : 0;
  };
  const auto acknowledged = per_second(measured.seconds);
  const auto in_ledger = per_second(measured.in_ledger_seconds);
  const auto p50 = quantile(measured.acknowledge_ms, 0.5);
  const auto p99 = quantile(measured.acknowledge_ms, 0.99);
  const auto max = quantile(measured.acknowledge_ms, 1.0);
  auto* out = options.json ? stderr : stdout;
  const auto row = [out](const char* name, double value, const char* unit) {
    std::fprintf(out, "  %-34s %12.1f %s\n", name, value, unit);
  };
  std::fprintf(out, "%d peers, %llu meters, %llu readings per request, %llu requests sent again\n",
               options.peers, static_cast<unsigned long long>(options.meters),
               static_cast<unsigned long long>(options.batch),
               static_cast<unsigned long long>(measured.retries));
  row("readings", static_cast<double>(measured.readings), "");
  row("acknowledged", acknowledged, "readings/s");
  row("in the ledger", in_ledger, "readings/s");
  row("acknowledgement, median", p50, "ms");
  row("acknowledgement, 99th percentile", p99, "ms");
  row("acknowledgement, longest", max, "ms");
  row("ceiling: verifies of one thread", ceilings.verifies_per_second, "/s");
  std::fprintf(out, "  %-34s %12.3f ms\n", "ceiling: fdatasync, median", ceilings.fdatasync_ms_p50);
  for (const auto& problem : audit.problems) std::fprintf(out, "%s\n", problem.c_str());
  std::fprintf(out, "%s\n", audit.summary().c_str());
  if (!options.json) return;
  const Json line = {{"readings", measured.readings},
                     {"seconds", measured.seconds},
                     {"acknowledged_per_second", acknowledged},
                     {"in_ledger_per_second", in_ledger},
                     {"ack_ms_p50", p50},
                     {"ack_ms_p99", p99},
                     {"ack_ms_max", max},
                     {"verifies_per_second", ceilings.verifies_per_second},
                     {"fdatasync_ms_p50", ceilings.fdatasync_ms_p50},
                     {"audit", audit.ok() ? "ok" : "failed"}};
  std::printf("%s\n", line.dump().c_str());
}

Result<void> check_options(const BenchIngestOptions& options) {
  if (options.peers < 4 || options.peers > 13) {
    return Error{AppError::usage, "--peers takes 4 to 13"};
  }
  if (options.seconds < 1 || options.seconds > 3600 || options.rate > 1'000'000 ||
      options.batch < 1 || options.batch > 10'000 ||
      options.meters < static_cast<std::uint64_t>(options.peers) || options.meters > 2'000) {
    return Error{AppError::usage,
                 "--seconds takes 1 to 3600, --rate up to 1000000, --batch 1 to 10000, --meters as "
                 "many as peers to 2000"};
  }
  if (options.rate * options.seconds > options.meters * readings_per_meter) {
    return Error{AppError::usage, "a meter has 360 readings at most: give more --meters"};
  }
  return {};
}

/// Splits the readings over the peers; none sends more than its meters have.
std::vector<Sender> make_senders(const BenchIngestOptions& options, const BenchIsland& island,
                                 const Profiles& homes) {
  const auto ports = island.http_ports();
  const auto all =
      options.rate == 0 ? options.meters * readings_per_meter : options.rate * options.seconds;
  std::vector<Sender> senders;
  for (std::size_t peer = 0; peer < ports.size(); ++peer) {
    const auto share = all / ports.size() + (peer < all % ports.size() ? 1 : 0);
    senders.emplace_back(peer, ports);
    sign_readings(senders.back(), peer, ports.size(), island.files(), homes, share, options.batch);
  }
  return senders;
}

Result<bool> run(const BenchIngestOptions& options, const std::filesystem::path& folder) {
  auto ceilings = bench::measure_ceilings(folder);
  if (!ceilings) return ceilings.error();
  const auto homes = bench_homes(options.meters);
  auto island = BenchIsland::start(folder, options.peers, *homes);
  if (!island) return island.error();
  {
    PeerConnections peers((*island)->http_ports());
    std::size_t peer = 0;
    const UtcMillis time{homes->start().value + homes->slot_ms() - clock_behind_ms};
    auto stepped = step_island_clock(peers, peer, (*island)->files().genesis.hash(),
                                     *(*island)->files().feeder_key, time, stop_requested);
    if (!stepped) return stepped.error();
  }
  auto senders = make_senders(options, **island, *homes);
  auto measured = measure(options, **island, senders);
  if (!measured) return measured.error();
  auto audit = (*island)->finish();
  if (!audit) return audit.error();
  check_exactly_once(*audit, measured->readings);
  print(options, *measured, *ceilings, *audit);
  return audit->ok();
}

}  // namespace

int run_bench_ingest(const BenchIngestOptions& options) {
  crypto::initialise();
  auto checked = check_options(options);
  if (!checked) return report(checked.error());
  auto folder = BenchFolder::make();
  if (!folder) return report(folder.error());
  install_stop_signals();
  auto good = run(options, folder->path());
  if ((!good || !*good) && !stop_requested) folder->keep();
  if (!good) return report(good.error());
  return *good ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
