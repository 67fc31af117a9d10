// A neighbourhood with its batteries and vehicles: profiles whose meters count what is drawn and
// fed in behind them.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "apps/profiles.hpp"
#include "apps/storage.hpp"
#include "apps/storage_control.hpp"

namespace powershare::apps {

/// What stores did over some slots. All of it is energy, to the nano-kWh:
/// imported + produced − exported = load + driven + lost + vehicles_lost + (stored at the end − at
/// the start), of batteries and vehicles.
struct StorageTotals {
  Energy load;  ///< of the homes, without batteries and vehicles
  Energy charged;
  Energy given;
  Energy lost;
  Energy stored_before;
  Energy stored_after;
  Energy vehicles_charged;
  Energy vehicles_given;
  Energy vehicles_lost;
  Energy vehicles_before;
  Energy vehicles_after;
  Energy driven;
  Energy charged_elsewhere;
  std::uint64_t trips = 0;
  std::uint64_t trips_missed = 0;

  void add(Energy load_of_slot, const StorageFlows& flows);
  /// What homes and vehicles used: the load, and what vehicles charged less what they gave back.
  Energy used() const;
};

/// One slot of it.
struct StoredSlot {
  std::vector<MeteredEnergy> homes;
  Energy load;
  StorageFlows flows;
  Energy stored_before;
  Energy stored_after;
  Energy vehicles_before;
  Energy vehicles_after;
};

/// Steers from slot 0 on, whichever slot is asked for; several threads may ask.
class StoredProfiles final : public Profiles {
 public:
  /// AppError::usage where there is nothing of the kind that the options steer.
  static Result<std::unique_ptr<StoredProfiles>> make(std::unique_ptr<Profiles> profiles,
                                                      StorageOptions options);

  const std::vector<SimulatedHome>& homes() const override { return profiles_->homes(); }
  UtcMillis start() const override { return profiles_->start(); }
  std::int64_t slot_ms() const override { return profiles_->slot_ms(); }
  std::uint64_t slot_count() const override { return profiles_->slot_count(); }
  const Storage& storage() const override { return profiles_->storage(); }
  MeteredEnergy energy(std::size_t home, std::uint64_t slot) const override;

  StoredSlot slot(std::uint64_t slot) const;
  const StorageOptions& options() const { return options_; }
  StorageTotals totals(std::uint64_t first_slot, std::uint64_t end_slot) const;

 private:
  StoredProfiles(std::unique_ptr<Profiles> profiles, StorageOptions options);
  const StoredSlot& at(std::uint64_t slot) const;
  void restart() const;
  void advance() const;
  std::vector<VehicleNow> vehicles_now(std::uint64_t slot) const;
  Energy sum_of_batteries() const;
  Energy sum_of_vehicles() const;

  std::unique_ptr<Profiles> profiles_;
  StorageOptions options_;
  std::vector<std::optional<std::size_t>> battery_of_;  ///< by home
  mutable std::mutex mutex_;
  mutable std::unique_ptr<StorageControl> control_;
  mutable std::uint64_t next_ = 0;  ///< slot that control_ does next
  mutable StoredSlot last_;         ///< the one before
};

struct ProfileTable;
/// The batteries and vehicles of a folder of profiles: community_scenario.csv (battery_kwh,
/// battery_kw, ev, ev_kwh, ev_home_kw, v2g) and ev_15min.csv; no vehicles without that file.
/// AppError::bad_configuration.
Result<Storage> read_storage(const std::filesystem::path& folder, const ProfileTable& scenario,
                             const ProfileTable& loads);

}  // namespace powershare::apps
