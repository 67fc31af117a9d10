#include "bench/consensus_load.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "bench/error.hpp"
#include "bench/peer_connections.hpp"
#include "crypto/quorum.hpp"

namespace powershare::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using namespace std::chrono_literals;

constexpr auto connect_patience = 60s;
constexpr auto ready_patience = 60s;
constexpr auto finish_patience = 20s;
constexpr auto warm_up = 1s;
constexpr auto statistics_interval = 100ms;
constexpr auto longest_wait = 10ms;
constexpr auto retry_after = 3s;
constexpr std::size_t max_signed_bytes = std::size_t{1} << 30;

/// What several peers say that a bundle's block is: height and hash, told apart by a number.
using ResultNumber = std::uint32_t;

struct Bundle {
  Bytes frame;
  Clock::time_point due{};
  Clock::time_point sent{};
  bool accepted = false;
  std::vector<std::pair<ResultNumber, std::uint64_t>> answers;  ///< result, mask of peers
};

class Load final : public ConsensusLoad {
 public:
  Load(const crypto::Digest& genesis, const LoadOptions& options)
      : options_(options), next_(options.clients, 0) {
    const auto key_count = options.shape.is_signed ? options.clients : 1;
    std::vector<crypto::KeyPair> keys;
    for (std::uint32_t i = 0; i < key_count; ++i) keys.push_back(crypto::KeyPair::generate());
    const auto wanted = options.bundles_per_second * (options.seconds + Seconds(warm_up).count());
    const auto bundle_bytes =
        std::size_t{options.shape.requests_per_bundle} * options.shape.payload_bytes + 256;
    const auto count = std::min(static_cast<std::size_t>(wanted), max_signed_bytes / bundle_bytes);
    per_client_ = static_cast<std::uint32_t>(count / options.clients + 1);
    bundles_.resize(std::size_t{per_client_} * options.clients);
    for (std::uint32_t client = 0; client < options.clients; ++client) {
      for (std::uint32_t number = 0; number < per_client_; ++number) {
        const auto request =
            make_request(genesis, {client, number}, options.shape, keys[client % key_count]);
        bundle({client, number}).frame = request_frame(request);
      }
    }
  }

  Result<void> connect(const std::vector<std::uint16_t>& ports) override {
    auto opened = peers_.open(ports, connect_patience);
    if (!opened) return opened;
    statistics_.resize(peers_.size());
    const auto deadline = Clock::now() + ready_patience;
    while (!std::ranges::all_of(statistics_, [](const auto& it) { return it.ready; })) {
      if (Clock::now() > deadline) return Error{BenchError::unavailable, "the peers are not ready"};
      if (auto asked = refresh_statistics(); !asked) return asked;
      std::this_thread::sleep_for(50ms);
    }
    return {};
  }

  Result<LoadResult> run(const std::atomic<bool>& stop, const std::function<void()>& begin,
                         const std::function<void()>& end) override {
    const auto start = Clock::now();
    if (options_.rate > 0) {
      schedule_from(start);
    } else {
      for (std::uint32_t client = 0; client < options_.clients; ++client) {
        for (std::uint32_t i = 0; i < options_.outstanding; ++i) send_next(client, start);
      }
    }
    if (auto warmed = pass(start + warm_up, stop); !warmed) return warmed.error();
    if (auto asked = refresh_statistics(); !asked) return asked.error();
    result_.at_begin = statistics_;
    result_.latency_ms.clear();
    result_.requests = 0;
    const auto clock_start = Clock::now();
    begin();
    const auto duration = std::chrono::duration_cast<Clock::duration>(Seconds(options_.seconds));
    for (auto until = clock_start; until < clock_start + duration && !result_.exhausted;) {
      until = std::min(until + Clock::duration(1s), clock_start + duration);
      const auto before = result_.requests;
      if (auto ran = pass(until, stop); !ran) return ran.error();
      if (result_.requests == before) ++result_.idle_seconds;
    }
    result_.seconds = Seconds(Clock::now() - clock_start).count();
    end();
    // What finishes from here on counts no more.
    auto result = std::move(result_);
    result_ = {};
    sending_ = false;
    if (auto asked = refresh_statistics(); !asked) return asked.error();
    result.at_end = statistics_;
    if (auto finished = finish(stop); !finished) return finished.error();
    result.agreed = agreed();
    result.unanswered = under_way_;
    result.sent_again += result_.sent_again;
    result.refused += result_.refused;
    std::ranges::sort(result.latency_ms);
    return result;
  }

 private:
  Bundle& bundle(const RequestName& name) {
    return bundles_[std::size_t{name.client} * per_client_ + name.number];
  }

  void schedule_from(Clock::time_point start) {
    next_due_ = start;
    interval_ = std::chrono::duration_cast<Clock::duration>(
        Seconds(options_.shape.requests_per_bundle / options_.rate));
  }

  /// Talks to the peers until `end`, or until the clients have nothing left to send.
  Result<void> pass(Clock::time_point end, const std::atomic<bool>& stop) {
    while (Clock::now() < end && !result_.exhausted) {
      if (stop) return Error{BenchError::unavailable, "stopped"};
      send_due();
      if (auto exchanged = exchange(); !exchanged) return exchanged;
    }
    return {};
  }

  /// Open loop: one client after the other sends when its turn has come.
  void send_due() {
    if (interval_.count() == 0 || !sending_) return;
    while (next_due_ <= Clock::now()) {
      send_next(turn_, next_due_);
      turn_ = (turn_ + 1) % options_.clients;
      next_due_ += interval_;
    }
  }

