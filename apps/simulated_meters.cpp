#include "apps/simulated_meters.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "apps/error.hpp"
#include "apps/feeder.hpp"
#include "apps/reading_delivery.hpp"

namespace powershare::apps {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto poll_interval = 4ms;
constexpr auto retry_interval = 100ms;
/// So often a meter asks a peer whose clock is behind before it goes to the next one.
constexpr std::size_t max_early_tries = 100;
constexpr std::size_t max_workers = 8;

}  // namespace

struct SimulatedMeters::Impl {
  const Profiles& profiles;
  FeedOptions options;
  std::uint64_t round_number = 0;

  // The round that the workers deliver: every home's reading of one slot, first sent to the peer
  // `attempt` places after the home's own.
  struct Round {
    std::uint64_t number = 0;
    std::uint64_t slot = 0;
    std::size_t attempt = 0;
    Clock::duration jitter{};
  };
  std::mutex mutex;
  std::condition_variable changed;
  Round round;
  std::size_t workers_done = 0;
  std::optional<Error> fault;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> resends{0};
  std::uint64_t trades = 0;  // by the feeding thread alone
  Energy traded;

  Impl(const Profiles& source, FeedOptions feed_options)
      : profiles(source), options(std::move(feed_options)) {}

  // Slots are counted from options.first_slot on, and so are the meters' own numbers.
  ledger::Reading reading(std::size_t home, std::uint64_t slot) const {
    const auto energy = profiles.energy(home, options.first_slot + slot);
    return {profiles.homes()[home].meter,
            slot + 1,
            slot_begin(slot),
            static_cast<std::uint32_t>(profiles.slot_ms() / millis_per_second),
            energy.imported,
            energy.exported,
            energy.produced,
            energy.battery,
            std::nullopt};
  }

  UtcMillis slot_begin(std::uint64_t slot) const {
    return {profiles.start().value +
            static_cast<std::int64_t>(options.first_slot + slot) * profiles.slot_ms()};
  }

  void go_to_next_peer(std::size_t& attempt, std::size_t peers) {
    ++resends;
    if (++attempt % peers == 0) std::this_thread::sleep_for(retry_interval);
  }

  /// Posts one reading until a peer has it; false when stopping or after a refusal (then `fault` is
  /// set).
  bool deliver(PeerConnections& peers, std::size_t home, std::uint64_t slot,
               std::size_t first_peer) {
    const auto content = reading(home, slot);
    const auto body = signed_reading_json(options.genesis_hash, content, options.meter_keys[home]);
    std::size_t early = 0;
    for (std::size_t attempt = 0; !stopping;) {
      const auto answer =
          delivery_answer(peers.request(first_peer + attempt, "POST", "/etms/readings", body));
      if (!answer) {
        go_to_next_peer(attempt, peers.size());
        continue;
      }
      if (answer->rejected.empty()) {
        ++acknowledged;
        return true;
      }
      const auto& reason = answer->rejected.begin()->second;
      // A peer that has not executed the clock's step yet takes the reading for one from the
      // future.
      if (rejection_of(reason) == Rejection::early) {
        if (++early % max_early_tries == 0) go_to_next_peer(attempt, peers.size());
        std::this_thread::sleep_for(poll_interval);
        continue;
      }
      refuse("meter " + content.meter.text() + ", reading " + std::to_string(content.sequence) +
             ": " + reason);
      return false;
    }
    return false;
  }

  void refuse(std::string reason) {
    const std::lock_guard lock(mutex);
    if (!fault) fault = Error{AppError::failed, std::move(reason)};
    stopping = true;
    changed.notify_all();
  }

