#include "apps/storage.hpp"

#include <array>
#include <utility>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

constexpr std::array<std::pair<std::string_view, BatteryMode>, 3> battery_modes{
    {{"none", BatteryMode::none},
     {"home", BatteryMode::home},
     {"community", BatteryMode::community}}};
constexpr std::array<std::pair<std::string_view, VehicleMode>, 4> vehicle_modes{
    {{"none", VehicleMode::none},
     {"naive", VehicleMode::naive},
     {"smart", VehicleMode::smart},
     {"v2g", VehicleMode::v2g}}};

template <class Modes, class Mode>
std::string_view name_of(const Modes& modes, Mode mode) {
  for (const auto& entry : modes) {
    if (entry.second == mode) return entry.first;
  }
  return "";
}

}  // namespace

std::optional<BatteryMode> parse_battery_mode(std::string_view text) {
  for (const auto& entry : battery_modes) {
    if (entry.first == text) return entry.second;
  }
  return std::nullopt;
}

std::optional<VehicleMode> parse_vehicle_mode(std::string_view text) {
  for (const auto& entry : vehicle_modes) {
    if (entry.first == text) return entry.second;
  }
  return std::nullopt;
}

std::string_view to_text(BatteryMode mode) {
  return name_of(battery_modes, mode);
}
std::string_view to_text(VehicleMode mode) {
  return name_of(vehicle_modes, mode);
}

Result<StorageOptions> storage_options(const std::string& batteries, const std::string& vehicles,
                                       const std::string& reserve) {
  StorageOptions options;
  const auto battery_mode = parse_battery_mode(batteries);
  if (!battery_mode) return Error{AppError::usage, "--storage takes none, home or community"};
  const auto vehicle_mode = parse_vehicle_mode(vehicles);
  if (!vehicle_mode) return Error{AppError::usage, "--vehicles takes none, naive, smart or v2g"};
  const auto kept = parse_quantity<Energy>(reserve);
  if (!kept || kept->is_negative() || kept->nano() > 100'000 * nano_per_unit) {
    return Error{AppError::usage, "--battery-reserve takes kWh, as 2.5"};
  }
  options.batteries = *battery_mode;
  options.vehicles = *vehicle_mode;
  options.reserve = *kept;
  return options;
}

}  // namespace powershare::apps
