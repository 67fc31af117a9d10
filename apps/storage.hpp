// Batteries and vehicles of a simulated neighbourhood: what there is, and how it may be steered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantities.hpp"

namespace powershare::apps {

/// Part of the energy that is left when it goes into a store, and again when it comes out.
inline constexpr std::int64_t storage_efficiency_per_cent = 95;

/// Empty at the start.
struct HomeBattery {
  std::size_t home = 0;  ///< position in Profiles::homes()
  Energy capacity;
  std::int64_t power_watts = 0;  ///< each way, on the home's side
};

/// A car with a charger behind the home's meter; full at the start. It is at home or away by slot;
/// what a trip takes is booked in the first slot after it.
struct Vehicle {
  std::string id;
  std::size_t home = 0;  ///< position in Profiles::homes()
  Energy capacity;
  std::int64_t power_watts = 0;
  bool gives_back = false;            ///< V2G: its charger can feed the home
  std::vector<std::uint8_t> at_home;  ///< by slot, again and again
  std::vector<Energy> trips;          ///< likewise
};

struct Storage {
  std::vector<HomeBattery> batteries;
  std::vector<Vehicle> vehicles;
};

/// home: a battery serves its own home; community: also the neighbours, above its reserve.
enum class BatteryMode { none, home, community };
/// naive: full as soon as possible; smart: from surplus, else as late as the driver allows; v2g:
/// the same, and those that can give back what the next trip does not need.
enum class VehicleMode { none, naive, smart, v2g };

std::optional<BatteryMode> parse_battery_mode(std::string_view text);
std::optional<VehicleMode> parse_vehicle_mode(std::string_view text);
std::string_view to_text(BatteryMode mode);
std::string_view to_text(VehicleMode mode);

struct StorageOptions {
  BatteryMode batteries = BatteryMode::none;
  VehicleMode vehicles = VehicleMode::none;
  Energy reserve;  ///< of each battery, for its own home
  bool any() const { return batteries != BatteryMode::none || vehicles != VehicleMode::none; }
};

/// From "none|home|community", "none|naive|smart|v2g" and kWh of a battery. AppError::usage.
Result<StorageOptions> storage_options(const std::string& batteries, const std::string& vehicles,
                                       const std::string& reserve);

}  // namespace powershare::apps