  void work(std::size_t worker, std::size_t workers) {
    PeerConnections peers(options.http_ports, options.authorities);
    std::mt19937_64 random(options.jitter_seed + worker);
    std::uint64_t done = 0;
    while (true) {
      Round current;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopping || round.number > done; });
        if (stopping) return;
        current = round;
      }
      for (auto home = worker; home < profiles.homes().size() && !stopping; home += workers) {
        if (current.jitter.count() > 0) {
          std::this_thread::sleep_for(current.jitter * (random() % 1000) / 1000);
        }
        if (!deliver(peers, home, current.slot, home + current.attempt)) break;
      }
      const std::lock_guard lock(mutex);
      done = current.number;
      ++workers_done;
      changed.notify_all();
    }
  }

  /// Starts a round and waits until all workers have delivered it.
  bool deliver_slot(std::uint64_t slot, std::size_t attempt, Clock::duration jitter,
                    std::size_t workers) {
    std::unique_lock lock(mutex);
    round = {++round_number, slot, attempt, jitter};
    workers_done = 0;
    changed.notify_all();
    changed.wait(lock, [&] { return stopping || workers_done == workers; });
    return !stopping;
  }

  /// Asks the peers in turn; nothing when none answers.
  std::optional<Json> ask(PeerConnections& peers, std::size_t& peer, const std::string& path) {
    for (std::size_t attempt = 0; attempt < peers.size(); ++attempt) {
      const auto response = peers.request(peer, "GET", path);
      if (response && response->status == 200) {
        auto answer = Json::parse(response->body, nullptr, false);
        if (!answer.is_discarded()) return answer;
      }
      if (response && response->status == 404) return Json(nullptr);
      peer = (peer + 1) % peers.size();
    }
    return std::nullopt;
  }

  /// The settled slot as /v1/slots shows it; nothing while it is open.
  std::optional<Json> settled(PeerConnections& peers, std::size_t& peer, std::uint64_t slot) {
    auto answer = ask(peers, peer, "/v1/slots/" + to_iso8601(slot_begin(slot)));
    if (!answer || !answer->is_object()) return std::nullopt;
    const auto state = answer->value("state", "");
    if (state != "provisional" && state != "final") return std::nullopt;
    return answer;
  }

  void count(const Json& slot) {
    trades += slot.value("trades", std::uint64_t{0});
    const auto energy = parse_quantity<Energy>(slot.value("traded_kwh", "0"));
    if (energy) traded = add(traded, *energy).ok() ? *add(traded, *energy) : traded;
  }

  bool step_clock(PeerConnections& peers, std::size_t& peer, UtcMillis to) {
    auto stepped =
        step_island_clock(peers, peer, options.genesis_hash, options.feeder_key, to, stopping);
    if (!stepped) refuse(stepped.error().detail());
    return stepped && *stepped;
  }

  /// The first slot that is not settled yet.
  std::uint64_t first_open_slot(PeerConnections& peers, std::size_t& peer) {
    std::uint64_t low = 0;
    std::uint64_t high = options.slots;
    while (low < high && !stopping) {
      const auto middle = low + (high - low) / 2;
      if (settled(peers, peer, middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  void feed(const std::function<void(const FeedProgress&)>& report, std::size_t workers) {
    PeerConnections peers(options.http_ports, options.authorities);
    std::size_t peer = 0;
    const auto begin = first_open_slot(peers, peer);
    auto due = Clock::now();
    for (auto slot = begin; slot < options.slots && !stopping; ++slot) {
      Clock::duration interval{};
      if (options.speed) {
        const double seconds = static_cast<double>(profiles.slot_ms()) / 1000.0 / *options.speed;
        interval =
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        wait_until(due += interval);
      }
      const auto progress = [&](std::uint64_t settled_slots) {
        report({slot_begin(settled_slots), settled_slots, options.slots, trades, traded,
                acknowledged, resends});
      };
      if (!step_clock(peers, peer, slot_begin(slot + 1))) return;
      for (std::size_t attempt = 0; !stopping; ++attempt) {
        if (attempt > 0) resends += profiles.homes().size();
        if (!deliver_slot(slot, attempt, attempt == 0 ? interval / 20 : Clock::duration{}, workers))
          return;
        if (wait_settled(peers, peer, slot)) break;
        progress(slot);
      }
      if (!stopping) progress(slot + 1);
    }
  }

  bool wait_settled(PeerConnections& peers, std::size_t& peer, std::uint64_t slot) {
    const auto deadline = Clock::now() + resend_after;
    while (!stopping && Clock::now() < deadline) {
      if (const auto content = settled(peers, peer, slot)) {
        count(*content);
        return true;
      }
      std::this_thread::sleep_for(poll_interval);
    }
    return false;
  }

  void wait_until(Clock::time_point time) {
    std::unique_lock lock(mutex);
    changed.wait_until(lock, time, [&] { return stopping.load(); });
  }
};

SimulatedMeters::SimulatedMeters(const Profiles& profiles, FeedOptions options)
    : impl_(std::make_unique<Impl>(profiles, std::move(options))) {}

SimulatedMeters::~SimulatedMeters() = default;

Result<void> SimulatedMeters::run(const std::atomic<bool>& stop,
                                  const std::function<void(const FeedProgress&)>& report) {
  const auto workers = std::min({max_workers, impl_->profiles.homes().size(),
                                 std::max<std::size_t>(1, impl_->options.http_ports.size())});
  std::vector<std::jthread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([this, worker, workers] { impl_->work(worker, workers); });
  }
  // Watches the caller's flag, which a signal handler may set and which wakes nobody.
  std::jthread watcher([this, &stop](const std::stop_token& finished) {
    while (!finished.stop_requested() && !stop) std::this_thread::sleep_for(50ms);
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  });
  impl_->feed(report, workers);
  watcher.request_stop();
  watcher.join();
  threads.clear();
  const std::lock_guard lock(impl_->mutex);
  if (impl_->fault) return *impl_->fault;
  return {};
}

}  // namespace powershare::apps
