#include "ledger/metering.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/history.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/slot_settlement.hpp"
#include "ledger/slots.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

Bytes progress_key(const MeterId& meter) {
  return state_key::Builder(StateTable::reading_ranges).text(meter.text()).take();
}

Bytes reading_key(UtcMillis slot, const MeterId& meter, UtcMillis start) {
  return state_key::Builder(StateTable::slot_reading)
      .time(slot)
      .text(meter.text())
      .time(start)
      .take();
}

Bytes slot_prefix(UtcMillis slot) {
  return state_key::Builder(StateTable::slot_reading).time(slot).take();
}

/// A sequence and what it said.
struct Told {
  std::uint64_t sequence = 0;
  Digest content{};
  friend bool operator==(const Told&, const Told&) = default;
};

/// The value of a slot_reading record.
struct StoredReading {
  Told told;
  std::uint32_t seconds = 0;
  Energy imported;
  Energy exported;
  Energy produced;
  std::optional<Energy> battery;
  bool was_signed = false;
  std::uint16_t shares = 1;    ///< slots that the reading was split over
  std::vector<Told> replaced;  ///< what it corrects, oldest first

  Bytes encode() const {
    Encoder out;
    out.u64(told.sequence).raw(told.content).u32(seconds);
    out.quantity(imported).quantity(exported).quantity(produced);
    out.boolean(battery.has_value()).quantity(battery.value_or(Energy{}));
    out.boolean(was_signed).u16(shares).u32(static_cast<std::uint32_t>(replaced.size()));
    for (const Told& old : replaced) out.u64(old.sequence).raw(old.content);
    return std::move(out).take();
  }

  static StoredReading decode(ByteView value) {
    Decoder in(value);
    StoredReading result;
    result.told.sequence = in.u64();
    result.told.content = in.array<32>();
    result.seconds = in.u32();
    result.imported = in.quantity<Energy>();
    result.exported = in.quantity<Energy>();
    result.produced = in.quantity<Energy>();
    const bool has_battery = in.boolean();
    const auto battery = in.quantity<Energy>();
    if (has_battery) result.battery = battery;
    result.was_signed = in.boolean();
    result.shares = in.u16();
    const auto count = in.count(MeteringLimits::max_corrections, 40);
    for (std::uint32_t i = 0; i < count; ++i) {
      Told old;
      old.sequence = in.u64();
      old.content = in.array<32>();
      result.replaced.push_back(old);
    }
    PS_ASSERT(in.finished());  // our own record
    return result;
  }

  bool tells(const Told& other) const {
    return told == other || std::find(replaced.begin(), replaced.end(), other) != replaced.end();
  }
};

std::optional<StoredReading> find_reading(const StateReader& state, UtcMillis slot,
                                          const MeterId& meter, UtcMillis start) {
  const auto value = state.get(reading_key(slot, meter, start));
  if (!value) return std::nullopt;
  return StoredReading::decode(*value);
}

ReadingResult rejected(std::string reason) {
  return {ReadingResult::Kind::rejected, std::move(reason)};
}

/// The k-th of `count` even shares; the first ones take the nano-units that are left over.
Energy share(Energy energy, std::int64_t k, std::int64_t count) {
  const std::int64_t left_over = energy.nano() % count;
  return Energy::from_nano(energy.nano() / count + (k < left_over ? 1 : 0));
}

/// One reading on its way into the state.
class Judge {
 public:
  Judge(Overlay& state, const BlockContext& context, const SignedReading& signed_reading)
      : state_(state),
        context_(context),
        signed_(signed_reading),
        reading_(signed_reading.reading),
        slot_ms_(context.parameters.slot_ms) {}

  ReadingResult run(bool unsigned_allowed) {
    using Check = std::optional<ReadingResult> (Judge::*)();
    if (auto result = check_meter(unsigned_allowed)) return *result;
    for (const Check check : {&Judge::check_interval, &Judge::check_amounts, &Judge::check_sequence,
                              &Judge::check_place}) {
      if (auto result = (this->*check)()) return *result;
    }
    return record();
  }

