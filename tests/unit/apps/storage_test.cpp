// Batteries and vehicles of simulated homes, on a synthetic neighbourhood: energy balances to the
// nano-kWh, trips are served, reserves are kept, and nobody knows the future.
#include "apps/storage_control.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "apps/reading_delivery.hpp"
#include "apps/stored_profiles.hpp"

using namespace powershare;
using namespace powershare::apps;

namespace {

constexpr std::int64_t kwh = nano_per_unit;
constexpr std::int64_t slot_ms = 15 * millis_per_minute;
constexpr std::uint64_t day = 96;

Energy of_nano(std::int64_t nano) {
  return Energy::from_nano(nano);
}

/// Homes whose energy is drawn at random; some have plants, batteries and vehicles.
class SyntheticProfiles final : public Profiles {
 public:
  explicit SyntheticProfiles(std::uint64_t seed, std::uint64_t days = 12) : days_(days) {
    std::mt19937_64 random(seed);
    const auto below = [&random](std::int64_t limit) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
    };
    for (std::size_t home = 0; home < 6; ++home) {
      const auto number = std::to_string(home + 1);
      homes_.push_back({*ParticipantId::parse("h" + number),
                        *MeterId::parse("m" + number),
                        home % 2 == 0 ? 5'000 : 0,
                        {},
                        {}});
      std::vector<MeteredEnergy> slots;
      for (std::uint64_t slot = 0; slot < slot_count(); ++slot) {
        const auto hour = static_cast<std::int64_t>(slot % day / 4);
        const bool sun = home % 2 == 0 && hour > 8 && hour < 17;
        const std::int64_t made = sun ? below(1'300'000'000) : 0;
        const std::int64_t net = below(400'000'000) - made;
        slots.push_back({of_nano(std::max<std::int64_t>(net, 0)),
                         of_nano(std::max<std::int64_t>(-net, 0)), of_nano(made)});
      }
      slots_.push_back(std::move(slots));
    }
    storage_.batteries = {{0, of_nano(5 * kwh), 2'500}, {3, of_nano(8 * kwh), 3'000}};
    for (std::size_t home : {1, 2, 5}) {
      Vehicle car{"car-" + std::to_string(home), home, of_nano(40 * kwh), 7'200, home != 1, {}, {}};
      car.at_home.assign(slot_count(), 1);
      car.trips.assign(slot_count(), Energy{});
      // A trip a day: leaves between 7 and 12, returns 2 to 8 hours later, takes up to 30 kWh.
      for (std::uint64_t each = 0; each + 1 < days_; ++each) {
        const auto leaves = each * day + 28 + static_cast<std::uint64_t>(below(20));
        const auto returns = leaves + 8 + static_cast<std::uint64_t>(below(24));
        for (auto slot = leaves; slot < returns; ++slot) car.at_home[slot] = 0;
        car.trips[returns] = of_nano(1 + below(30 * kwh));
      }
      storage_.vehicles.push_back(std::move(car));
    }
  }

  const std::vector<SimulatedHome>& homes() const override { return homes_; }
  UtcMillis start() const override { return {1'614'556'800'000}; }
  std::int64_t slot_ms() const override { return ::slot_ms; }
  std::uint64_t slot_count() const override { return days_ * day; }
  const Storage& storage() const override { return storage_; }
  MeteredEnergy energy(std::size_t home, std::uint64_t slot) const override {
    return slots_[home][slot % slot_count()];
  }

  std::vector<std::vector<MeteredEnergy>> slots_;
  Storage storage_;

 private:
  std::uint64_t days_;
  std::vector<SimulatedHome> homes_;
};

std::unique_ptr<StoredProfiles> stored(std::unique_ptr<Profiles> profiles, BatteryMode batteries,
                                       VehicleMode vehicles, std::int64_t reserve_nano = 0) {
  auto made =
      StoredProfiles::make(std::move(profiles), {batteries, vehicles, of_nano(reserve_nano)});
  REQUIRE(made);
  return *std::move(made);
}

std::int64_t bought_in_all(const StoredProfiles& profiles) {
  std::int64_t bought = 0;
  for (std::uint64_t slot = 0; slot < profiles.slot_count(); ++slot) {
    std::int64_t net = 0;
    for (const MeteredEnergy& home : profiles.slot(slot).homes) {
      net += home.imported.nano() - home.exported.nano();
    }
    bought += std::max<std::int64_t>(net, 0);
  }
  return bought;
}

constexpr BatteryMode battery_modes[] = {BatteryMode::none, BatteryMode::home,
                                         BatteryMode::community};
constexpr VehicleMode vehicle_modes[] = {VehicleMode::none, VehicleMode::naive, VehicleMode::smart,
                                         VehicleMode::v2g};

}  // namespace

TEST_CASE("energy balances to the nano-kWh in every slot and mode, and every trip is served") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    for (const BatteryMode batteries : battery_modes) {
      for (const VehicleMode vehicles : vehicle_modes) {
        if (batteries == BatteryMode::none && vehicles == VehicleMode::none) continue;
        const SyntheticProfiles plain(seed);
        const auto profiles =
            stored(std::make_unique<SyntheticProfiles>(seed), batteries, vehicles);
        StorageTotals totals;
        std::int64_t net = 0;
        std::int64_t produced = 0;
        for (std::uint64_t slot = 0; slot < profiles->slot_count(); ++slot) {
          const StoredSlot now = profiles->slot(slot);
          std::int64_t slot_net = 0;
          std::int64_t slot_load = 0;
          for (std::size_t home = 0; home < now.homes.size(); ++home) {
            const MeteredEnergy& metered = now.homes[home];
            const MeteredEnergy before = plain.energy(home, slot);
            REQUIRE((metered.imported.is_zero() || metered.exported.is_zero()));
            REQUIRE(metered.produced == before.produced);
            slot_net += metered.imported.nano() - metered.exported.nano();
            slot_load += before.imported.nano() - before.exported.nano() + before.produced.nano();
            produced += metered.produced.nano();
          }
          const StorageFlows& flows = now.flows;
          REQUIRE(slot_load == now.load.nano());
          REQUIRE(now.stored_after.nano() - now.stored_before.nano() ==
                  flows.charged.nano() - flows.given.nano() - flows.lost.nano());
          REQUIRE(now.vehicles_after.nano() - now.vehicles_before.nano() ==
                  flows.vehicles_charged.nano() - flows.vehicles_given.nano() -
                      flows.vehicles_lost.nano() - flows.driven.nano());
          net += slot_net;
          totals.add(now.load, flows);
        }
        const StorageTotals all = profiles->totals(0, profiles->slot_count());
        REQUIRE(net + produced == all.load.nano() + all.driven.nano() + all.lost.nano() +
                                      all.vehicles_lost.nano() + all.stored_after.nano() -
                                      all.stored_before.nano() + all.vehicles_after.nano() -
                                      all.vehicles_before.nano());
        REQUIRE(all.load == totals.load);
        REQUIRE(all.charged == totals.charged);
        CHECK(all.trips_missed == 0);
        CHECK(all.trips == (vehicles == VehicleMode::none ? 0 : 33));
        CHECK(all.charged_elsewhere.is_zero());
        // 95 % each way: what came out is 90.25 % of what went in and is not there any more.
        if (batteries != BatteryMode::none) {
          CHECK(all.charged.is_positive());
          const double efficiency = static_cast<double>(all.given.nano()) /
                                    (static_cast<double>(all.charged.nano()) -
                                     static_cast<double>(all.stored_after.nano()) / 0.95);
          CHECK(efficiency == doctest::Approx(0.9025).epsilon(1e-6));
        }
        CHECK((vehicles == VehicleMode::v2g) == all.vehicles_given.is_positive());
      }
    }
  }
}

