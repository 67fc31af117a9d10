#include "apps/adapter_household.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using adapters::Verdict;

constexpr std::chrono::milliseconds longest_pause = 60s;
/// A device's clock may be so far ahead of this machine's.
constexpr std::int64_t clock_tolerance_ms = 60 * millis_per_second;
/// Out of one sample come at most this many readings.
constexpr std::size_t room_needed = adapters::RegisterIntervals::max_intervals;

}  // namespace

Household::Household(const AdapterConfig& config, AdapterStateFile file)
    : config_(config), file_(std::move(file)), devices_(config.meters.size()) {
  for (std::size_t i = 0; i < devices_.size(); ++i) begin(i);
}

const MeterState* Household::state_of(std::size_t meter) const {
  const auto found = file_.state().meters.find(config_.meters[meter].meter);
  return found == file_.state().meters.end() ? nullptr : &found->second;
}

MeterState* Household::state_of(std::size_t meter) {
  const auto found = file_.state().meters.find(config_.meters[meter].meter);
  return found == file_.state().meters.end() ? nullptr : &found->second;
}

/// Where the chain is known, the device's registers are followed from what was kept of them.
void Household::begin(std::size_t meter) {
  const auto* state = state_of(meter);
  if (state == nullptr || devices_[meter].intervals) return;
  const auto& device = config_.meters[meter];
  adapters::IntervalOptions options;
  options.slot_ms = file_.state().slot_ms;
  options.interval_ms = config_.interval_ms.value_or(options.slot_ms);
  options.not_before = state->not_before;
  options.max_watts = device.max_watts;
  options.wraps_at = device.wraps_at;
  devices_[meter].intervals.emplace(options, state->base);
}

bool Household::knows_all() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(devices_, [](const Device& d) { return d.intervals.has_value(); });
}

Result<void> Household::learn(const ChainFacts& facts) {
  const std::lock_guard lock(mutex_);
  auto& state = file_.state();
  if (state.genesis && *state.genesis != facts.genesis) {
    return Error{AppError::bad_configuration,
                 "a peer is of another chain than the readings in " + config_.state.string()};
  }
  if (facts.slot_ms <= 0 || facts.slot_ms % config_.interval_ms.value_or(facts.slot_ms) != 0) {
    return Error{AppError::bad_configuration, "interval must divide the market's slot of " +
                                                  std::to_string(facts.slot_ms / 1'000) + " s"};
  }
  if (state.slot_ms != 0 && state.slot_ms != facts.slot_ms) {
    return Error{AppError::bad_configuration, "the market's slot is another one than before"};
  }
  state.genesis = facts.genesis;
  state.slot_ms = facts.slot_ms;
  bool changed = false;
  for (const auto& known : facts.meters) {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      if (config_.meters[i].meter != known.meter || devices_[i].intervals) continue;
      MeterState meter;
      meter.not_before = std::max(known.active_from, known.last_end.value_or(known.active_from));
      meter.owner = known.owner;
      meter.next_sequence = known.in_ledger_through + 1;
      state.meters.emplace(known.meter, std::move(meter));
      changed = true;
      begin(i);
      spdlog::info("meter {} of {}: readings from {} on, number {}", known.meter.text(),
                   known.owner, to_iso8601(state.meters.at(known.meter).not_before),
                   known.in_ledger_through + 1);
    }
  }
  return changed ? file_.save() : Result<void>();
}

Result<void> Household::take(std::size_t meter, const adapters::Report& report, UtcMillis now) {
  const std::lock_guard lock(mutex_);
  auto& device = devices_[meter];
  const auto& name = config_.meters[meter].meter.text();
  if (report.power) {
    device.states.power = report.power;
    device.power_is_fresh = true;
  }
  if (!report.imported) return {};
  device.states.imported = report.imported;
  if (report.exported) device.states.exported = report.exported;
  if (!device.intervals) return {};
  const auto time = report.time.value_or(now);
  const bool ahead = time.value > now.value + clock_tolerance_ms;
  if (ahead && !device.ahead) {
    spdlog::warn("meter {}: its clock is ahead of ours, at {}; what it says is left out", name,
                 to_iso8601(time));
  }
  device.ahead = ahead;
  if (ahead) return {};
  auto& state = *state_of(meter);
  const bool full = state.pending.size() + room_needed > MeterState::max_pending;
  if (full && !device.full) {
    spdlog::warn("meter {}: {} readings wait for the ledger; no more are made until it takes some",
                 name, state.pending.size());
  }
  device.full = full;
  if (full) return {};

  std::vector<adapters::Interval> intervals;
  const auto verdict = device.intervals->take(time, *report.imported, report.exported, intervals);
  if (verdict == Verdict::rebased) {
    spdlog::warn("meter {}: its register was reset or is another one; counting goes on from {} kWh",
                 name, to_text(*report.imported));
  } else if (verdict == Verdict::doubted && device.doubted++ == 0) {
    spdlog::warn("meter {}: {} kWh cannot follow what it said before; waiting for more", name,
                 to_text(*report.imported));
  } else if (verdict == Verdict::taken) {
    device.doubted = 0;
  }
  if (device.intervals->base() == state.base) return {};
  return add(meter, intervals);
}

Result<void> Household::add(std::size_t meter, const std::vector<adapters::Interval>& intervals) {
  auto& state = *state_of(meter);
  state.base = devices_[meter].intervals->base();
  for (const auto& interval : intervals) {
    ledger::Reading reading;
    reading.meter = config_.meters[meter].meter;
    reading.sequence = state.take_sequence();
    reading.start = interval.start;
    reading.seconds = interval.seconds;
    reading.imported = interval.imported;
    reading.exported = interval.exported;
    spdlog::info("meter {}: reading {} from {} for {} s: imported {} kWh, exported {} kWh",
                 reading.meter.text(), reading.sequence, to_iso8601(reading.start), reading.seconds,
                 to_text(reading.imported), to_text(reading.exported));
    state.pending.emplace(reading.sequence, std::move(reading));
  }
  return file_.save();
}

std::vector<Outgoing> Household::due(Clock::time_point now, bool with_signature,
                                     std::size_t max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Outgoing> result;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const auto* state = state_of(i);
    if (state == nullptr || config_.meters[i].key.has_value() != with_signature) continue;
    for (const auto& [sequence, reading] : state->pending) {
      if (result.size() == max) return result;
      const auto found = tries_.find({i, sequence});
      if (found == tries_.end() || found->second.due <= now) result.push_back({i, reading});
    }
  }
  return result;
}

