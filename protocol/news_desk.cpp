#include "protocol/news_desk.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::protocol {
namespace {

constexpr std::uint32_t max_next_seconds = 4 * 3'600;

MonotonicMillis after(MonotonicMillis now, std::int64_t ms) {
  return {now.value + ms};
}

/// Where in the ring of members the turns of a piece of news begin.
std::size_t first_turn(const DeliveryKey& key, std::size_t members) {
  const auto digest = crypto::sha256(
      Encoder().text(ledger::to_text(key.participant)).u64(key.height).u64(key.index).data());
  return (std::size_t{digest[0]} << 8 | digest[1]) % members;
}

std::string cut(const std::string& reason) {
  return reason.substr(0, max_delivery_reason_bytes);
}

}  // namespace

const char* to_text(DeliveryWay way) {
  return way == DeliveryWay::mail ? "mail" : "webhook";
}

const char* to_text(DeliveryOutcome outcome) {
  switch (outcome) {
    case DeliveryOutcome::delivered:
      return "delivered";
    case DeliveryOutcome::failed:
      return "failed";
    case DeliveryOutcome::given_up:
      return "given_up";
    case DeliveryOutcome::unable:
      return "unable";
    case DeliveryOutcome::asked:
      return "asked";
  }
  return "unknown";
}

Bytes encode_delivery_reports(const std::vector<DeliveryReport>& reports) {
  Encoder out;
  out.u32(static_cast<std::uint32_t>(reports.size()));
  for (const auto& report : reports) {
    const auto& key = report.key;
    out.u8(static_cast<std::uint8_t>(key.participant.type)).text(key.participant.id.text());
    out.u64(key.height).u64(key.index).u8(static_cast<std::uint8_t>(key.way));
    out.u8(static_cast<std::uint8_t>(report.outcome)).u32(report.next_seconds);
    out.text(report.reason);
  }
  return std::move(out).take();
}

Result<std::vector<DeliveryReport>> decode_delivery_reports(ByteView body, std::size_t max) {
  constexpr std::uint32_t smallest = 1 + 4 + 1 + 8 + 8 + 1 + 1 + 4 + 4;
  constexpr std::size_t max_id_bytes = 128;
  Decoder in(body);
  std::vector<DeliveryReport> reports(in.count(static_cast<std::uint32_t>(max), smallest));
  for (auto& report : reports) {
    auto& key = report.key;
    const auto type = in.u8();
    auto id = ParticipantId::parse(in.text(max_id_bytes));
    if (type < 1 || type > 4 || !id) {
      in.fail();
      break;
    }
    key.participant = {static_cast<ledger::ParticipantType>(type), *std::move(id)};
    key.height = in.u64();
    key.index = in.u64();
    const auto way = in.u8();
    const auto outcome = in.u8();
    report.next_seconds = in.u32();
    report.reason = in.text(max_delivery_reason_bytes);
    if (way < 1 || way > 2 || outcome < 1 || outcome > 5) in.fail();
    key.way = static_cast<DeliveryWay>(way);
    report.outcome = static_cast<DeliveryOutcome>(outcome);
  }
  if (!in.finished()) return Error{ConsensusError::malformed, "not a NEWS-DELIVERY"};
  return reports;
}

bool NewsDesk::Allowance::take(std::int64_t now_period, std::int64_t most) {
  if (period != now_period) *this = {now_period, 0};
  return ++taken <= most;
}

void NewsDesk::follow(std::set<ledger::ParticipantRef> households) {
  households_ = std::move(households);
  std::erase_if(waiting_,
                [&](const auto& entry) { return !households_.contains(entry.first.participant); });
  std::erase_if(states_,
                [&](const auto& entry) { return !households_.contains(entry.first.first); });
  std::erase_if(households_allowance_,
                [&](const auto& entry) { return !households_.contains(entry.first.first); });
}

bool NewsDesk::add(const DeliveryKey& key, bool old, MonotonicMillis now) {
  if (!households_.contains(key.participant) || finished_.contains(key)) return false;
  if (waiting_.contains(key) || waiting_.size() >= limits_.max_waiting) return false;
  auto& allowance = households_allowance_[{key.participant, key.way}];
  if (!allowance.take(now.value / millis_per_hour, limits_.per_hour)) return false;
  const auto begin = old ? after(now, limits_.ask_ms) : now;
  waiting_[key] = Item{now, begin, begin, 0, false, {}};
  if (old) tell({key, DeliveryOutcome::asked, 0, {}});
  return true;
}

bool NewsDesk::is_turn(const DeliveryKey& key, const Item& item, const Turns& turns,
                       MonotonicMillis now) const {
  const auto count = turns.members.size();
  std::int64_t wait_ms = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto member = turns.members[(first_turn(key, count) + i) % count];
    if (item.unable.contains(member)) continue;
    if (member == turns.self) return now.value - item.since.value >= wait_ms;
    wait_ms += turns.connected(member) ? limits_.turn_ms : limits_.absent_turn_ms;
  }
  return false;
}