 private:
  std::optional<ReadingResult> check_meter(bool unsigned_allowed) {
    auto meter = find_meter(state_, reading_.meter);
    if (!meter) return rejected("unknown_meter");
    meter_ = *std::move(meter);
    if (!signed_.signature) {
      if (!unsigned_allowed) return rejected("unsigned_not_allowed");
      if (context_.parameters.signed_readings_only) return rejected("signature_needed");
      return std::nullopt;
    }
    if (!verifies()) return rejected("bad_signature");
    return std::nullopt;
  }

  /// Under the meter's key, or under one that it had in the slot in which the reading begins.
  bool verifies() const {
    const auto statement = reading_statement(context_.genesis_hash, reading_);
    const auto under = [&](const std::optional<PublicKey>& key) {
      return key && crypto::verify(*key, statement, *signed_.signature);
    };
    if (under(meter_.public_key)) return true;
    for (const auto& former : meter_.former) {
      const bool of_then = slot_start(reading_.start, slot_ms_) < former.until;
      if (of_then && former.public_key != meter_.public_key && under(former.public_key)) {
        return true;
      }
    }
    return false;
  }

  std::optional<ReadingResult> check_interval() {
    const std::int64_t start = reading_.start.value;
    if (start < 0 || start > MeteringLimits::max_time_ms || reading_.seconds == 0) {
      return rejected("bad_interval");
    }
    const std::int64_t length_ms = std::int64_t{reading_.seconds} * millis_per_second;
    end_ = {start + length_ms};
    first_slot_ = slot_start(reading_.start, slot_ms_);
    if (end_.value > first_slot_.value + slot_ms_) {
      const bool whole = first_slot_ == reading_.start && length_ms % slot_ms_ == 0;
      shares_ = length_ms / slot_ms_;
      if (!whole || shares_ > static_cast<std::int64_t>(MeteringLimits::max_slots_per_reading)) {
        return rejected("bad_interval");
      }
    }
    if (end_.value - context_.island_time.value > context_.parameters.future_reading_ms) {
      return rejected("future");
    }
    const auto progress = slot_progress(state_);
    if (!progress || first_slot_ < progress->first || first_slot_ < meter_.active_from) {
      return rejected("before_start");
    }
    if (!meter_.active_at(slot(shares_ - 1))) return rejected("meter_retired");
    next_close_ = progress->next_close;
    next_final_ = progress->next_final;
    return std::nullopt;
  }

