#include "protocol/live_board.hpp"

#include <algorithm>

#include "protocol/pbft/error.hpp"

namespace powershare::protocol {
namespace {

constexpr std::size_t max_name_bytes = 64;
constexpr std::int64_t day_ms = millis_per_day;

void put_signed(Encoder& out, std::int32_t value) {
  out.u32(static_cast<std::uint32_t>(value));
}

std::int32_t take_signed(Decoder& in, std::int32_t least, std::int32_t most) {
  const auto value = static_cast<std::int32_t>(in.u32());
  if (value < least || value > most) in.fail();
  return value;
}

}  // namespace

Bytes encode_live_power(const std::vector<LivePower>& values) {
  Encoder out;
  out.u32(static_cast<std::uint32_t>(values.size()));
  for (const LivePower& value : values) {
    out.text(value.meter.text()).time(value.at);
    put_signed(out, value.watts_import);
    put_signed(out, value.watts_export);
    put_signed(out, value.watts_pv.value_or(-1));
    put_signed(out, value.soc_per_mille.value_or(std::int16_t{-1}));
  }
  return std::move(out).take();
}

Result<std::vector<LivePower>> decode_live_power(ByteView body, std::size_t max) {
  constexpr std::uint32_t least_bytes = 4 + 1 + 8 + 4 * 4;
  Decoder in(body);
  std::vector<LivePower> values(in.count(static_cast<std::uint32_t>(max), least_bytes));
  for (LivePower& value : values) {
    auto meter = MeterId::parse(in.text(max_name_bytes));
    if (meter) {
      value.meter = *std::move(meter);
    } else {
      in.fail();
    }
    value.at = in.time();
    value.watts_import = take_signed(in, 0, LivePower::max_watts);
    value.watts_export = take_signed(in, 0, LivePower::max_watts);
    const auto pv = take_signed(in, -1, LivePower::max_watts);
    if (pv >= 0) value.watts_pv = pv;
    const auto soc = take_signed(in, -1, 1'000);
    if (soc >= 0) value.soc_per_mille = static_cast<std::int16_t>(soc);
  }
  if (!in.finished()) return Error{ConsensusError::malformed, "not a LIVE-POWER"};
  return values;
}

LiveMinute LiveBoard::OpenMinute::mean() const {
  LiveMinute result;
  result.start = {minute * millis_per_minute};
  result.watts_import = static_cast<std::int32_t>(imported / count);
  result.watts_export = static_cast<std::int32_t>(exported / count);
  if (pv_count > 0) result.watts_pv = static_cast<std::int32_t>(pv / pv_count);
  result.soc_per_mille = soc;
  return result;
}

void LiveBoard::follow(std::map<MeterId, ledger::ParticipantRef> meters) {
  known_ = std::move(meters);
  const auto is_gone = [this](const auto& entry) { return !known_.contains(entry.first); };
  std::erase_if(entries_, is_gone);
  std::erase_if(untold_, is_gone);
}

bool LiveBoard::put(const LivePower& value, UtcMillis now) {
  if (!take(value, now)) return false;
  untold_[value.meter] = value;
  return true;
}

std::size_t LiveBoard::receive(pbft::MemberIndex sender, ByteView body, UtcMillis now) {
  const auto values = decode_live_power(body, limits_.max_in_message);
  if (!values) return 0;
  Allowance& allowance = allowances_[sender];
  const std::int64_t second = now.value / millis_per_second;
  if (allowance.second != second) allowance = {second, 0};
  std::size_t taken = 0;
  for (const LivePower& value : *values) {
    if (++allowance.taken > limits_.values_per_second) break;
    taken += take(value, now) ? 1 : 0;
  }
  return taken;
}

bool LiveBoard::take(const LivePower& value, UtcMillis now) {
  if (!known_.contains(value.meter)) return false;
  const bool in_time =
      value.at.value <= now.value + limits_.max_ahead_ms && value.at.value > now.value - day_ms;
  if (!in_time) return false;
  auto found = entries_.find(value.meter);
  if (found == entries_.end()) {
    if (entries_.size() >= limits_.max_meters) return false;
    found = entries_.emplace(value.meter, Entry{}).first;
  }
  Entry& entry = found->second;
  if (value.at < entry.last.at) return false;  // told late: the newer one stands
  entry.last = value;
  OpenMinute& open = entry.open;
  const std::int64_t minute = value.at.value / millis_per_minute;
  if (open.minute != minute) {
    if (open.count > 0) entry.minutes.push_back(open.mean());
    open = {};
    open.minute = minute;
    const std::int64_t oldest = value.at.value - day_ms;
    while (!entry.minutes.empty() && (entry.minutes.front().start.value < oldest ||
                                      entry.minutes.size() > limits_.max_minutes)) {
      entry.minutes.pop_front();
    }
  }
  ++open.count;
  open.imported += value.watts_import;
  open.exported += value.watts_export;
  if (value.watts_pv) {
    open.pv += *value.watts_pv;
    ++open.pv_count;
  }
  if (value.soc_per_mille) open.soc = value.soc_per_mille;
  return true;
}

std::vector<Bytes> LiveBoard::outgoing() {
  std::vector<Bytes> bodies;
  while (!untold_.empty() && bodies.size() < limits_.max_messages_at_once) {
    std::vector<LivePower> values;
    while (!untold_.empty() && values.size() < limits_.max_in_message) {
      values.push_back(std::move(untold_.extract(untold_.begin()).mapped()));
    }
    bodies.push_back(encode_live_power(values));
  }
  return bodies;
}

std::optional<LivePower> LiveBoard::last(const MeterId& meter) const {
  const auto found = entries_.find(meter);
  if (found == entries_.end()) return std::nullopt;
  return found->second.last;
}

std::vector<LivePower> LiveBoard::last(const ledger::ParticipantRef& owner) const {
  std::vector<LivePower> result;
  for (const auto& [meter, entry] : entries_) {
    const auto known = known_.find(meter);
    if (known != known_.end() && known->second == owner) result.push_back(entry.last);
  }
  return result;
}

std::vector<LiveMinute> LiveBoard::ring(const MeterId& meter, UtcMillis from) const {
  const auto found = entries_.find(meter);
  if (found == entries_.end()) return {};
  const auto& minutes = found->second.minutes;
  const auto begin = std::lower_bound(minutes.begin(), minutes.end(), from,
                                      [](const LiveMinute& each, UtcMillis time) {
                                        return each.start.value + millis_per_minute <= time.value;
                                      });
  return {begin, minutes.end()};
}

}  // namespace powershare::protocol
