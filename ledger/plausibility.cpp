#include "ledger/plausibility.hpp"

#include <algorithm>
#include <map>

#include "ledger/membership.hpp"
#include "ledger/metering.hpp"

namespace powershare::ledger {
namespace {

using Limits = PlausibilityLimits;
__extension__ using Wide = __int128;

/// Energy of `watts` over `seconds`, in nano-kWh.
Wide energy_of(std::int64_t watts, std::int64_t seconds) {
  return static_cast<Wide>(watts) * seconds * 2'500 / 9;  // × 1e9 / 3.6e6
}

Wide yield_of(const MeterTotals& totals) {
  return std::max(totals.produced, totals.exported).nano();
}

/// Nano-kWh per kW of plant that neighbours report, sorted.
class Neighbours {
 public:
  Neighbours(const std::vector<JudgedMeter>& meters, std::int64_t seconds) {
    for (const auto& each : meters) {
      if (counts(each, seconds)) yields_.push_back(per_kilowatt(each));
    }
    std::sort(yields_.begin(), yields_.end());
  }

  struct View {
    std::size_t count = 0;
    Wide median = 0;  ///< the lower one of two
    Wide most = 0;
  };
  /// All but `meter` itself.
  View without(const JudgedMeter& meter, std::int64_t seconds) const {
    if (!counts(meter, seconds)) return view(yields_.size(), yields_.size());
    const auto own = std::lower_bound(yields_.begin(), yields_.end(), per_kilowatt(meter));
    return view(static_cast<std::size_t>(own - yields_.begin()), yields_.size() - 1);
  }

 private:
  static bool counts(const JudgedMeter& each, std::int64_t seconds) {
    return each.counts_as_neighbour && each.meter.kind == MeterKind::home &&
           each.meter.plant_watts > 0 && each.now.seconds == seconds;
  }
  static Wide per_kilowatt(const JudgedMeter& each) {
    // Where production is metered it is the yield; export is what is left of it.
    const Wide yield =
        each.now.produced.is_positive() ? each.now.produced.nano() : yield_of(each.now);
    return yield * 1'000 / each.meter.plant_watts;
  }
  View view(std::size_t left_out, std::size_t count) const {
    if (count == 0) return {};
    const auto at = [&](std::size_t i) { return yields_[i < left_out ? i : i + 1]; };
    return {count, at((count - 1) / 2), at(count - 1)};
  }

  std::vector<Wide> yields_;
};

/// One meter's slot under examination.
class Examination {
 public:
  Examination(const JudgedMeter& judged, std::int64_t seconds, std::optional<bool> night,
              const Neighbours::View& neighbours)
      : meter_(judged.meter),
        now_(judged.now),
        judged_(judged),
        seconds_(seconds),
        neighbours_(neighbours) {
    night_ = night;
    // Without a place, it is night when no plant yields anything.
    if (!night_ && neighbours.count >= Limits::min_neighbours) night_ = neighbours.most == 0;
    sun_is_down_ = night.value_or(false);
  }

  Notice run() {
    if (meter_.kind == MeterKind::transformer) return {};
    check_production();
    check_consumption();
    check_same();
    check_swapped();
    return std::move(notice_);
  }

 private:
  bool is_home() const { return meter_.kind == MeterKind::home; }
  bool has_plant() const { return meter_.plant_watts > 0; }
  /// Something behind the meter may give energy besides the plant.
  bool stores() const { return now_.battery.has_value() || judged_.has_charger; }
  Wide of_plant(std::int64_t per_cent) const {
    return energy_of(meter_.plant_watts, seconds_) * per_cent / 100;
  }
  Wide noise() const {
    return std::max(energy_of(Limits::night_watts, seconds_), of_plant(Limits::night_per_cent));
  }
  void doubt(Doubt what) { notice_.doubts.push_back(what); }

  void check_production() {
    // Only homes' plants are known to run on sun.
    if (is_home() && sun_is_down_ && now_.produced.nano() > noise()) {
      doubt(Doubt::night_production);
    }
    if (!has_plant() || meter_.kind == MeterKind::charger) return;
    const Wide most = of_plant(Limits::plant_per_cent);
    const bool exports_too_much = !stores() && now_.exported.nano() > most;
    if (now_.produced.nano() > most || exports_too_much) doubt(Doubt::above_plant);
  }

  void check_consumption() {
    if (!is_home()) return;
    const bool draws_too_much =
        now_.imported.nano() > energy_of(Limits::connection_watts, seconds_);
    const Wide there = static_cast<Wide>(now_.imported.nano()) + now_.produced.nano();
    const Wide tolerance =
        there * Limits::balance_per_cent / 100 + energy_of(Limits::night_watts, seconds_);
    const bool gives_too_much =
        !stores() && now_.produced.is_positive() && now_.exported.nano() > there + tolerance;
    if (draws_too_much || gives_too_much) doubt(Doubt::impossible_consumption);
  }

