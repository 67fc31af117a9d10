// Where simulated meters get their numbers from: a folder of measured profiles, or the built-in
// model of a neighbourhood. Both give net energy per home and slot; neither is part of the agreed
// path.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/storage.hpp"
#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"

namespace powershare::apps {

/// What the meter of one home counts in one slot.
struct MeteredEnergy {
  Energy imported;
  Energy exported;
  Energy produced;
  std::optional<Energy> battery{};  ///< in it at the end of the slot, where there is one
};

struct SimulatedHome {
  ParticipantId resident;
  MeterId meter;
  std::int64_t plant_watts = 0;  ///< rated power of its PV plant, 0 without
  Price buy_rate;
  Price sell_rate;
};

/// A neighbourhood and its energy, slot by slot.
class Profiles {
 public:
  virtual ~Profiles() = default;
  virtual const std::vector<SimulatedHome>& homes() const = 0;
  virtual UtcMillis start() const = 0;  ///< start of slot 0
  virtual std::int64_t slot_ms() const = 0;
  virtual std::uint64_t slot_count() const = 0;  ///< after it, a source that repeats() begins again
  /// Batteries and vehicles, which do nothing until they are steered (apps/stored_profiles.hpp).
  virtual const Storage& storage() const;
  virtual MeteredEnergy energy(std::size_t home, std::uint64_t slot) const = 0;
};

/// Reads community_scenario.csv, load_w_15min.csv and pv_pu_15min.csv of `folder`, and ev_15min.csv
/// where the scenario names vehicles. A reading is load W/4000 − PV per unit ×
/// kWp/4 in kWh for slots of 15 min, rounded half to even to 9 decimals, in exact arithmetic.
/// AppError::bad_configuration names file and line.
Result<std::unique_ptr<Profiles>> read_profiles(const std::filesystem::path& folder);

/// The built-in neighbourhood: 12 homes in Funchal for one day in June from 06:00 local time (see
/// docs/built-in-neighbourhood.md). The same seed gives the same homes.
std::unique_ptr<Profiles> built_in_profiles(std::int64_t slot_ms, std::uint64_t seed);

}  // namespace powershare::apps