TEST_CASE(
    "batteries spare energy from the utility, in common more than each alone, smart cars too") {
  const auto bought = [](BatteryMode batteries, VehicleMode vehicles) {
    return bought_in_all(*stored(std::make_unique<SyntheticProfiles>(9), batteries, vehicles));
  };
  const auto nothing = bought(BatteryMode::none, VehicleMode::naive);
  const auto home = bought(BatteryMode::home, VehicleMode::naive);
  const auto community = bought(BatteryMode::community, VehicleMode::naive);
  const auto smart = bought(BatteryMode::community, VehicleMode::smart);
  CHECK(home < nothing);
  CHECK(community < home);
  CHECK(smart < community);
}

TEST_CASE("what is steered in a slot does not depend on later slots") {
  const auto make = [](bool other_future) {
    auto profiles = std::make_unique<SyntheticProfiles>(3);
    if (other_future) {
      std::mt19937_64 random(99);
      for (auto& home : profiles->slots_) {
        for (std::uint64_t slot = 6 * day; slot < home.size(); ++slot) {
          home[slot] = {of_nano(static_cast<std::int64_t>(random() % 900'000'000)), {}, {}};
        }
      }
      // Drivers have said at most when and how far they go next: trips from the ninth day on
      // change.
      for (Vehicle& vehicle : profiles->storage_.vehicles) {
        for (std::uint64_t slot = 8 * day; slot < vehicle.trips.size(); ++slot) {
          vehicle.at_home[slot] = slot % 7 < 3;
          vehicle.trips[slot] = slot % 7 == 0 ? of_nano(kwh) : Energy{};
        }
      }
    }
    return stored(std::move(profiles), BatteryMode::community, VehicleMode::v2g);
  };
  const auto one = make(false);
  const auto other = make(true);
  for (std::uint64_t slot = 0; slot < 6 * day; ++slot) {
    const StoredSlot a = one->slot(slot);
    const StoredSlot b = other->slot(slot);
    REQUIRE(a.flows.net_nano == b.flows.net_nano);
    REQUIRE(a.stored_after == b.stored_after);
  }
}

