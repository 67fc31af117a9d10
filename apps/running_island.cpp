#include "apps/running_island.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/processes.hpp"
#include "apps/progress.hpp"
#include "apps/stop_signal.hpp"
#include "net/http_client.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto ready_patience = 60s;
constexpr auto agree_patience = 60s;
constexpr auto stop_patience = 15s;

std::filesystem::path log_of(const IslandPeer& peer) {
  return peer.config.parent_path() / "peer.log";
}

Result<net::HttpResponse> get(const Island& island, const IslandPeer& peer, std::string_view path) {
  net::HttpClientOptions options;
  options.port = peer.http_port;
  options.authorities = island.certificate_authority.string();
  return net::HttpClient::create(options)->request("GET", path);
}

}  // namespace

bool RunningIsland::is_ready(const IslandPeer& peer) const {
  const auto response = get(folder_.island, peer, "/readyz");
  return response && response->status == 200;
}

std::optional<std::string> RunningIsland::head_of(const IslandPeer& peer) const {
  const auto response = get(folder_.island, peer, "/v1/status");
  if (!response || response->status != 200) return std::nullopt;
  const auto status = nlohmann::json::parse(response->body, nullptr, false);
  if (!status.is_object() || !status.contains("head")) return std::nullopt;
  return status["head"].dump();
}

Result<void> RunningIsland::start() {
  for (auto& peer : peers()) {
    auto started = start(peer);
    if (!started) return started;
  }
  return write_island(folder_.folder, folder_.island);
}

Result<void> RunningIsland::wait_ready() {
  const auto deadline = Clock::now() + ready_patience;
  for (const auto& peer : peers()) {
    while (!is_ready(peer)) {
      if (stop_requested) return Error{AppError::failed, "stopped before the island was ready"};
      if (const auto fault = first_death()) return Error{AppError::unavailable, *fault};
      if (Clock::now() > deadline) {
        return Error{AppError::unavailable,
                     peer.id.text() + " is not ready after 60 s; see " + log_of(peer).string()};
      }
      std::this_thread::sleep_for(50ms);
    }
  }
  return {};
}

bool RunningIsland::watch() {
  return report_deaths(options_.restart && !stop_requested);
}

bool RunningIsland::report_deaths(bool bring_back) {
  bool died = false;
  for (const auto& [pid, how] : reap_processes()) {
    for (auto& peer : peers()) {
      if (peer.pid != pid) continue;
      died = true;
      clear_progress();
      std::fprintf(stderr, "powershare: peer %s died (%s)%s\n", peer.id.text().c_str(), how.c_str(),
                   bring_back ? "; restarting it" : "");
      if (bring_back) restart(peer);
    }
  }
  return died;
}

bool RunningIsland::wait_agreed() {
  const auto deadline = Clock::now() + agree_patience;
  while (Clock::now() < deadline && !stop_requested) {
    watch();
    std::set<std::string> heads;
    for (const auto& peer : peers()) {
      if (const auto head = head_of(peer)) heads.insert(*head);
    }
    if (heads.size() == 1) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

bool RunningIsland::stop() {
  std::vector<pid_t> pids;
  std::map<pid_t, std::string> names;
  for (const auto& peer : peers()) {
    // The pid file also knows a peer that somebody else brought back.
    const auto pid = running_peer(peer.data);
    if (!pid) continue;
    pids.push_back(*pid);
    names[*pid] = peer.id.text();
  }
  const auto badly = stop_processes(std::move(pids), stop_patience);
  for (const auto& [pid, how] : badly) {
    std::fprintf(stderr, "powershare: peer %s did not stop in order (%s)\n", names[pid].c_str(),
                 how.c_str());
  }
  return !report_deaths(false) && badly.empty();
}

Result<void> RunningIsland::start(IslandPeer& peer) {
  auto pid = start_process({own_executable().string(), "peer", "--config", peer.config.string()},
                           log_of(peer), options_.detached);
  if (!pid) return pid.error();
  peer.pid = *pid;
  return {};
}

void RunningIsland::restart(IslandPeer& peer) {
  auto started = start(peer);
  if (started) started = write_island(folder_.folder, folder_.island);
  if (!started) report(started.error());
}

/// The first peer that has ended while the island starts.
std::optional<std::string> RunningIsland::first_death() {
  for (const auto& [pid, how] : reap_processes()) {
    for (const auto& peer : peers()) {
      if (peer.pid == pid) {
        return "peer " + peer.id.text() + " ended at its start (" + how + "); see " +
               log_of(peer).string();
      }
    }
  }
  return std::nullopt;
}

}  // namespace powershare::apps
