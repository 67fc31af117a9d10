// From registers that count up for ever to what was drawn and fed in per market interval.
//
// A device says its registers when it likes. The value at an interval's boundary is interpolated
// between the last sample before it and the first one at or after it, rounded down, so that the
// intervals' energies add up exactly to what the registers went up by, whatever is missing in
// between: a box or a device that was off loses no energy, only detail.
#pragma once

#include <vector>

#include "base/quantities.hpp"
#include "base/time.hpp"

namespace powershare::adapters {

/// The registers at one moment.
struct Point {
  UtcMillis time;
  Energy imported;
  Energy exported;
  friend bool operator==(const Point&, const Point&) = default;
};

/// What was counted from `start` for `seconds`: one interval, or where no sample was heard for
/// longer, a part of a slot or up to max_slots whole slots.
struct Interval {
  UtcMillis start;
  std::uint32_t seconds = 0;
  Energy imported;
  Energy exported;
  friend bool operator==(const Interval&, const Interval&) = default;
};

struct IntervalOptions {
  std::int64_t slot_ms = 15 * millis_per_minute;
  std::int64_t interval_ms = 15 * millis_per_minute;  ///< divides slot_ms; whole seconds
  UtcMillis not_before;  ///< no interval begins earlier: the meter's start in the ledger
  /// What the connection cannot exceed, over an interval. Above it a sample is doubted.
  std::int64_t max_watts = 100'000;
  /// Where the registers begin at zero again, if they do: 1000000 for six digits of kWh.
  std::optional<Energy> wraps_at;
};

enum class Verdict {
  taken,
  first,    ///< the first sample ever: nothing can be said yet
  stale,    ///< not newer than the last one; nothing changes
  doubted,  ///< a register fell or leapt: nothing changes unless the next samples agree with it
  /// Three samples in a row agree that the register is another one: it was reset, or the meter
  /// exchanged. Counting goes on from the first of them; what was counted between it and the last
  /// good sample is unknown and left out.
  rebased,
};

class RegisterIntervals {
 public:
  static constexpr std::size_t samples_to_believe = 3;
  static constexpr std::int64_t max_slots = 96;        ///< of one Interval (DECISIONS 56)
  static constexpr std::size_t max_intervals = 1'024;  ///< out of one sample; past it: rebased

  /// `base` is what base() gave when the program ended.
  RegisterIntervals(IntervalOptions options, std::optional<Point> base);

  /// Takes a sample and appends the intervals that it completes, in order of time. `exported` is
  /// absent where the device did not say it: then it is taken for unchanged. Register values are
  /// not negative.
  Verdict take(UtcMillis time, Energy imported, std::optional<Energy> exported,
               std::vector<Interval>& out);

  /// The registers at the end of the last complete interval. To be made durable together with the
  /// intervals of the take() that changed it; all that is needed to go on after a restart. After a
  /// rebase, and where a register wrapped, its values may be below zero.
  const std::optional<Point>& base() const { return base_; }
  /// The last sample that was believed.
  const std::optional<Point>& last() const { return last_; }

 private:
  Verdict accept(const Point& sample, std::vector<Interval>& out);
  bool follows(const Point& before, const Point& after) const;
  Verdict doubt(const Point& sample, std::vector<Interval>& out);
  void unwrap(const Point& sample);
  void move_registers(std::int64_t imported_nano, std::int64_t exported_nano);
  bool emit(const Point& sample, std::vector<Interval>& out);
  std::optional<std::int64_t> next_boundary(const Point& sample) const;
  std::int64_t piece_end(std::int64_t from, std::int64_t end) const;

  IntervalOptions options_;
  std::optional<Point> base_;
  std::optional<Point> last_;
  std::vector<Point> doubted_;  ///< each follows the one before it
};

}  // namespace powershare::adapters
