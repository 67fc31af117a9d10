#include "adapters/register_intervals.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace powershare::adapters {
namespace {

/// Far inside 64 bits, so that no difference of two registers overflows: 2 GWh.
constexpr std::int64_t max_register_nano = std::int64_t{2'000'000} * nano_per_unit;
/// The year 9999.
constexpr std::int64_t max_time_ms = 253'402'300'800'000;

/// a + (b − a) × (time − from) / (to − from), rounded down.
std::int64_t between(std::int64_t a, std::int64_t b, std::int64_t from, std::int64_t to,
                     std::int64_t time) {
  const auto part = multiply_divide_floor(b - a, time - from, to - from);
  PS_ASSERT(part.ok());  // a part of a difference that fits
  return a + *part;
}

Point at(std::int64_t time, const Point& from, const Point& to) {
  if (time == to.time.value) return to;
  const auto value = [&](Energy a, Energy b) {
    return Energy::from_nano(between(a.nano(), b.nano(), from.time.value, to.time.value, time));
  };
  return {{time}, value(from.imported, to.imported), value(from.exported, to.exported)};
}

Interval from_to(const Point& begin, const Point& end) {
  return {begin.time,
          static_cast<std::uint32_t>((end.time.value - begin.time.value) / millis_per_second),
          Energy::from_nano(end.imported.nano() - begin.imported.nano()),
          Energy::from_nano(end.exported.nano() - begin.exported.nano())};
}

}  // namespace

RegisterIntervals::RegisterIntervals(IntervalOptions options, std::optional<Point> base)
    : options_(options), base_(base), last_(base) {
  PS_ASSERT(options_.interval_ms > 0 && options_.interval_ms % millis_per_second == 0);
  PS_ASSERT(options_.slot_ms % options_.interval_ms == 0);
}

Verdict RegisterIntervals::take(UtcMillis time, Energy imported, std::optional<Energy> exported,
                                std::vector<Interval>& out) {
  PS_ASSERT(!imported.is_negative() && !exported.value_or(Energy{}).is_negative());
  if (time.value < 0 || time.value > max_time_ms || imported.nano() > max_register_nano ||
      exported.value_or(Energy{}).nano() > max_register_nano) {
    return Verdict::doubted;
  }
  if (!exported && last_) exported = last_->exported;
  return accept({time, imported, exported.value_or(Energy{})}, out);
}

Verdict RegisterIntervals::accept(const Point& sample, std::vector<Interval>& out) {
  if (!last_) {
    last_ = sample;
    emit(sample, out);
    return Verdict::first;
  }
  if (sample.time <= last_->time) return Verdict::stale;
  unwrap(sample);
  if (!follows(*last_, sample)) return doubt(sample, out);
  doubted_.clear();
  if (!emit(sample, out)) {
    // No sample for years: nobody can say when it was.
    base_.reset();
    last_.reset();
    accept(sample, out);
    return Verdict::rebased;
  }
  last_ = sample;
  return Verdict::taken;
}

bool RegisterIntervals::follows(const Point& before, const Point& after) const {
  const auto elapsed = std::max(after.time.value - before.time.value, options_.interval_ms);
  // W × ms / 3.6 = nano-kWh.
  const auto most = multiply_divide_floor(options_.max_watts, elapsed * 5, 18);
  const auto imported = after.imported.nano() - before.imported.nano();
  const auto exported = after.exported.nano() - before.exported.nano();
  if (imported < 0 || exported < 0) return false;
  return !most || (imported <= *most && exported <= *most);
}

Verdict RegisterIntervals::doubt(const Point& sample, std::vector<Interval>& out) {
  if (!doubted_.empty()) {
    if (sample.time <= doubted_.back().time) return Verdict::stale;
    if (!follows(doubted_.back(), sample)) doubted_.clear();
  }
  doubted_.push_back(sample);
  if (doubted_.size() < samples_to_believe) return Verdict::doubted;
  // The same point in the new register's numbers: what was counted since the base stays counted,
  // and nothing is counted between the last good sample and the first of the new ones.
  const auto believed = std::move(doubted_);
  doubted_.clear();
  const auto& first = believed.front();
  move_registers(first.imported.nano() - last_->imported.nano(),
                 first.exported.nano() - last_->exported.nano());
  for (const auto& point : believed) accept(point, out);
  return Verdict::rebased;
}

void RegisterIntervals::unwrap(const Point& sample) {
  if (!options_.wraps_at) return;
  const auto wrap = options_.wraps_at->nano();
  const auto one = [&](Energy before, Energy after) {
    return after.nano() < before.nano() ? -wrap : 0;
  };
  const auto imported = one(last_->imported, sample.imported);
  const auto exported = one(last_->exported, sample.exported);
  if (imported == 0 && exported == 0) return;
  Point moved = *last_;
  moved.imported = Energy::from_nano(moved.imported.nano() + imported);
  moved.exported = Energy::from_nano(moved.exported.nano() + exported);
  if (follows(moved, sample)) move_registers(imported, exported);
}

void RegisterIntervals::move_registers(std::int64_t imported_nano, std::int64_t exported_nano) {
  for (auto* point : {&base_, &last_}) {
    if (!*point) continue;
    (*point)->imported = Energy::from_nano((*point)->imported.nano() + imported_nano);
    (*point)->exported = Energy::from_nano((*point)->exported.nano() + exported_nano);
  }
}

/// The first boundary that is still to be passed, where the sample is at or behind it.
std::optional<std::int64_t> RegisterIntervals::next_boundary(const Point& sample) const {
  std::int64_t next = 0;
  if (base_) {
    // The base may stand between boundaries: the interval was another one then.
    next = slot_start(base_->time, options_.interval_ms).value + options_.interval_ms;
  } else {
    const auto from = std::max(last_->time.value, options_.not_before.value);
    next = slot_start({from + options_.interval_ms - 1}, options_.interval_ms).value;
  }
  if (next > sample.time.value) return std::nullopt;
  return next;
}

/// Without samples in between: to the end of the slot, or over whole slots.
std::int64_t RegisterIntervals::piece_end(std::int64_t from, std::int64_t end) const {
  const auto slot_end = slot_start({from}, options_.slot_ms).value + options_.slot_ms;
  if (from + options_.slot_ms != slot_end || slot_end > end) return std::min(slot_end, end);
  return from + std::min(max_slots, (end - from) / options_.slot_ms) * options_.slot_ms;
}

/// False, and nothing done, where the gap before the sample is too long.
bool RegisterIntervals::emit(const Point& sample, std::vector<Interval>& out) {
  auto boundary = next_boundary(sample);
  if (!boundary) return true;
  std::vector<Interval> found;
  Point begin = at(*boundary, *last_, sample);
  if (base_) found.push_back(from_to(*base_, begin));
  const auto end = slot_start(sample.time, options_.interval_ms).value;
  while (begin.time.value < end) {
    const auto next = at(piece_end(begin.time.value, end), *last_, sample);
    found.push_back(from_to(begin, next));
    begin = next;
    if (found.size() > max_intervals) return false;
  }
  base_ = begin;
  out.insert(out.end(), found.begin(), found.end());
  return true;
}

}  // namespace powershare::adapters