  void send_next(std::uint32_t client, Clock::time_point due) {
    if (next_[client] == per_client_) {
      result_.exhausted = true;
      return;
    }
    auto& next = bundle({client, next_[client]++});
    next.due = due;
    next.sent = Clock::now();
    ++under_way_;
    peers_.send(primary_, next.frame);
  }

  Result<void> exchange() {
    const auto now = Clock::now();
    if (now - asked_at_ > statistics_interval) {
      asked_at_ = now;
      for (std::size_t peer = 0; peer < peers_.size(); ++peer) {
        peers_.send(peer, ask_statistics_frame());
      }
      send_late_again(now);
    }
    auto wait = std::chrono::duration_cast<std::chrono::microseconds>(longest_wait);
    if (interval_.count() != 0 && sending_) {
      wait = std::clamp(std::chrono::duration_cast<std::chrono::microseconds>(next_due_ - now),
                        std::chrono::microseconds(0), wait);
    }
    return peers_.exchange(wait, [this](std::size_t peer, FrameKind kind, ByteView content) {
      if (kind == FrameKind::replies) take_replies(peer, decode_replies(content));
      if (kind == FrameKind::refused) ++result_.refused;
      if (kind == FrameKind::statistics) {
        statistics_[peer] = decode_statistics(content);
        ++answers_;
        if (statistics_[peer].view > view_) {
          view_ = statistics_[peer].view;
          primary_ = statistics_[peer].primary;
        }
      }
    });
  }

  void take_replies(std::size_t peer, const Replies& replies) {
    const auto key = std::make_pair(replies.height, replies.chain);
    const auto result =
        results_.try_emplace(key, static_cast<ResultNumber>(results_.size())).first->second;
    const auto now = Clock::now();
    for (const auto& name : replies.executed) {
      if (name.client < options_.clients && name.number < per_client_) {
        take_reply(peer, name, result, now);
      }
    }
  }

  void take_reply(std::size_t peer, const RequestName& name, ResultNumber result,
                  Clock::time_point now) {
    auto& answered = bundle(name);
    if (answered.accepted) return;
    auto same =
        std::ranges::find(answered.answers, result, &std::pair<ResultNumber, std::uint64_t>::first);
    if (same == answered.answers.end()) {
      answered.answers.emplace_back(result, 0);
      same = std::prev(answered.answers.end());
    }
    same->second |= std::uint64_t{1} << peer;
    const auto peers = static_cast<std::uint32_t>(peers_.size());
    if (std::popcount(same->second) < static_cast<int>(crypto::weak_quorum(peers))) return;
    answered.accepted = true;
    answered.answers = {};
    answered.frame = {};
    --under_way_;
    result_.requests += options_.shape.requests_per_bundle;
    result_.latency_ms.push_back(Seconds(now - answered.due).count() * 1'000);
    if (sending_ && interval_.count() == 0) send_next(name.client, now);
  }

  /// As Castro & Liskov's client: without an answer in time the request goes to all.
  void send_late_again(Clock::time_point now) {
    for (std::uint32_t client = 0; client < options_.clients; ++client) {
      const auto from = next_[client] > 4 * options_.outstanding + 256
                            ? next_[client] - 4 * options_.outstanding - 256
                            : 0;
      for (auto number = from; number < next_[client]; ++number) {
        auto& late = bundle({client, number});
        if (late.accepted || now - late.sent < retry_after) continue;
        late.sent = now;
        ++result_.sent_again;
        for (std::size_t peer = 0; peer < peers_.size(); ++peer) peers_.send(peer, late.frame);
      }
    }
  }

  /// Fresh statistics of every peer.
  Result<void> refresh_statistics() {
    answers_ = 0;
    asked_at_ = Clock::time_point{};
    const auto deadline = Clock::now() + finish_patience;
    while (answers_ < peers_.size()) {
      if (Clock::now() > deadline) return Error{BenchError::unavailable, "a peer does not answer"};
      if (auto exchanged = exchange(); !exchanged) return exchanged;
    }
    return {};
  }

  Result<void> finish(const std::atomic<bool>& stop) {
    auto deadline = Clock::now() + finish_patience;
    auto least = under_way_;
    while (Clock::now() < deadline && !stop) {
      if (auto asked = refresh_statistics(); !asked) return asked;
      if (under_way_ == 0 && agreed()) return {};
      if (under_way_ < least) deadline = Clock::now() + finish_patience;  // it goes on
      least = std::min(least, under_way_);
    }
    return {};
  }

  bool agreed() const {
    return std::ranges::all_of(statistics_, [this](const auto& it) {
      return it.height == statistics_.front().height && it.chain == statistics_.front().chain;
    });
  }

  const LoadOptions options_;
  std::uint32_t per_client_ = 0;
  std::vector<Bundle> bundles_;
  std::vector<std::uint32_t> next_;  ///< by client: the number of its next bundle
  PeerConnections peers_;
  std::vector<PeerStatistics> statistics_;
  std::size_t answers_ = 0;
  Clock::time_point asked_at_{};
  std::map<std::pair<std::uint64_t, crypto::Digest>, ResultNumber> results_;
  std::uint64_t view_ = 0;
  std::size_t primary_ = 0;
  bool sending_ = true;
  std::uint64_t under_way_ = 0;
  std::uint32_t turn_ = 0;
  Clock::time_point next_due_{};
  Clock::duration interval_{};
  LoadResult result_;
};

}  // namespace

std::unique_ptr<ConsensusLoad> ConsensusLoad::prepare(const crypto::Digest& genesis,
                                                      const LoadOptions& options) {
  return std::make_unique<Load>(genesis, options);
}

}  // namespace powershare::bench
