// What the two halves of a simulated peer share: its disk, clocks and mailboxes, and the points
// where a crash may stop it.
#pragma once

#include <deque>
#include <optional>

#include "sim/chain.hpp"
#include "sim/world.hpp"

namespace powershare::sim {

/// Clocks of one machine: they may be wrong in their own way.
struct MachineClock {
  std::int64_t wall_skew_ms = 0;
  std::int64_t drift_per_mille = 0;  ///< of the monotonic clock, -200 to 200

  MonotonicMillis monotonic(std::int64_t now_ms) const {
    return {now_ms + now_ms * drift_per_mille / 1'000};
  }
  UtcMillis wall(std::int64_t now_ms) const { return {epoch_ms + now_ms + wall_skew_ms}; }
  /// True milliseconds until the monotonic clock shows `at`, at least 1.
  std::int64_t until(MonotonicMillis at, std::int64_t now_ms) const {
    const auto local_ms = at.value - monotonic(now_ms).value;
    return std::max<std::int64_t>(1, (local_ms * 1'000 + 999) / (1'000 + drift_per_mille));
  }
};

class PeerShell {
 public:
  PeerShell(World& its_world, std::uint32_t process, const Chain& its_chain,
            pbft::MemberIndex identity)
      : world(its_world),
        id(process),
        chain(its_chain),
        member(identity),
        signatory(its_chain.signatory_of(identity)) {}
  PeerShell(const PeerShell&) = delete;
  PeerShell& operator=(const PeerShell&) = delete;

  World& world;
  const std::uint32_t id;  ///< of this process; `member` unless two run under one identity
  const Chain& chain;
  const pbft::MemberIndex member;
  const OracleSignatory signatory;
  Disk disk;
  MachineClock clock;
  std::int64_t slowness_ms = 0;  ///< added to whatever the machine does

  MonotonicMillis monotonic() const { return clock.monotonic(world.now_ms()); }
  UtcMillis wall() const { return clock.wall(world.now_ms()); }
  /// A moment of work: up to `most_ms`, longer on a slow machine.
  std::int64_t moment_ms(std::int64_t most_ms) const {
    return static_cast<std::int64_t>(world.random(static_cast<std::uint64_t>(most_ms))) +
           (slowness_ms > 0
                ? static_cast<std::int64_t>(world.random(static_cast<std::uint64_t>(slowness_ms)))
                : 0);
  }
  /// Runs `action` after `delay_ms` of true time, unless the process has gone by then.
  void after(std::int64_t delay_ms, std::function<void()> action);

  bool alive() const { return alive_; }
  void begin_life();
  void end_life();
  /// The process will crash when it passes `point` for the `passes`-th time from now.
  void arm(PersistencePoint point, std::uint32_t passes) { armed_ = {point, passes}; }
  void disarm() { armed_.reset(); }
  /// True when the process stops here for good: the caller does nothing more.
  bool stops_at(PersistencePoint point);

 private:
  struct Armed {
    PersistencePoint point;
    std::uint32_t passes;
  };
  bool alive_ = false;
  std::uint64_t life_ = 0;
  std::optional<Armed> armed_;
};

/// The mailbox of one actor: first in, first out; what is queued is worked off together, then
/// `drained` acts once for all of it.
class Mailbox {
 public:
  using Work = std::function<void()>;
  Mailbox(PeerShell& shell, Work drained) : shell_(shell), drained_(std::move(drained)) {}

  void put(Work work);
  /// While the actor waits for the disk its mail waits.
  void block() { blocked_ = true; }
  void unblock();

 private:
  void pump();
  void schedule_pump();

  PeerShell& shell_;
  Work drained_;
  std::deque<Work> queue_;
  bool scheduled_ = false;
  bool blocked_ = false;
};

}  // namespace powershare::sim
