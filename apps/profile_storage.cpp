// Batteries and vehicles of a folder of profiles.
#include <system_error>

#include "apps/error.hpp"
#include "apps/profile_table.hpp"
#include "apps/stored_profiles.hpp"

namespace powershare::apps {
namespace {

constexpr std::int64_t watt_hour_nano_kwh = nano_per_unit / 1'000;

class StorageReader {
 public:
  StorageReader(const std::filesystem::path& folder, const ProfileTable& scenario,
                const ProfileTable& loads)
      : file_(folder / "ev_15min.csv"), scenario_(scenario), loads_(loads) {}

  Result<Storage> run() {
    for (std::size_t home = 0; home < scenario_.rows.size(); ++home) {
      if (auto added = add_battery(home); !added) return added.error();
      if (auto added = add_vehicle(home); !added) return added.error();
    }
    return std::move(storage_);
  }

 private:
  /// A number of a home's line, in nano-units; 0 where the column is missing.
  Result<std::int64_t> number(std::size_t home, const char* column) const {
    if (!scenario_.has(column)) return std::int64_t{0};
    const auto value = parse_nano_exact(scenario_.field(home, column));
    if (!value || *value < 0) return scenario_.wrong(home, column, "not a number of 0 or more");
    return *value;
  }

  Result<void> add_battery(std::size_t home) {
    const auto capacity = number(home, "battery_kwh");
    if (!capacity) return capacity.error();
    const auto power = number(home, "battery_kw");
    if (!power) return power.error();
    if (*capacity == 0) return {};
    storage_.batteries.push_back({home, Energy::from_nano(*capacity), *power / 1'000'000});
    return {};
  }

  Result<void> add_vehicle(std::size_t home) {
    std::error_code ignored;
    if (!scenario_.has("ev") || !std::filesystem::exists(file_, ignored)) return {};
    if (scenario_.field(home, "ev").empty()) return {};
    Vehicle vehicle;
    vehicle.id = scenario_.field(home, "ev");
    vehicle.home = home;
    const auto capacity = number(home, "ev_kwh");
    if (!capacity) return capacity.error();
    if (*capacity == 0) return scenario_.wrong(home, "ev_kwh", "a vehicle that holds nothing");
    const auto power = number(home, "ev_home_kw");
    if (!power) return power.error();
    const auto gives_back = number(home, "v2g");
    if (!gives_back) return gives_back.error();
    vehicle.capacity = Energy::from_nano(*capacity);
    vehicle.power_watts = *power / 1'000'000;
    vehicle.gives_back = *gives_back != 0;
    if (auto read = read_trips(vehicle); !read) return read;
    storage_.vehicles.push_back(std::move(vehicle));
    return {};
  }

  Result<void> read_trips(Vehicle& vehicle) {
    if (trips_.rows.empty()) {
      auto table = read_profile_table(file_);
      if (!table) return table.error();
      trips_ = *std::move(table);
      const auto times = column_nano(trips_, "timestamp_utc_s");
      if (!times) return times.error();
      const auto load_times = column_nano(loads_, "timestamp_utc_s");
      if (!load_times || *times != *load_times) {
        return Error{AppError::bad_configuration,
                     trips_.file + ": not the times of " + loads_.file};
      }
    }
    const auto at_home = column_nano(trips_, vehicle.id + "_avail");
    if (!at_home) return at_home.error();
    const auto watt_hours = column_nano(trips_, vehicle.id + "_wh");
    if (!watt_hours) return watt_hours.error();
    for (std::size_t slot = 0; slot < at_home->size(); ++slot) {
      if ((*watt_hours)[slot] < 0) {
        return trips_.wrong(slot, vehicle.id + "_wh", "less than nothing");
      }
      vehicle.at_home.push_back((*at_home)[slot] != 0 ? 1 : 0);
      vehicle.trips.push_back(
          Energy::from_nano((*watt_hours)[slot] / nano_per_unit * watt_hour_nano_kwh));
    }
    return {};
  }

  std::filesystem::path file_;
  const ProfileTable& scenario_;
  const ProfileTable& loads_;
  ProfileTable trips_;
  Storage storage_;
};

}  // namespace

Result<Storage> read_storage(const std::filesystem::path& folder, const ProfileTable& scenario,
                             const ProfileTable& loads) {
  return StorageReader(folder, scenario, loads).run();
}

}  // namespace powershare::apps
