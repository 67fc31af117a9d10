// What a meter of another maker has said, in this house's units.
#pragma once

#include <optional>

#include "base/quantities.hpp"
#include "base/time.hpp"

namespace powershare::adapters {

using Power = Fixed<struct PowerTag>;  ///< nano-watts

/// One message of a device. Registers count up for ever; what a device does not say is absent.
struct Report {
  std::optional<Energy> imported;  ///< register: drawn from the grid so far
  std::optional<Energy> exported;  ///< register: fed into the grid so far
  std::optional<Power> power;      ///< drawn now; below zero while feeding in
  std::optional<UtcMillis> time;   ///< the device's own clock, where it has a zone
  friend bool operator==(const Report&, const Report&) = default;
};

/// A register in watt-hours as text, exactly; below a nano-kWh rounded half to even.
/// AdapterError::malformed for what is no number, is below zero or out of range.
Result<Energy> read_watt_hours(std::string_view text);
/// Likewise in kilowatt-hours.
Result<Energy> read_kilowatt_hours(std::string_view text);
/// Watts as text, of either sign.
Result<Power> read_watts(std::string_view text);

}  // namespace powershare::adapters
