#include "apps/storage_control.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace powershare::apps {
namespace {

__extension__ using Wide = __int128;

/// What of `energy` is left behind the losses of one way.
std::int64_t after_losses(std::int64_t energy) {
  return static_cast<std::int64_t>(Wide{energy} * storage_efficiency_per_cent / 100);
}

/// The least that leaves `energy` behind the losses of one way.
std::int64_t before_losses(std::int64_t energy) {
  return static_cast<std::int64_t>((Wide{energy} * 100 + storage_efficiency_per_cent - 1) /
                                   storage_efficiency_per_cent);
}

std::int64_t energy_of(std::int64_t watts, std::int64_t ms) {
  // W × ms / 3.6e9 = kWh
  return static_cast<std::int64_t>(Wide{watts} * ms * nano_per_unit / 3'600'000'000);
}

void count(Energy& sum, std::int64_t nano) {
  sum = Energy::from_nano(sum.nano() + nano);
}

/// `a` holds a smaller part of what fits in than `b`.
template <class Store>
bool emptier(const Store& a, const Store& b) {
  return Wide{a.stored} * b.capacity < Wide{b.stored} * a.capacity;
}

}  // namespace

StorageControl::StorageControl(const Storage& storage, StorageOptions options, std::size_t homes,
                               std::int64_t slot_ms)
    : options_(options), slot_ms_(slot_ms) {
  const auto store = [slot_ms](std::size_t home, Energy capacity, std::int64_t watts) {
    return Store{home, capacity.nano(), energy_of(watts, slot_ms), 0, 0};
  };
  if (options.batteries != BatteryMode::none) {
    for (const HomeBattery& battery : storage.batteries) {
      PS_ASSERT(battery.home < homes && battery.capacity.is_positive());
      batteries_.push_back(store(battery.home, battery.capacity, battery.power_watts));
    }
  }
  if (options.vehicles == VehicleMode::none) return;
  for (const Vehicle& vehicle : storage.vehicles) {
    PS_ASSERT(vehicle.home < homes && vehicle.capacity.is_positive());
    Car car;
    car.store = store(vehicle.home, vehicle.capacity, vehicle.power_watts);
    car.store.stored = car.store.capacity;
    car.may_give_back = vehicle.gives_back && options.vehicles == VehicleMode::v2g;
    car.always = car.store.capacity * always_per_cent / 100;
    cars_.push_back(car);
  }
}

Energy StorageControl::stored(std::size_t battery) const {
  return Energy::from_nano(batteries_[battery].stored);
}
Energy StorageControl::vehicle_stored(std::size_t vehicle) const {
  return Energy::from_nano(cars_[vehicle].store.stored);
}

/// Gives what was taken of `offered`, on the home's side.
std::int64_t StorageControl::charge(Store& store, std::int64_t offered, Energy& charged,
                                    Energy& lost) {
  const std::int64_t fits = before_losses(store.capacity - store.stored);
  const std::int64_t taken = std::max<std::int64_t>(0, std::min({offered, store.left, fits}));
  const std::int64_t kept = after_losses(taken);
  store.stored += kept;
  store.left -= taken;
  balance_[store.home] += taken;
  flows_.net_nano[store.home] += taken;
  count(charged, taken);
  count(lost, taken - kept);
  return taken;
}

/// Gives what came of `wanted`, on the home's side; leaves at least `floor` in the store.
std::int64_t StorageControl::discharge(Store& store, std::int64_t wanted, std::int64_t floor,
                                       Energy& given, Energy& lost) {
  const std::int64_t there = after_losses(std::max<std::int64_t>(0, store.stored - floor));
  const std::int64_t gives = std::max<std::int64_t>(0, std::min({wanted, store.left, there}));
  const std::int64_t taken = before_losses(gives);
  store.stored -= taken;
  store.left -= gives;
  balance_[store.home] -= gives;
  flows_.net_nano[store.home] -= gives;
  count(given, gives);
  count(lost, taken - gives);
  return gives;
}

/// Ends a trip, learns, and charges what must be charged in this slot whatever it costs.
void StorageControl::prepare(Car& car, const VehicleNow& now) {
  Store& store = car.store;
  if (now.driven.is_positive()) {
    const std::int64_t home_made = std::min(now.driven.nano(), store.stored);
    ++flows_.trips;
    if (home_made < std::min(now.driven.nano(), store.capacity)) ++flows_.trips_missed;
    store.stored -= home_made;
    count(flows_.driven, home_made);
    count(flows_.charged_elsewhere, now.driven.nano() - home_made);
  }
  car.at_home = now.at_home;
  if (!now.at_home) return;
  car.slots_plugged_in = now.just_plugged_in ? 1 : car.slots_plugged_in + 1;
  if (options_.vehicles == VehicleMode::naive) {
    charge(store, store.left, flows_.vehicles_charged, flows_.vehicles_lost);
    car.floor = store.capacity;
    return;
  }
  const std::int64_t need = std::min(now.need.nano(), store.capacity);
  const std::int64_t step = after_losses(store.per_slot);
  const auto in_slots = [step, &store](std::uint64_t slots) {
    const Wide energy = Wide{step} * static_cast<std::int64_t>(std::min<std::uint64_t>(
                                         slots, std::numeric_limits<std::int32_t>::max()));
    return static_cast<std::int64_t>(std::min(energy, Wide{store.capacity}));
  };
  // The trip that begins now will have needed this much when the car was plugged in.
  if (now.slots_at_home && *now.slots_at_home == 1) {
    car.always = std::max(car.always, need - in_slots(car.slots_plugged_in));
  }
  const bool learning = static_cast<std::int64_t>(slots_) < learning_ms / slot_ms_;
  std::int64_t later = 0;  // of the target, can be charged after this slot
  std::int64_t target = car.always;
  if (now.slots_at_home) {
    target = learning ? store.capacity : std::min(store.capacity, need + car.always);
    later = in_slots(*now.slots_at_home - 1);
  }
  car.floor = std::max(car.always, target - later);
  charge(store, before_losses(std::max<std::int64_t>(0, car.floor - store.stored)),
         flows_.vehicles_charged, flows_.vehicles_lost);
}

std::int64_t StorageControl::charge_batteries(const Scope& scope, std::int64_t surplus) {
  std::vector<Store*> stores;
  for (Store& store : batteries_) {
    if (scope.holds(store.home)) stores.push_back(&store);
  }
  std::stable_sort(stores.begin(), stores.end(),
                   [](const Store* a, const Store* b) { return emptier(*a, *b); });
  for (Store* store : stores) surplus -= charge(*store, surplus, flows_.charged, flows_.lost);
  return surplus;
}

std::int64_t StorageControl::charge_cars(const Scope& scope, std::int64_t surplus) {
  std::vector<Store*> stores;
  for (Car& car : cars_) {
    if (car.at_home && scope.holds(car.store.home)) stores.push_back(&car.store);
  }
  std::stable_sort(stores.begin(), stores.end(),
                   [](const Store* a, const Store* b) { return emptier(*a, *b); });
  for (Store* store : stores) {
    surplus -= charge(*store, surplus, flows_.vehicles_charged, flows_.vehicles_lost);
  }
  return surplus;
}

void StorageControl::store_surplus(const Scope& scope, std::int64_t surplus) {
  // Cars that give back are the larger stores, and gone tomorrow: they come first.
  if (options_.vehicles == VehicleMode::v2g) {
    charge_batteries(scope, charge_cars(scope, surplus));
  } else {
    charge_cars(scope, charge_batteries(scope, surplus));
  }
}

/// From each home's own battery, which may go below the reserve.
std::int64_t StorageControl::cover_own_need(const Scope& scope, std::int64_t need) {
  for (Store& store : batteries_) {
    if (!scope.holds(store.home)) continue;
    const std::int64_t own = std::min(need, balance_[store.home]);
    need -= discharge(store, own, 0, flows_.given, flows_.lost);
  }
  return need;
}

void StorageControl::cover_need(const Scope& scope, std::int64_t need) {
  need = cover_own_need(scope, need);
  std::vector<Store*> stores;
  for (Store& store : batteries_) {
    if (scope.holds(store.home)) stores.push_back(&store);
  }
  std::stable_sort(stores.begin(), stores.end(),
                   [](const Store* a, const Store* b) { return emptier(*b, *a); });
  for (Store* store : stores) {
    need -= discharge(*store, need, options_.reserve.nano(), flows_.given, flows_.lost);
  }
  for (Car& car : cars_) {
    const bool charges = car.store.left < car.store.per_slot;
    if (!car.may_give_back || !car.at_home || charges || !scope.holds(car.store.home)) continue;
    need -= discharge(car.store, need, car.floor, flows_.vehicles_given, flows_.vehicles_lost);
  }
}

void StorageControl::balance(const Scope& scope) {
  std::int64_t drawn = 0;
  for (std::size_t home = scope.begin; home < scope.end; ++home) drawn += balance_[home];
  if (drawn < 0) store_surplus(scope, -drawn);
  if (drawn > 0) cover_need(scope, drawn);
}

StorageFlows StorageControl::step(const std::vector<std::int64_t>& balance_nano,
                                  const std::vector<VehicleNow>& vehicles) {
  flows_ = StorageFlows{};
  flows_.net_nano.assign(balance_nano.size(), 0);
  balance_ = balance_nano;
  for (Store& store : batteries_) store.left = store.per_slot;
  for (std::size_t i = 0; i < cars_.size(); ++i) {
    cars_[i].store.left = cars_[i].store.per_slot;
    prepare(cars_[i], vehicles[i]);
  }
  if (options_.batteries == BatteryMode::home) {
    for (std::size_t home = 0; home < balance_.size(); ++home) balance({home, home + 1});
  } else if (options_.any()) {
    balance({0, balance_.size()});
  }
  ++slots_;
  return flows_;
}

}  // namespace powershare::apps
