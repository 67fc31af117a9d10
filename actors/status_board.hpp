// What the peer tells of itself, kept by the actors and read by HTTP threads without asking an
// actor: /v1/status, /livez, /readyz, metrics.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ports.hpp"
#include "ledger/genesis.hpp"
#include "protocol/pbft/status.hpp"

namespace powershare::actors {

/// A clock that only goes forward, and the wall clock: the one place of the product that asks them.
MonotonicMillis monotonic_now();
UtcMillis wall_clock_now();

class StatusBoard {
 public:
  StatusBoard(const ledger::Genesis& genesis, PeerId self);

  // ── Written by the actors ─────────────────────────────────────────────────────────────────────
  void set_consensus(pbft::Status status);
  void set_head(const ledger::Header& head, const crypto::Digest& head_hash, UtcMillis island_time,
                std::uint64_t executed_transactions);
  /// Members of the present epoch, by index, and the other peers that are linked.
  void set_members(std::vector<PeerId> members);
  void set_connected(const PeerId& peer, bool connected);
  /// The parts that write to disk, each its own environment.
  enum class Writer : std::uint8_t { consensus = 1, settlement = 2, inbox = 4 };
  /// Whether a part cannot write for want of space: then the peer is not ready, and reads go on.
  void set_no_space(Writer writer, bool no_space);
  void set_stopping() { stopping_ = true; }
  /// The event loop ticks (supervisor).
  void beat() { last_beat_ms_ = monotonic_now().value; }

  // ── Read from any thread ──────────────────────────────────────────────────────────────────────
  gateway::NodeStatus node_status() const;
  pbft::Status consensus() const;
  /// Whether its ledger lacks what the others have executed, as far as it knows: what it would
  /// refuse may be good (a meter that it has not heard of).
  bool behind() const;
  bool no_space() const { return writers_without_space_ != 0; }
  bool stopping() const { return stopping_; }
  std::size_t connected_peers() const;

 private:
  std::vector<std::string> reasons_not_ready() const;
  bool quorum_reachable() const;

  const std::string chain_;
  const PeerId self_;
  mutable std::mutex mutex_;
  pbft::Status consensus_;
  ledger::Header head_;
  crypto::Digest head_hash_{};
  UtcMillis island_time_;
  std::uint64_t executed_transactions_ = 0;
  std::vector<PeerId> members_;  ///< of the present epoch, by index
  std::map<PeerId, bool> connected_;
  bool caught_up_once_ = false;
  std::atomic<std::uint8_t> writers_without_space_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> last_beat_ms_;
};

}  // namespace powershare::actors