std::string Household::body(const std::vector<Outgoing>& readings) const {
  const std::lock_guard lock(mutex_);
  std::string result = "[";
  for (const auto& one : readings) {
    if (result.size() > 1) result += ',';
    const auto& key = config_.meters[one.meter].key;
    result += key ? signed_reading_json(*file_.state().genesis, one.reading, *key)
                  : reading_json(one.reading);
  }
  return result + "]";
}

Result<void> Household::answered(const std::vector<Outgoing>& readings,
                                 const DeliveryAnswer& answer, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  // What the ledger has first, so that its numbers are given to nobody again.
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const auto through = answer.in_ledger_through.find(config_.meters[i].meter.text());
    auto* state = state_of(i);
    if (state != nullptr && through != answer.in_ledger_through.end()) {
      state->used_through(through->second);
    }
  }
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const auto& sent = readings[i];
    auto& state = *state_of(sent.meter);
    if (!state.pending.contains(sent.reading.sequence)) continue;
    const auto rejected = answer.rejected.find(i);
    if (rejected != answer.rejected.end()) {
      changed = judge(sent, rejected->second, now) || changed;
      continue;
    }
    const auto through = answer.in_ledger_through.find(sent.reading.meter.text());
    if (through != answer.in_ledger_through.end() && through->second >= sent.reading.sequence) {
      state.settle(sent.reading.sequence);
      tries_.erase({sent.meter, sent.reading.sequence});
      changed = true;
    } else {
      postpone(sent, now, resend_after);
    }
  }
  return changed ? file_.save() : Result<void>();
}

/// What follows from a rejection; true where the state is another one now.
bool Household::judge(const Outgoing& sent, const std::string& reason, Clock::time_point now) {
  const auto& name = sent.reading.meter.text();
  const auto sequence = sent.reading.sequence;
  auto& state = *state_of(sent.meter);
  switch (rejection_of(reason)) {
    case Rejection::early:
      postpone(sent, now, 1s);
      return false;
    case Rejection::waits:
      if (!tries_.contains({sent.meter, sequence})) {
        spdlog::error("meter {}: a peer refuses reading {} until somebody helps: {}", name,
                      sequence, reason);
      }
      postpone(sent, now, 10s);
      return false;
    case Rejection::renumber:
      spdlog::warn("meter {}: number {} was used for another reading; this one gets a new number",
                   name, sequence);
      state.renumber(sequence);
      break;
    case Rejection::final:
      spdlog::error("meter {}: reading {} from {} for {} s is refused for good: {}", name, sequence,
                    to_iso8601(sent.reading.start), sent.reading.seconds, reason);
      state.drop(sequence);
      break;
  }
  tries_.erase({sent.meter, sequence});
  return true;
}

void Household::postpone(const Outgoing& sent, Clock::time_point now,
                         std::chrono::milliseconds least) {
  auto& attempt = tries_[{sent.meter, sent.reading.sequence}];
  const auto doubled = least * (1U << std::min(attempt.attempts, 5U));
  attempt.due = now + std::min<std::chrono::milliseconds>(doubled, longest_pause);
  ++attempt.attempts;
}

std::vector<LivePower> Household::fresh_power() {
  const std::lock_guard lock(mutex_);
  std::vector<LivePower> result;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    auto& device = devices_[i];
    if (!std::exchange(device.power_is_fresh, false)) continue;
    result.push_back({config_.meters[i].meter, *device.states.power});
  }
  return result;
}

adapters::MeterStates Household::states(std::size_t meter) const {
  const std::lock_guard lock(mutex_);
  return devices_[meter].states;
}

std::string Household::owner(std::size_t meter) const {
  const std::lock_guard lock(mutex_);
  const auto* state = state_of(meter);
  return state == nullptr ? std::string() : state->owner;
}

std::size_t Household::pending() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, state] : file_.state().meters) count += state.pending.size();
  return count;
}

}  // namespace powershare::apps
