// Who of a chain's peers brings a household's news out of the house, by mail or webhook, and when
// again. Every peer executes the same blocks, so each has every piece of news; the peers take turns
// by its place, and tell one another what became of it. A piece of news is delivered at least once,
// and more than once only where the one whose turn it was could not say so any more; it has the
// same id each time. Pure: time comes in, keys to send and bodies for the others come out. Bounded.
//
// A peer that lies can say that it has delivered what it has not. Nothing but the household's own
// screens, which every peer has, is free of that (docs/adr/0020-news-out-of-the-house.md).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "ledger/participants.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::protocol {

enum class DeliveryWay : std::uint8_t { mail = 1, webhook };
const char* to_text(DeliveryWay way);

/// One piece of news (ledger::NewsRow) on one way.
struct DeliveryKey {
  ledger::ParticipantRef participant;
  std::uint64_t height = 0;
  std::uint64_t index = 0;
  DeliveryWay way = DeliveryWay::mail;
  friend auto operator<=>(const DeliveryKey&, const DeliveryKey&) = default;
};

enum class DeliveryOutcome : std::uint8_t {
  delivered = 1,
  failed,    ///< will be tried again in `next_seconds`
  given_up,  ///< for good
  unable,    ///< the sender has not got that way: the next one's turn
  asked,     ///< the sender does not know: whoever does answers
};
const char* to_text(DeliveryOutcome outcome);

struct DeliveryReport {
  DeliveryKey key;
  DeliveryOutcome outcome = DeliveryOutcome::delivered;
  std::uint32_t next_seconds = 0;
  std::string reason;  ///< one sentence for people, where it failed
  friend bool operator==(const DeliveryReport&, const DeliveryReport&) = default;
};

struct NewsDeskLimits {
  std::size_t max_waiting = 8'192;    ///< further ones are for the household's screens only
  std::size_t max_finished = 16'384;  ///< remembered, so that they can be told to who asks
  std::size_t max_under_way = 4;
  std::size_t max_in_message = 64;
  std::size_t max_untold = 1'024;
  std::int64_t reports_per_second = 512;  ///< of one other peer
  std::int64_t per_hour = 30;             ///< of one household and way
  std::array<std::int64_t, 4> pauses_ms = {millis_per_minute, 5 * millis_per_minute,
                                           30 * millis_per_minute, 2 * millis_per_hour};
  std::int64_t turn_ms = 90'000;        ///< of silence, until the next one's turn
  std::int64_t absent_turn_ms = 5'000;  ///< the same where the peer is not connected
  std::int64_t expiry_ms = millis_per_day;
  std::int64_t ask_ms = 10'000;  ///< for an answer about what happened before a start
};
inline constexpr std::size_t max_delivery_reason_bytes = 160;

/// NEWS-DELIVERY: u32 count, per report u8 participant type, text id, u64 height, u64 index, u8
/// way, u8 outcome, u32 next seconds, text reason.
Bytes encode_delivery_reports(const std::vector<DeliveryReport>& reports);
Result<std::vector<DeliveryReport>> decode_delivery_reports(ByteView body, std::size_t max);

class NewsDesk {
 public:
  explicit NewsDesk(NewsDeskLimits limits = {}) : limits_(limits) {}

  /// Who wants news delivered; what is waiting for others is forgotten.
  void follow(std::set<ledger::ParticipantRef> households);
  /// `old`: it happened before this peer started, so that another one may have delivered it: the
  /// others are asked first. False where there is no place, or too much for one household.
  bool add(const DeliveryKey& key, bool old, MonotonicMillis now);

  /// Whose turn it is goes by these.
  struct Turns {
    pbft::MemberIndex self = 0;
    std::vector<pbft::MemberIndex> members;  ///< in their order
    std::function<bool(pbft::MemberIndex)> connected;
  };
  /// What this peer is to send now; each is under way until one of the next three is called.
  std::vector<DeliveryKey> due(const Turns& turns, MonotonicMillis now, UtcMillis wall);
  void sent(const DeliveryKey& key, UtcMillis wall);
  void failed(const DeliveryKey& key, const std::string& reason, MonotonicMillis now,
              UtcMillis wall);
  /// This peer, whose number is `self`, has not got the way.
  void unable(const DeliveryKey& key, pbft::MemberIndex self);
  /// The household does not want it any more.
  void drop(const DeliveryKey& key) { waiting_.erase(key); }

  void receive(pbft::MemberIndex sender, ByteView body, MonotonicMillis now, UtcMillis wall);
  /// NEWS-DELIVERY for all others.
  std::vector<Bytes> outgoing();

  struct State {
    DeliveryOutcome outcome = DeliveryOutcome::delivered;
    std::string reason;
    UtcMillis at;
  };
  /// What became of the newest on each way, as far as this peer has heard.
  std::map<DeliveryWay, State> states(const ledger::ParticipantRef& who) const;
  std::vector<DeliveryKey> waiting() const;
  std::size_t size() const { return waiting_.size(); }
  /// After all tries of this peer.
  std::uint64_t given_up(DeliveryWay way) const;

 private:
  struct Item {
    MonotonicMillis added;
    MonotonicMillis since;       ///< of what the turns are counted from
    MonotonicMillis not_before;  ///< the next try
    std::size_t tries = 0;
    bool under_way = false;
    std::set<pbft::MemberIndex> unable;
  };
  struct Allowance {
    std::int64_t period = 0;
    std::int64_t taken = 0;
    /// False where more than `most` were taken in this period.
    bool take(std::int64_t now_period, std::int64_t most);
  };

  bool is_turn(const DeliveryKey& key, const Item& item, const Turns& turns,
               MonotonicMillis now) const;
  void tell(DeliveryReport report);
  void finish(const DeliveryKey& key, DeliveryOutcome outcome, const std::string& reason,
              UtcMillis wall);
  void remember(const DeliveryKey& key, DeliveryOutcome outcome, const std::string& reason,
                UtcMillis wall);
  void take(pbft::MemberIndex sender, const DeliveryReport& report, MonotonicMillis now,
            UtcMillis wall);

  NewsDeskLimits limits_;
  std::set<ledger::ParticipantRef> households_;
  std::map<DeliveryKey, Item> waiting_;
  std::map<DeliveryKey, DeliveryOutcome> finished_;
  std::deque<DeliveryKey> finished_order_;
  std::map<std::pair<ledger::ParticipantRef, DeliveryWay>, State> states_;
  std::map<std::pair<ledger::ParticipantRef, DeliveryWay>, Allowance> households_allowance_;
  std::map<pbft::MemberIndex, Allowance> senders_allowance_;
  std::vector<DeliveryReport> untold_;
  std::map<DeliveryWay, std::uint64_t> given_up_;
};

}  // namespace powershare::protocol