  std::optional<ReadingResult> check_amounts() {
    // Watts × seconds × 1000 / 3600 = nano-kWh / 1e6.
    const auto most = multiply_divide_floor(MeteringLimits::plausible_watts + meter_.plant_watts,
                                            std::int64_t{reading_.seconds} * 2'500, 9);
    if (!most) return rejected("absurd");
    for (const Energy energy : {reading_.imported, reading_.exported, reading_.produced}) {
      if (energy.is_negative()) return rejected("negative");
      if (energy.nano() > *most) return rejected("absurd");
    }
    const Energy battery = reading_.battery.value_or(Energy{});
    if (battery.is_negative()) return rejected("negative");
    if (battery.nano() > MeteringLimits::plausible_battery_kwh * nano_per_unit) {
      return rejected("absurd");
    }
    return std::nullopt;
  }

  std::optional<ReadingResult> check_sequence() {
    if (reading_.sequence == 0 || reading_.sequence > MeteringLimits::max_sequence) {
      return rejected("bad_sequence");
    }
    told_ = {reading_.sequence, reading_digest(context_.genesis_hash, reading_)};
    delivered_ = meter_progress(state_, reading_.meter);
    if (!delivered_.sequences.contains(reading_.sequence)) return std::nullopt;
    // What a final slot's readings said is no longer known; then the sequence alone tells.
    if (first_slot_ < next_final_) return ReadingResult{ReadingResult::Kind::duplicate, {}};
    const auto stored = find_reading(state_, first_slot_, reading_.meter, reading_.start);
    if (stored && stored->tells(told_)) return ReadingResult{ReadingResult::Kind::duplicate, {}};
    context_.events.push_back({Event::Kind::alarm, first_slot_,
                               "conflict: meter " + reading_.meter.text() + " used sequence " +
                                   std::to_string(reading_.sequence) + " for two contents",
                               1, Energy{}});
    return rejected("conflict");
  }

  /// Where it stands among the meter's other readings.
  std::optional<ReadingResult> check_place() {
    const Range covered{static_cast<std::uint64_t>(reading_.start.value),
                        static_cast<std::uint64_t>(end_.value)};
    if (!reading_.corrects) {
      if (delivered_.coverage.intersects(covered)) return rejected("overlap");
    } else if (auto result = check_correction()) {
      return result;
    }
    delivered_.sequences.add({reading_.sequence, reading_.sequence + 1});
    delivered_.coverage.add(covered);
    if (delivered_.sequences.size() > MeteringLimits::max_ranges ||
        delivered_.coverage.size() > MeteringLimits::max_ranges) {
      return rejected("too_many_gaps");
    }
    return std::nullopt;
  }

  std::optional<ReadingResult> check_correction() {
    if (first_slot_ < next_final_) return rejected("slot_final");
    for (std::int64_t k = 0; k < shares_; ++k) {
      auto stored = find_reading(state_, slot(k), reading_.meter, share_start(k));
      const bool same_interval = stored && stored->told.sequence == *reading_.corrects &&
                                 stored->shares == shares_ && stored->seconds == share_seconds();
      if (!same_interval || stored->replaced.size() >= MeteringLimits::max_corrections) {
        return rejected("bad_correction");
      }
      stored->replaced.push_back(stored->told);
      if (k == 0) replaced_ = std::move(stored->replaced);
    }
    return std::nullopt;
  }

  ReadingResult record() {
    Overlay changes(state_);
    std::vector<HistoryRow> rows;
    for (std::int64_t k = 0; k < shares_; ++k) {
      const SlotReading part = slot_reading(k);
      if (slot(k) < next_final_) {
        if (auto booked = settle_after_final(changes, context_, meter_.owner_at(slot(k)), slot(k),
                                             part, rows);
            !booked) {
          return rejected("overflow");
        }
      } else {
        changes.put(reading_key(slot(k), reading_.meter, part.start), stored(part).encode());
        if (slot(k) < next_close_) mark_to_clear_again(changes, slot(k));
      }
      rows.push_back(reading_row(part));
    }
    changes.put(progress_key(reading_.meter), delivered_.encode());
    changes.merge_into(state_);
    context_.history.insert(context_.history.end(), rows.begin(), rows.end());
    return {};
  }

  UtcMillis slot(std::int64_t k) const { return {first_slot_.value + k * slot_ms_}; }
  UtcMillis share_start(std::int64_t k) const { return k == 0 ? reading_.start : slot(k); }
  std::uint32_t share_seconds() const {
    return shares_ == 1 ? reading_.seconds
                        : static_cast<std::uint32_t>(slot_ms_ / millis_per_second);
  }

  SlotReading slot_reading(std::int64_t k) const {
    SlotReading part;
    part.meter = reading_.meter;
    part.start = share_start(k);
    part.seconds = share_seconds();
    part.sequence = reading_.sequence;
    part.imported = share(reading_.imported, k, shares_);
    part.exported = share(reading_.exported, k, shares_);
    part.produced = share(reading_.produced, k, shares_);
    if (k == shares_ - 1) part.battery = reading_.battery;  // the state at the end of the interval
    part.was_signed = signed_.signature.has_value();
    part.split = shares_ > 1;
    part.corrected = reading_.corrects.has_value();
    return part;
  }

  StoredReading stored(const SlotReading& part) const {
    return {told_,         part.seconds, part.imported,   part.exported,
            part.produced, part.battery, part.was_signed, static_cast<std::uint16_t>(shares_),
            replaced_};
  }

  Overlay& state_;
  const BlockContext& context_;
  const SignedReading& signed_;
  const Reading& reading_;
  std::int64_t slot_ms_;
  MeterRecord meter_;
  UtcMillis end_;
  UtcMillis first_slot_;
  std::int64_t shares_ = 1;
  UtcMillis next_close_;
  UtcMillis next_final_;
  Told told_;
  MeterProgress delivered_;
  std::vector<Told> replaced_;
};

}  // namespace

