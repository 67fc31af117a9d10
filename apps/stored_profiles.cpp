#include "apps/stored_profiles.hpp"

#include <algorithm>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

Energy plus(Energy a, Energy b) {
  return Energy::from_nano(a.nano() + b.nano());
}

/// Of a list that begins again at its end.
template <class Value>
const Value& at_slot(const std::vector<Value>& values, std::uint64_t slot) {
  return values[slot % values.size()];
}

/// What the driver says when plugging in before `slot`: when the next trip begins, and what it
/// takes. Nobody says more than that.
void announce(const Vehicle& vehicle, std::uint64_t slot, VehicleNow& now) {
  const auto length = vehicle.at_home.size();
  std::uint64_t ahead = 1;
  while (ahead <= length && at_slot(vehicle.at_home, slot + ahead) != 0) ++ahead;
  if (ahead > length) return;
  now.slots_at_home = ahead;
  while (ahead <= 2 * length && at_slot(vehicle.at_home, slot + ahead) == 0) ++ahead;
  now.need = at_slot(vehicle.trips, slot + ahead);
}

}  // namespace

void StorageTotals::add(Energy load_of_slot, const StorageFlows& flows) {
  load = plus(load, load_of_slot);
  charged = plus(charged, flows.charged);
  given = plus(given, flows.given);
  lost = plus(lost, flows.lost);
  vehicles_charged = plus(vehicles_charged, flows.vehicles_charged);
  vehicles_given = plus(vehicles_given, flows.vehicles_given);
  vehicles_lost = plus(vehicles_lost, flows.vehicles_lost);
  driven = plus(driven, flows.driven);
  charged_elsewhere = plus(charged_elsewhere, flows.charged_elsewhere);
  trips += flows.trips;
  trips_missed += flows.trips_missed;
}

Energy StorageTotals::used() const {
  return Energy::from_nano(load.nano() + vehicles_charged.nano() - vehicles_given.nano());
}

Result<std::unique_ptr<StoredProfiles>> StoredProfiles::make(std::unique_ptr<Profiles> profiles,
                                                             StorageOptions options) {
  if (options.batteries != BatteryMode::none && profiles->storage().batteries.empty()) {
    return Error{AppError::usage, "--storage: no home of the profiles has a battery"};
  }
  if (options.vehicles != VehicleMode::none && profiles->storage().vehicles.empty()) {
    return Error{AppError::usage, "--vehicles: no home of the profiles has a vehicle"};
  }
  return std::unique_ptr<StoredProfiles>(new StoredProfiles(std::move(profiles), options));
}

StoredProfiles::StoredProfiles(std::unique_ptr<Profiles> profiles, StorageOptions options)
    : profiles_(std::move(profiles)), options_(options), battery_of_(profiles_->homes().size()) {
  if (options.batteries != BatteryMode::none) {
    const auto& batteries = profiles_->storage().batteries;
    for (std::size_t i = 0; i < batteries.size(); ++i) battery_of_[batteries[i].home] = i;
  }
  restart();
}

void StoredProfiles::restart() const {
  control_ = std::make_unique<StorageControl>(profiles_->storage(), options_,
                                              profiles_->homes().size(), profiles_->slot_ms());
  next_ = 0;
}

Energy StoredProfiles::sum_of_batteries() const {
  Energy sum;
  if (options_.batteries == BatteryMode::none) return sum;
  for (std::size_t i = 0; i < profiles_->storage().batteries.size(); ++i) {
    sum = plus(sum, control_->stored(i));
  }
  return sum;
}

Energy StoredProfiles::sum_of_vehicles() const {
  Energy sum;
  if (options_.vehicles == VehicleMode::none) return sum;
  for (std::size_t i = 0; i < profiles_->storage().vehicles.size(); ++i) {
    sum = plus(sum, control_->vehicle_stored(i));
  }
  return sum;
}

std::vector<VehicleNow> StoredProfiles::vehicles_now(std::uint64_t slot) const {
  std::vector<VehicleNow> result;
  for (const Vehicle& vehicle : profiles_->storage().vehicles) {
    VehicleNow now;
    now.at_home = at_slot(vehicle.at_home, slot) != 0;
    now.just_plugged_in = now.at_home && slot > 0 && at_slot(vehicle.at_home, slot - 1) == 0;
    now.driven = at_slot(vehicle.trips, slot);
    if (now.at_home) announce(vehicle, slot, now);
    result.push_back(now);
  }
  return result;
}

void StoredProfiles::advance() const {
  std::vector<std::int64_t> balance;
  last_ = StoredSlot{};
  for (std::size_t home = 0; home < homes().size(); ++home) {
    const MeteredEnergy plain = profiles_->energy(home, next_);
    balance.push_back(plain.imported.nano() - plain.exported.nano());
    last_.load = plus(last_.load, Energy::from_nano(balance.back() + plain.produced.nano()));
    last_.homes.push_back(plain);
  }
  last_.stored_before = sum_of_batteries();
  last_.vehicles_before = sum_of_vehicles();
  last_.flows = control_->step(balance, vehicles_now(next_));
  last_.stored_after = sum_of_batteries();
  last_.vehicles_after = sum_of_vehicles();
  for (std::size_t home = 0; home < balance.size(); ++home) {
    const std::int64_t net = balance[home] + last_.flows.net_nano[home];
    MeteredEnergy& metered = last_.homes[home];
    metered.imported = Energy::from_nano(std::max<std::int64_t>(net, 0));
    metered.exported = Energy::from_nano(std::max<std::int64_t>(-net, 0));
    if (battery_of_[home]) metered.battery = control_->stored(*battery_of_[home]);
  }
  ++next_;
}

/// Under the mutex.
const StoredSlot& StoredProfiles::at(std::uint64_t slot) const {
  if (slot + 1 < next_) restart();
  while (next_ <= slot) advance();
  return last_;
}

MeteredEnergy StoredProfiles::energy(std::size_t home, std::uint64_t slot) const {
  const std::lock_guard lock(mutex_);
  return at(slot).homes[home];
}

StoredSlot StoredProfiles::slot(std::uint64_t slot) const {
  const std::lock_guard lock(mutex_);
  return at(slot);
}

StorageTotals StoredProfiles::totals(std::uint64_t first_slot, std::uint64_t end_slot) const {
  const std::lock_guard lock(mutex_);
  StorageTotals totals;
  for (auto slot = first_slot; slot < end_slot; ++slot) {
    const StoredSlot& now = at(slot);
    if (slot == first_slot) {
      totals.stored_before = now.stored_before;
      totals.vehicles_before = now.vehicles_before;
    }
    totals.add(now.load, now.flows);
    totals.stored_after = now.stored_after;
    totals.vehicles_after = now.vehicles_after;
  }
  return totals;
}

}  // namespace powershare::apps
