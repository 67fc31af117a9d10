// The live power of a chain's meters: the last value and a day of one-minute means, in memory. Each
// peer tells the others what its own door was told; nothing of it is agreed on or kept on disk.
// Pure: time comes in, bodies to send come out. Everything is bounded (LiveLimits).
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "ledger/live_power.hpp"
#include "ledger/participants.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::protocol {

using ledger::LiveMinute;
using ledger::LivePower;

struct LiveLimits {
  std::size_t max_meters = 2'048;          ///< with a value; 24 bytes × 1,440 minutes each: 70 MB
  std::size_t max_minutes = 24 * 60;       ///< of one meter
  std::size_t max_in_message = 512;        ///< values in one LIVE-POWER
  std::size_t max_messages_at_once = 4;    ///< that outgoing() gives
  std::int64_t values_per_second = 2'048;  ///< of one other peer; further ones are dropped
  std::int64_t max_ahead_ms = 10'000;      ///< of another peer's clock
};

/// LIVE-POWER: u32 count, per value text meter, i64 at, i32 import, i32 export, i32 pv (-1: not
/// known), i32 state of charge (-1: not known); i32 as u32 in two's complement.
Bytes encode_live_power(const std::vector<LivePower>& values);
Result<std::vector<LivePower>> decode_live_power(ByteView body, std::size_t max);

class LiveBoard {
 public:
  explicit LiveBoard(LiveLimits limits = {}) : limits_(limits) {}

  /// The meters that the ledger knows, and whose they are; what others say is forgotten.
  void follow(std::map<MeterId, ledger::ParticipantRef> meters);

  /// What this peer's own door was told; false for a meter that is not known or where there is no
  /// place for another one.
  bool put(const LivePower& value, UtcMillis now);
  /// LIVE-POWER of another peer; how many values were taken.
  std::size_t receive(pbft::MemberIndex sender, ByteView body, UtcMillis now);
  /// Bodies with what put() has brought since; what finds no place waits for the next call, the
  /// newest value of a meter only.
  std::vector<Bytes> outgoing();

  std::optional<LivePower> last(const MeterId& meter) const;
  /// Of each of its meters that has one, by meter.
  std::vector<LivePower> last(const ledger::ParticipantRef& owner) const;
  /// Minutes that have ended, from the one of `from` on, oldest first.
  std::vector<LiveMinute> ring(const MeterId& meter, UtcMillis from) const;
  std::size_t size() const { return entries_.size(); }

 private:
  /// Sums of the minute that is under way.
  struct OpenMinute {
    std::int64_t minute = 0;
    std::int64_t count = 0;
    std::int64_t imported = 0;
    std::int64_t exported = 0;
    std::int64_t pv = 0;
    std::int64_t pv_count = 0;
    std::optional<std::int16_t> soc;
    LiveMinute mean() const;
  };
  struct Entry {
    LivePower last;
    OpenMinute open;
    std::deque<LiveMinute> minutes;
  };
  struct Allowance {
    std::int64_t second = 0;
    std::int64_t taken = 0;
  };

  bool take(const LivePower& value, UtcMillis now);

  LiveLimits limits_;
  std::map<MeterId, ledger::ParticipantRef> known_;
  std::map<MeterId, Entry> entries_;
  std::map<MeterId, LivePower> untold_;
  std::map<pbft::MemberIndex, Allowance> allowances_;
};

}  // namespace powershare::protocol