TEST_CASE("a battery gives to neighbours above its reserve only, and to its own home below it") {
  Storage storage;
  storage.batteries = {{0, of_nano(8 * kwh), 4'000}};
  StorageControl control(storage, {BatteryMode::community, VehicleMode::none, of_nano(2 * kwh)}, 2,
                         slot_ms);
  for (int i = 0; i < 12; ++i) control.step({-2 * kwh, 0}, {});
  CHECK(control.stored(0) == of_nano(8 * kwh));
  std::int64_t to_neighbour = 0;
  for (int i = 0; i < 40; ++i) to_neighbour += control.step({0, kwh}, {}).given.nano();
  // A nano-kWh may be lost to rounding in a slot.
  CHECK(std::abs(to_neighbour - 6 * kwh * 95 / 100) <= 40);
  CHECK(control.stored(0) >= of_nano(2 * kwh));
  CHECK(control.stored(0) <= of_nano(2 * kwh + 2));
  std::int64_t own = 0;
  for (int i = 0; i < 40; ++i) own += control.step({kwh / 10, kwh}, {}).given.nano();
  CHECK(std::abs(own - 2 * kwh * 95 / 100) <= 40);
  CHECK(control.stored(0) <= of_nano(2));
}

TEST_CASE("a battery of its own home alone neither takes from neighbours nor gives to them") {
  Storage storage;
  storage.batteries = {{0, of_nano(8 * kwh), 4'000}};
  StorageControl control(storage, {BatteryMode::home, VehicleMode::none, {}}, 2, slot_ms);
  CHECK(control.step({0, -kwh}, {}).charged.is_zero());
  CHECK(control.step({-kwh / 2, kwh}, {}).charged == of_nano(kwh / 2));
  CHECK(control.step({0, kwh}, {}).given.is_zero());
  CHECK(control.step({kwh / 10, -kwh}, {}).given == of_nano(kwh / 10));
}

TEST_CASE(
    "a car waits for the sun as long as its driver allows, and then charges whatever it costs") {
  Storage storage;
  storage.vehicles = {{"car", 0, of_nano(20 * kwh), 4'000, true, {}, {}}};
  StorageControl control(storage, {BatteryMode::none, VehicleMode::v2g, {}}, 1, slot_ms);
  const auto parked = [](std::uint64_t slots, std::int64_t need) {
    return std::vector<VehicleNow>{{true, false, {}, slots, of_nano(need)}};
  };
  // A week without a trip: it stays full. Then it is driven empty, in a trip longer than it holds.
  for (std::uint64_t slot = 0; slot < 7 * day; ++slot) control.step({0}, parked(day, 0));
  CHECK(control.vehicle_stored(0) == of_nano(20 * kwh));
  control.step({0}, {{false, false, {}, std::nullopt, {}}});
  auto flows = control.step({0}, {{true, true, of_nano(25 * kwh), 40, of_nano(9 * kwh)}});
  CHECK(flows.trips == 1);
  CHECK(flows.trips_missed == 0);
  CHECK(flows.driven == of_nano(20 * kwh));
  CHECK(flows.charged_elsewhere == of_nano(5 * kwh));
  // A fifth is charged at once, 0.95 kWh a slot; then it waits, and takes what the sun gives.
  for (int i = 0; i < 4; ++i)
    control.step({0}, parked(39 - static_cast<std::uint64_t>(i), 9 * kwh));
  CHECK(control.vehicle_stored(0) == of_nano(4 * kwh));
  CHECK(control.step({0}, parked(35, 9 * kwh)).vehicles_charged.is_zero());
  CHECK(control.step({-kwh}, parked(34, 9 * kwh)).vehicles_charged == of_nano(kwh));
  CHECK(control.vehicle_stored(0) == of_nano(4 * kwh + kwh * 95 / 100));
  // What is above the fifth it may give back while there is time to charge it again.
  CHECK(control.step({kwh / 10}, parked(33, 9 * kwh)).vehicles_given == of_nano(kwh / 10));
  for (std::uint64_t left = 32; left > 0; --left) control.step({kwh}, parked(left, 9 * kwh));
  CHECK(control.vehicle_stored(0) == of_nano(13 * kwh));  // 9 kWh and the fifth
  // The next one comes back empty and has an hour: it missed nothing, but learns what it lacked.
  control.step({0}, {{false, false, {}, std::nullopt, {}}});
  control.step({0}, {{true, true, of_nano(13 * kwh), 2, of_nano(10 * kwh)}});
  control.step({0}, parked(1, 10 * kwh));
  control.step({0}, {{false, false, {}, std::nullopt, {}}});
  flows = control.step({0}, {{true, true, of_nano(10 * kwh), 90, {}}});
  CHECK(flows.trips_missed == 1);
  for (std::uint64_t left = 89; left > 60; --left) control.step({0}, parked(left, 0));
  CHECK(control.vehicle_stored(0) == of_nano(10 * kwh - 2 * kwh * 95 / 100));
}

TEST_CASE("slots may be asked for in any order") {
  const auto profiles =
      stored(std::make_unique<SyntheticProfiles>(5), BatteryMode::community, VehicleMode::smart);
  const MeteredEnergy late = profiles->energy(0, 300);
  const MeteredEnergy early = profiles->energy(0, 20);
  CHECK(profiles->energy(0, 300).battery == late.battery);
  CHECK(profiles->energy(0, 20).imported == early.imported);
  CHECK(late.battery);
  CHECK_FALSE(profiles->energy(1, 300).battery);
}

TEST_CASE("a reading tells of its battery where there is one") {
  ledger::Reading reading{*MeterId::parse("m1"), 1,           {0}, 900, {}, {}, {},
                          std::nullopt,          std::nullopt};
  CHECK(reading_json(reading).find(R"("battery_kwh":null)") != std::string::npos);
  reading.battery = of_nano(2'500'000'001);
  CHECK(reading_json(reading).find(R"("battery_kwh":2.500000001)") != std::string::npos);
}

TEST_CASE("options of storage are refused where they say nothing or there is nothing to steer") {
  CHECK(storage_options("community", "v2g", "1.5"));
  CHECK_FALSE(storage_options("all", "none", "0"));
  CHECK_FALSE(storage_options("none", "fast", "0"));
  CHECK_FALSE(storage_options("none", "none", "-1"));
  CHECK_FALSE(storage_options("home", "none", "x"));
  CHECK(to_text(BatteryMode::community) == "community");
  CHECK(to_text(VehicleMode::naive) == "naive");
  auto bare = std::make_unique<SyntheticProfiles>(1);
  bare->storage_ = {};
  CHECK_FALSE(StoredProfiles::make(std::move(bare), {BatteryMode::home, VehicleMode::none, {}}));
}
