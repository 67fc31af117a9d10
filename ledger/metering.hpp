// Metering: which readings the ledger takes, each exactly once (DECISIONS 19, 20, 56).
//
// Per meter the state keeps which sequences were accepted and which time they cover, both as
// ranges. Per reading of a slot that is not final it keeps the content; a reading that covers
// several slots is split evenly over them. docs/formats-market.md lists the records byte by byte.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/ranges.hpp"
#include "ledger/reading.hpp"
#include "ledger/receipt.hpp"

namespace powershare::ledger {

/// Limits of what a reading may claim, all of them per meter.
struct MeteringLimits {
  static constexpr std::size_t max_ranges = 1'024;  ///< gaps in sequences or in time
  static constexpr std::size_t max_slots_per_reading = 96;
  static constexpr std::size_t max_corrections = 8;  ///< of one interval
  /// A reading above this mean power is absurd: 100 kW, about ten times a three-phase house
  /// connection; a plant's meter may have its own plant_watts on top.
  static constexpr std::int64_t plausible_watts = 100'000;
  static constexpr std::int64_t plausible_battery_kwh = 100'000;
  static constexpr std::uint64_t max_sequence = std::uint64_t{1} << 62;
  /// No interval begins later: the year 9999, so that no sum of times overflows.
  static constexpr std::int64_t max_time_ms = 253'402'300'800'000;
};

/// Judges one reading and records it when it is accepted. Rejections by their code:
///   unknown_meter, meter_retired     no such meter, or it took no part in that slot
///   bad_sequence                     0, or above 2^62
///   before_start                     the interval begins before the market of this chain or the
///   meter unsigned_not_allowed             no signature, and the submitter is neither meter nor
///   administrator signature_needed         no signature, and the chain takes signed readings only
///   bad_signature                    does not verify under the meter's key, or the
///   meter has none negative, absurd                 below 0; above MeteringLimits::plausible_watts
///   bad_interval                     empty, or neither inside one slot nor whole slots, or too
///   many future                           ends more than Parameters::future_reading_ms after
///   island time conflict                         the sequence was used for another content; alarm
///   event overlap                          covers time that another reading covers and corrects
///   none bad_correction                   `corrects` names no reading of the same interval, or too
///   often slot_final                       corrects a reading of a slot that is final
///   too_many_gaps                    the meter would exceed MeteringLimits::max_ranges
///   overflow                         a sum would leave its range
/// The same content again is `duplicate`; so is any accepted sequence whose slots are final.
/// A late reading of a provisional slot marks it for clearing again; of a final slot, its energy is
/// settled with the utility at once (DECISIONS 22).
ReadingResult accept_reading(Overlay& state, const BlockContext& context,
                             const SignedReading& signed_reading, bool unsigned_allowed);

/// What one meter has delivered.
struct MeterProgress {
  Ranges sequences;  ///< accepted
  Ranges coverage;   ///< UTC milliseconds covered by accepted readings
  /// All sequences from 1 to this one are in the ledger; 0 when the first is missing.
  std::uint64_t in_ledger_through() const;
  /// End of the newest accepted interval; nothing before the first.
  std::optional<UtcMillis> last_end() const;

  Bytes encode() const;
  static Result<MeterProgress> decode(ByteView bytes);
};
MeterProgress meter_progress(const StateReader& state, const MeterId& meter);

/// A reading, or its share in one slot, as settlement uses it.
struct SlotReading {
  MeterId meter;
  UtcMillis start;
  std::uint32_t seconds = 0;
  std::uint64_t sequence = 0;
  Energy imported;
  Energy exported;
  Energy produced;
  std::optional<Energy> battery;
  bool was_signed = false;
  bool split = false;        ///< a share of a reading that covers several slots
  bool corrected = false;    ///< replaces an earlier one
  bool quarantined = false;  ///< settled apart; in history only, once the slot is settled
};
/// The content of a reading, for telling a repetition from a conflict: SHA-256 of
/// reading_statement.
Digest reading_digest(const Digest& genesis, const Reading& reading);
/// Readings of one slot that is not final, by meter and start, until `visit` returns false.
void for_each_reading(const StateReader& state, UtcMillis slot,
                      const std::function<bool(const SlotReading&)>& visit);
/// Takes the readings of a slot out of the state, when it becomes final.
void forget_readings(Overlay& state, UtcMillis slot);
/// The first slot from `from` on with a reading in the state.
std::optional<UtcMillis> next_slot_with_readings(const StateReader& state, UtcMillis from);

}  // namespace powershare::ledger
