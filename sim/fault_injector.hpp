// Makes faults happen, as many at once as the protocol claims to bear and no more: peers that are
// Byzantine, have lost a log or a disk, or whose clock is far off, are at most f together.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/faults.hpp"
#include "sim/invariants.hpp"
#include "sim/network.hpp"
#include "sim/simulated_peer.hpp"

namespace powershare::sim {

/// How often each fault happened.
struct FaultCounts {
  std::map<std::string, std::uint64_t> by_name;
  std::map<PersistencePoint, std::uint64_t> crashes_at;
  std::uint64_t crashes = 0;
};

class FaultInjector {
 public:
  using Note = std::function<void(std::optional<std::uint32_t> peer, std::string words)>;
  FaultInjector(const FaultSet& faults, EventQueue& time, Generator generator, Network& network,
                std::vector<std::unique_ptr<SimulatedPeer>>& peers,
                const std::vector<bool>& byzantine, std::uint32_t members, Invariants& invariants,
                Note note);

  /// Conditions that last from the beginning, and the first event.
  void start();
  /// From now on `members`, by process, can decide nothing, and no other fault comes or goes.
  void begin_outage(const std::vector<std::uint32_t>& members);
  /// Everything heals: links, disks, machines; all peers run.
  void heal();
  /// A peer has reached the point where it was to crash.
  void crash_at(std::uint32_t peer, PersistencePoint point);
  const FaultCounts& counts() const { return counts_; }

 private:
  enum class Harm : std::uint8_t { none, byzantine, wrong_clock, damaged, recovering, wiped };
  using Action = void (FaultInjector::*)();

  void event();
  /// Links and machines are as they should be; peers that are down stay down.
  void mend();
  std::vector<Action> possible() const;
  std::uint32_t any_peer() { return static_cast<std::uint32_t>(generator_.below(peers_.size())); }
  std::uint32_t primary_or_any();
  void happened(Fault fault, std::optional<std::uint32_t> peer, std::string words);
  bool may_harm(std::uint32_t peer) const;
  void look_at_harm();
  /// Undoes a condition after a while, unless all has healed before.
  void later(std::int64_t most_ms, std::function<void()> undo);

  void change_loss();
  void change_duplication();
  void change_order();
  void change_delay();
  void part_in_two();
  void isolate();
  void cut_one_way();
  void clog();
  void withhold();
  void crash_one();
  void crash_several();
  void crash_all();
  void arm_crash();
  void lose_log();
  void flip_bit();
  void fill_disk();
  void skew_clock();
  void slow_down();
  void hand_over();

  void crash(std::uint32_t peer);
  void restart_later(std::uint32_t peer);

  FaultSet faults_;
  EventQueue& time_;
  Generator generator_;
  Network& network_;
  std::vector<std::unique_ptr<SimulatedPeer>>& peers_;
  Invariants& invariants_;
  Note note_;
  bool settled_ = false;  ///< the outage has begun, or all has healed: conditions stay as they are
  std::vector<bool> kept_down_;
  std::uint32_t most_harmed_;  ///< f of the chain's first members; it never has fewer
  std::vector<Harm> harm_;
  std::vector<std::uint64_t> must_reach_;  ///< height that a damaged peer must get back to
  FaultCounts counts_;
};

}  // namespace powershare::sim