std::vector<DeliveryKey> NewsDesk::due(const Turns& turns, MonotonicMillis now, UtcMillis wall) {
  std::vector<DeliveryKey> result;
  std::vector<std::pair<DeliveryKey, const char*>> hopeless;
  auto under_way = static_cast<std::size_t>(std::count_if(
      waiting_.begin(), waiting_.end(), [](const auto& entry) { return entry.second.under_way; }));
  for (auto& [key, item] : waiting_) {
    const auto& unable = item.unable;
    const bool all_unable =
        std::all_of(turns.members.begin(), turns.members.end(),
                    [&unable](pbft::MemberIndex member) { return unable.contains(member); });
    const bool too_old = now.value - item.added.value >= limits_.expiry_ms && !item.under_way;
    if (all_unable || too_old) {
      hopeless.emplace_back(key, all_unable ? "No peer of this chain sends on this way."
                                            : "No peer has delivered it within a day.");
      continue;
    }
    if (under_way >= limits_.max_under_way) continue;
    if (item.under_way || now < item.not_before || !is_turn(key, item, turns, now)) continue;
    item.under_way = true;
    ++under_way;
    result.push_back(key);
  }
  for (const auto& [key, reason] : hopeless) {
    finish(key, DeliveryOutcome::given_up, reason, wall);
  }
  return result;
}

void NewsDesk::sent(const DeliveryKey& key, UtcMillis wall) {
  finish(key, DeliveryOutcome::delivered, {}, wall);
  tell({key, DeliveryOutcome::delivered, 0, {}});
}

void NewsDesk::failed(const DeliveryKey& key, const std::string& reason, MonotonicMillis now,
                      UtcMillis wall) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  auto& item = found->second;
  item.under_way = false;
  if (item.tries >= limits_.pauses_ms.size()) {
    ++given_up_[key.way];
    finish(key, DeliveryOutcome::given_up, cut(reason), wall);
    return tell({key, DeliveryOutcome::given_up, 0, cut(reason)});
  }
  const auto pause_ms = limits_.pauses_ms[item.tries++];
  item.not_before = after(now, pause_ms);
  remember(key, DeliveryOutcome::failed, cut(reason), wall);
  tell({key, DeliveryOutcome::failed, static_cast<std::uint32_t>(pause_ms / millis_per_second),
        cut(reason)});
}

void NewsDesk::unable(const DeliveryKey& key, pbft::MemberIndex self) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  found->second.under_way = false;
  found->second.unable.insert(self);
  tell({key, DeliveryOutcome::unable, 0, {}});
}

void NewsDesk::tell(DeliveryReport report) {
  // What is not told is found out by asking, or delivered twice.
  if (untold_.size() < limits_.max_untold) untold_.push_back(std::move(report));
}

void NewsDesk::remember(const DeliveryKey& key, DeliveryOutcome outcome, const std::string& reason,
                        UtcMillis wall) {
  if (households_.contains(key.participant)) {
    states_[{key.participant, key.way}] = {outcome, reason, wall};
  }
}

void NewsDesk::finish(const DeliveryKey& key, DeliveryOutcome outcome, const std::string& reason,
                      UtcMillis wall) {
  waiting_.erase(key);
  remember(key, outcome, reason, wall);
  if (!finished_.emplace(key, outcome).second) return;
  finished_order_.push_back(key);
  if (finished_order_.size() <= limits_.max_finished) return;
  finished_.erase(finished_order_.front());
  finished_order_.pop_front();
}

void NewsDesk::receive(pbft::MemberIndex sender, ByteView body, MonotonicMillis now,
                       UtcMillis wall) {
  const auto reports = decode_delivery_reports(body, limits_.max_in_message);
  if (!reports) return;
  auto& allowance = senders_allowance_[sender];
  for (const auto& report : *reports) {
    if (!allowance.take(now.value / millis_per_second, limits_.reports_per_second)) return;
    take(sender, report, now, wall);
  }
}

void NewsDesk::take(pbft::MemberIndex sender, const DeliveryReport& report, MonotonicMillis now,
                    UtcMillis wall) {
  const auto& key = report.key;
  const auto known = waiting_.find(key);
  switch (report.outcome) {
    case DeliveryOutcome::delivered:
    case DeliveryOutcome::given_up:
      if (!finished_.contains(key)) finish(key, report.outcome, report.reason, wall);
      break;
    case DeliveryOutcome::failed: {
      if (known == waiting_.end()) break;
      const auto seconds = std::min(report.next_seconds, max_next_seconds);
      known->second.since = after(now, std::int64_t{seconds} * millis_per_second);
      remember(key, DeliveryOutcome::failed, report.reason, wall);
      break;
    }
    case DeliveryOutcome::unable:
      if (known != waiting_.end()) known->second.unable.insert(sender);
      break;
    case DeliveryOutcome::asked:
      if (const auto found = finished_.find(key); found != finished_.end()) {
        tell({key, found->second, 0, {}});
      }
      break;
  }
}

std::vector<Bytes> NewsDesk::outgoing() {
  std::vector<Bytes> bodies;
  for (std::size_t from = 0; from < untold_.size(); from += limits_.max_in_message) {
    const auto to = std::min(untold_.size(), from + limits_.max_in_message);
    bodies.push_back(encode_delivery_reports({untold_.begin() + static_cast<std::ptrdiff_t>(from),
                                              untold_.begin() + static_cast<std::ptrdiff_t>(to)}));
  }
  untold_.clear();
  return bodies;
}

std::map<DeliveryWay, NewsDesk::State> NewsDesk::states(const ledger::ParticipantRef& who) const {
  std::map<DeliveryWay, State> result;
  for (const auto way : {DeliveryWay::mail, DeliveryWay::webhook}) {
    const auto found = states_.find({who, way});
    if (found != states_.end()) result[way] = found->second;
  }
  return result;
}

std::vector<DeliveryKey> NewsDesk::waiting() const {
  std::vector<DeliveryKey> keys;
  for (const auto& [key, item] : waiting_) keys.push_back(key);
  return keys;
}

std::uint64_t NewsDesk::given_up(DeliveryWay way) const {
  const auto found = given_up_.find(way);
  return found == given_up_.end() ? 0 : found->second;
}

}  // namespace powershare::protocol