  void check_same() {
    if (meter_.kind == MeterKind::charger || !judged_.before) return;
    if (now_.seconds != seconds_ || now_.split || now_ != *judged_.before) return;
    const bool silent =
        now_.imported.is_zero() && now_.exported.is_zero() && now_.produced.is_zero();
    const bool at_limit = has_plant() && yield_of(now_) >= of_plant(Limits::near_plant_per_cent);
    notice_.same_as_before = !silent && !at_limit;
  }

  void check_swapped() {
    if (!is_home() || !has_plant() || stores() || now_.seconds != seconds_) return;
    const bool only_exports = now_.exported.nano() > noise() && now_.imported.is_zero();
    if (night_.value_or(false) && only_exports && now_.produced.nano() <= noise()) {
      doubt(Doubt::night_export);
    }
    const bool sunny =
        neighbours_.count >= Limits::min_neighbours &&
        neighbours_.median >= energy_of(1'000, seconds_) * Limits::sunny_per_cent / 100;
    if (!sunny) return;
    const Wide share = neighbours_.median * meter_.plant_watts / 1'000 / Limits::share_of_yield;
    if (now_.exported.is_zero() && now_.imported.nano() >= share) doubt(Doubt::day_import);
    notice_.yields_as_neighbours = now_.exported.nano() >= share && now_.imported.is_zero();
  }

  const MeterRecord& meter_;
  const MeterTotals& now_;
  const JudgedMeter& judged_;
  std::int64_t seconds_;
  Neighbours::View neighbours_;
  std::optional<bool> night_;
  bool sun_is_down_ = false;
  Notice notice_;
};

std::map<MeterId, MeterTotals> totals_of(const StateReader& state, UtcMillis slot) {
  std::map<MeterId, MeterTotals> result;
  for_each_reading(state, slot, [&](const SlotReading& reading) {
    MeterTotals& totals = result[reading.meter];
    // A sum beyond its range has kept the slot from being settled.
    const auto accumulate = [](Energy& sum, Energy part) {
      if (auto total = add(sum, part)) sum = *total;
    };
    accumulate(totals.imported, reading.imported);
    accumulate(totals.exported, reading.exported);
    accumulate(totals.produced, reading.produced);
    if (reading.battery) totals.battery = reading.battery;
    totals.seconds += reading.seconds;
    totals.split = totals.split || reading.split;
    return true;
  });
  return result;
}

std::vector<JudgedMeter> meters_to_judge(const StateReader& state, UtcMillis slot,
                                         std::int64_t slot_ms) {
  auto now = totals_of(state, slot);
  const auto before = totals_of(state, {slot.value - slot_ms});
  const auto quarantined = quarantined_meters(state);
  std::vector<MeterId> with_charger;
  std::vector<JudgedMeter> result;
  for_each_meter(state, [&](const MeterRecord& meter) {
    if (meter.active_at(slot) && meter.parent) with_charger.push_back(*meter.parent);
    const auto found = now.find(meter.meter);
    if (found == now.end() || !meter.active_at(slot)) return true;
    JudgedMeter judged;
    judged.meter = meter;
    judged.now = found->second;
    if (const auto last = before.find(meter.meter); last != before.end()) {
      judged.before = last->second;
    }
    judged.counts_as_neighbour =
        !std::binary_search(quarantined.begin(), quarantined.end(), meter.meter);
    result.push_back(std::move(judged));
    return true;
  });
  std::sort(with_charger.begin(), with_charger.end());
  for (JudgedMeter& judged : result) {
    judged.has_charger =
        std::binary_search(with_charger.begin(), with_charger.end(), judged.meter.meter);
  }
  return result;
}

/// Halves of the evidence for swapped; neither means anything alone.
bool is_half(Doubt doubt) {
  return doubt == Doubt::night_export || doubt == Doubt::day_import;
}

/// What one meter's record becomes by what was noticed.
class Judgement {
 public:
  Judgement(StandingRecord record, UtcMillis slot, std::int64_t slot_ms)
      : record_(std::move(record)), slot_(slot), slot_ms_(slot_ms) {}

  void take(const Notice& notice) {
    const UtcMillis oldest = oldest_that_counts();
    if (slot_ < record_.judged_from || slot_ <= oldest) return;
    std::erase_if(record_.evidence, [&](const Evidence& each) { return each.slot <= oldest; });
    if (notice.yields_as_neighbours) {
      std::erase_if(record_.evidence, [](const Evidence& each) { return is_half(each.doubt); });
    }
    for (const Doubt doubt : notice.doubts) add(doubt);
    count_same(notice.same_as_before);
  }

  const StandingRecord& record() const { return record_; }
  /// Doubts of which there was no evidence before.
  const std::vector<Doubt>& raised() const { return raised_; }
  std::optional<Doubt> quarantine() const {
    const auto enough = [&](Doubt doubt) { return count(doubt) >= Limits::quarantine_after; };
    for (const Doubt doubt : {Doubt::night_production, Doubt::above_plant,
                              Doubt::impossible_consumption, Doubt::stuck}) {
      if (enough(doubt)) return doubt;
    }
    if (enough(Doubt::night_export) && enough(Doubt::day_import)) return Doubt::swapped;
    return std::nullopt;
  }

