// Whether what meters say can be true (docs/metering.md): compared with the sun, with the plant,
// with the neighbours and with what the meter said before. Integers only.
//
// A slot is judged whenever it is cleared, since then all that was said about it is known. What is
// noticed is kept as evidence, by slot and doubt, so that judging a slot again adds nothing.
#pragma once

#include <optional>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/overlay.hpp"
#include "ledger/registry.hpp"
#include "ledger/sun.hpp"

namespace powershare::ledger {

struct PlausibilityLimits {
  /// The sun's centre is this low at both ends of a slot: deeper than civil twilight.
  static constexpr std::int32_t night_below = -6'000;
  static constexpr std::int64_t night_watts = 20;           ///< an inverter's own noise
  static constexpr std::int64_t night_per_cent = 2;         ///< of the plant, where that is more
  static constexpr std::int64_t plant_per_cent = 110;       ///< of the plant's rated power
  static constexpr std::int64_t connection_watts = 48'000;  ///< 63 A on three phases + 10 %
  static constexpr std::int64_t balance_per_cent = 2;       ///< of errors between two counters
  static constexpr std::int64_t near_plant_per_cent = 90;  ///< an inverter at its limit stays there
  static constexpr std::uint32_t stuck_slots = 8;
  static constexpr std::size_t min_neighbours = 2;    ///< with plants, for a comparison
  static constexpr std::int64_t sunny_per_cent = 20;  ///< neighbours' yield of their rated power
  static constexpr std::int64_t share_of_yield = 4;   ///< a quarter of what neighbours yield
  static constexpr std::int64_t window_slots = 96;
  static constexpr std::size_t quarantine_after = 4;  ///< slots of the window with one doubt
};

/// What one meter said about one slot.
struct MeterTotals {
  Energy imported;
  Energy exported;
  Energy produced;
  std::optional<Energy> battery;
  std::int64_t seconds = 0;  ///< covered
  bool split = false;        ///< part of it stems from a reading of several slots
  friend bool operator==(const MeterTotals&, const MeterTotals&) = default;
};

struct JudgedMeter {
  MeterRecord meter;
  MeterTotals now;
  std::optional<MeterTotals> before;  ///< the slot before
  bool has_charger = false;           ///< another meter counts behind it
  bool counts_as_neighbour = true;    ///< what it says is compared with
};

/// What is noticed about a meter in one slot.
struct Notice {
  std::vector<Doubt> doubts;  ///< ascending; `stuck` is not among them
  bool same_as_before = false;
  bool yields_as_neighbours = false;  ///< speaks against swapped
};

/// As `meters`. Pure: no state.
std::vector<Notice> examine(UtcMillis slot, std::int64_t slot_ms, const std::optional<Site>& site,
                            const std::vector<JudgedMeter>& meters);

/// Judges all meters of a slot that has just been cleared: adds evidence, alarms and quarantines.
/// Does nothing below feature level 3 or where the parameter says off.
void judge_slot(Overlay& state, const BlockContext& context, UtcMillis slot);

}  // namespace powershare::ledger
