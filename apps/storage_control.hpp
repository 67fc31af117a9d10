// Steers batteries and vehicles slot by slot, from what is known in the slot: every home's balance,
// what is stored, and what drivers have said when they plugged in. It sees nothing of the future
// and learns from the past (docs/storage.md). Integers only: nothing is lost but what is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "apps/storage.hpp"

namespace powershare::apps {

/// What is known of a vehicle in a slot.
struct VehicleNow {
  bool at_home = false;
  bool just_plugged_in = false;
  Energy driven;  ///< of the trip that has just ended
  /// What the driver said when plugging in: so many slots at home, this one included, then a trip
  /// that takes `need`. None: it stays.
  std::optional<std::uint64_t> slots_at_home;
  Energy need;
};

/// What flows in one slot between stores and homes, on the homes' side, and what is lost in
/// between.
struct StorageFlows {
  std::vector<std::int64_t> net_nano;  ///< by home: charged less given
  Energy charged;                      ///< by batteries
  Energy given;
  Energy vehicles_charged;
  Energy vehicles_given;
  Energy lost;  ///< on the way into batteries and out of them
  Energy vehicles_lost;
  Energy driven;             ///< of what was charged at home
  Energy charged_elsewhere;  ///< what trips took beyond what the car had
  std::uint64_t trips = 0;
  /// Those that began with less than they took, and with less than the car holds.
  std::uint64_t trips_missed = 0;
};

class StorageControl {
 public:
  /// A vehicle's energy that is never left to chance: a fifth of what it holds.
  static constexpr std::int64_t always_per_cent = 20;
  /// So long a car leaves full, until it is known how it is used.
  static constexpr std::int64_t learning_ms = 7LL * 24 * 3'600 * 1'000;

  StorageControl(const Storage& storage, StorageOptions options, std::size_t homes,
                 std::int64_t slot_ms);

  /// The next slot. `balance_nano`: what each home draws (> 0) or feeds in (< 0) without storage.
  StorageFlows step(const std::vector<std::int64_t>& balance_nano,
                    const std::vector<VehicleNow>& vehicles);

  Energy stored(std::size_t battery) const;
  Energy vehicle_stored(std::size_t vehicle) const;

 private:
  struct Store {
    std::size_t home = 0;
    std::int64_t capacity = 0;
    std::int64_t per_slot = 0;  ///< most that flows each way in a slot, on the home's side
    std::int64_t stored = 0;
    std::int64_t left = 0;  ///< of per_slot, in this slot
  };
  struct Car {
    Store store;
    bool may_give_back = false;
    bool at_home = false;
    std::uint64_t slots_plugged_in = 0;
    std::int64_t always = 0;  ///< learnt: must be in it whenever it is at home
    std::int64_t floor = 0;   ///< must be in it at the end of this slot
  };
  /// The homes that are balanced with one another, by position: one home, or all.
  struct Scope {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool holds(std::size_t home) const { return home >= begin && home < end; }
  };

  std::int64_t charge(Store& store, std::int64_t offered, Energy& charged, Energy& lost);
  std::int64_t discharge(Store& store, std::int64_t wanted, std::int64_t floor, Energy& given,
                         Energy& lost);
  void prepare(Car& car, const VehicleNow& now);
  void balance(const Scope& scope);
  void store_surplus(const Scope& scope, std::int64_t surplus);
  void cover_need(const Scope& scope, std::int64_t need);
  std::int64_t cover_own_need(const Scope& scope, std::int64_t need);
  std::int64_t charge_batteries(const Scope& scope, std::int64_t surplus);
  std::int64_t charge_cars(const Scope& scope, std::int64_t surplus);

  StorageOptions options_;
  std::int64_t slot_ms_;
  std::uint64_t slots_ = 0;  ///< done
  std::vector<Store> batteries_;
  std::vector<Car> cars_;
  StorageFlows flows_;
  std::vector<std::int64_t> balance_;  ///< by home, with what is stored and given in this slot
};

}  // namespace powershare::apps