Digest reading_digest(const Digest& genesis, const Reading& reading) {
  return crypto::sha256(reading_statement(genesis, reading));
}

ReadingResult accept_reading(Overlay& state, const BlockContext& context,
                             const SignedReading& signed_reading, bool unsigned_allowed) {
  return Judge(state, context, signed_reading).run(unsigned_allowed);
}

std::uint64_t MeterProgress::in_ledger_through() const {
  if (sequences.empty() || sequences.all().front().begin != 1) return 0;
  return sequences.all().front().end - 1;
}

std::optional<UtcMillis> MeterProgress::last_end() const {
  if (coverage.empty()) return std::nullopt;
  return UtcMillis{static_cast<std::int64_t>(coverage.all().back().end)};
}

Bytes MeterProgress::encode() const {
  Encoder out;
  sequences.encode(out);
  coverage.encode(out);
  return std::move(out).take();
}

Result<MeterProgress> MeterProgress::decode(ByteView bytes) {
  Decoder in(bytes);
  MeterProgress result;
  result.sequences = Ranges::decode(in, MeteringLimits::max_ranges);
  result.coverage = Ranges::decode(in, MeteringLimits::max_ranges);
  if (!in.finished()) return Error{LedgerError::malformed, "not a meter's progress"};
  return result;
}

MeterProgress meter_progress(const StateReader& state, const MeterId& meter) {
  const auto value = state.get(progress_key(meter));
  if (!value) return {};
  auto progress = MeterProgress::decode(*value);
  PS_ASSERT(progress.ok());
  return *std::move(progress);
}

void for_each_reading(const StateReader& state, UtcMillis slot,
                      const std::function<bool(const SlotReading&)>& visit) {
  state.scan(slot_prefix(slot), {}, [&](ByteView key, ByteView value) {
    state_key::Reader in(key);
    in.time();
    SlotReading reading;
    reading.meter = in.meter();
    reading.start = in.time();
    PS_ASSERT(in.finished());
    const auto stored = StoredReading::decode(value);
    reading.seconds = stored.seconds;
    reading.sequence = stored.told.sequence;
    reading.imported = stored.imported;
    reading.exported = stored.exported;
    reading.produced = stored.produced;
    reading.battery = stored.battery;
    reading.was_signed = stored.was_signed;
    reading.split = stored.shares > 1;
    reading.corrected = !stored.replaced.empty();
    return visit(reading);
  });
}

void forget_readings(Overlay& state, UtcMillis slot) {
  std::vector<Bytes> keys;
  state.scan(slot_prefix(slot), {}, [&](ByteView key, ByteView) {
    keys.push_back(to_bytes(key));
    return true;
  });
  for (Bytes& key : keys) state.erase(std::move(key));
}

std::optional<UtcMillis> next_slot_with_readings(const StateReader& state, UtcMillis from) {
  std::optional<UtcMillis> result;
  state.scan(state_key::table(StateTable::slot_reading), Encoder().time(from).data(),
             [&](ByteView key, ByteView) {
               result = state_key::Reader(key).time();
               return false;
             });
  return result;
}

}  // namespace powershare::ledger