 private:
  std::size_t count(Doubt doubt) const {
    return static_cast<std::size_t>(
        std::count_if(record_.evidence.begin(), record_.evidence.end(),
                      [&](const Evidence& each) { return each.doubt == doubt; }));
  }

  /// Just before the window, which ends at the newest slot that there is anything about: a backlog
  /// brings old ones.
  UtcMillis oldest_that_counts() const {
    const auto& all = record_.evidence;
    const UtcMillis newest = all.empty() ? slot_ : std::max(slot_, all.back().slot);
    return {newest.value - Limits::window_slots * slot_ms_};
  }

  void add(Doubt doubt) {
    const Evidence evidence{slot_, doubt};
    auto& all = record_.evidence;
    const auto at = std::lower_bound(all.begin(), all.end(), evidence);
    if (at != all.end() && *at == evidence) return;
    // Half of an evidence is no news; an honest home charges its car at noon.
    if (count(doubt) == 0 && doubt != Doubt::day_import) raised_.push_back(doubt);
    all.insert(at, evidence);
    keep_newest(doubt);
  }

  /// No more of one doubt than count for anything, so that none crowds out another.
  void keep_newest(Doubt doubt) {
    if (count(doubt) <= Limits::quarantine_after) return;
    const auto first = std::find_if(record_.evidence.begin(), record_.evidence.end(),
                                    [&](const Evidence& each) { return each.doubt == doubt; });
    record_.evidence.erase(first);
  }

  void count_same(bool same) {
    if (slot_ <= record_.same_through && record_.same_slots > 0) return;  // judged already
    if (!same) {
      record_.same_slots = 0;
      record_.same_through = {};
      return;
    }
    const bool in_a_row = record_.same_through.value + slot_ms_ == slot_.value;
    record_.same_slots = in_a_row ? record_.same_slots + 1 : 1;
    record_.same_through = slot_;
    if (record_.same_slots + 1 >= Limits::stuck_slots) add(Doubt::stuck);
  }

  StandingRecord record_;
  UtcMillis slot_;
  std::int64_t slot_ms_;
  std::vector<Doubt> raised_;
};

void tell(const BlockContext& context, const MeterId& meter, Doubt doubt, MeterAlarmRow::Kind kind,
          UtcMillis slot) {
  context.history.push_back(meter_alarm_row({meter, context.island_time, doubt, kind, slot}));
  const auto event = kind == MeterAlarmRow::Kind::quarantined ? Event::Kind::meter_quarantined
                                                              : Event::Kind::meter_suspected;
  context.events.push_back(
      {event, slot, "meter " + meter.text() + ": " + std::string(to_text(doubt)), 1, Energy{}});
}

void judge_meter(Overlay& state, const BlockContext& context, UtcMillis slot, const MeterId& meter,
                 const Notice& notice) {
  const auto found = find_standing(state, meter);
  const auto before = found.value_or(StandingRecord{});
  if (before.standing == MeterStanding::quarantined) return;
  Judgement judgement(before, slot, context.parameters.slot_ms);
  judgement.take(notice);
  StandingRecord after = judgement.record();
  for (const Doubt doubt : judgement.raised()) {
    tell(context, meter, doubt, MeterAlarmRow::Kind::suspected, slot);
  }
  const auto reason = judgement.quarantine();
  if (reason && context.parameters.plausibility == Plausibility::quarantine) {
    after = {};
    after.standing = MeterStanding::quarantined;
    after.reason = reason;
    after.since = context.island_time;
    tell(context, meter, *reason, MeterAlarmRow::Kind::quarantined, slot);
  }
  if (after != before) put_standing(state, meter, after);
}

}  // namespace

std::vector<Notice> examine(UtcMillis slot, std::int64_t slot_ms, const std::optional<Site>& site,
                            const std::vector<JudgedMeter>& meters) {
  const std::int64_t seconds = slot_ms / millis_per_second;
  std::optional<bool> night;
  if (site) {
    night = sun_elevation(slot, *site) < Limits::night_below &&
            sun_elevation({slot.value + slot_ms}, *site) < Limits::night_below;
  }
  const Neighbours neighbours(meters, seconds);
  std::vector<Notice> result;
  result.reserve(meters.size());
  for (const JudgedMeter& each : meters) {
    result.push_back(Examination(each, seconds, night, neighbours.without(each, seconds)).run());
  }
  return result;
}

void judge_slot(Overlay& state, const BlockContext& context, UtcMillis slot) {
  const auto& parameters = context.parameters;
  if (parameters.plausibility == Plausibility::off || current_feature_level(state) < 3) return;
  const auto meters = meters_to_judge(state, slot, parameters.slot_ms);
  const auto notices = examine(slot, parameters.slot_ms, parameters.site, meters);
  for (std::size_t i = 0; i < meters.size(); ++i) {
    judge_meter(state, context, slot, meters[i].meter.meter, notices[i]);
  }
}

}  // namespace powershare::ledger
