// The built-in neighbourhood: a documented model, not measurements
// (docs/built-in-neighbourhood.md).
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "apps/profiles.hpp"

namespace powershare::apps {
namespace {

constexpr double latitude_rad = 32.65 * std::numbers::pi / 180.0;  // Funchal
constexpr double longitude_degrees = -16.92;
constexpr double declination_rad = 23.4 * std::numbers::pi / 180.0;  // around the June solstice
constexpr double system_efficiency = 0.8;
// 06:00 in Madeira (UTC+1 in summer) on 21 June 2021.
constexpr std::int64_t model_start_ms = 1'624'251'600'000;

/// AC output of a horizontal plant per kW of rated power under a clear sky, by the Haurwitz model:
/// global irradiance = 1098 cos(z) exp(−0.057 / cos(z)) W/m², z the sun's zenith angle.
double clear_sky_per_unit(double utc_hours) {
  const double solar_hours = utc_hours + longitude_degrees / 15.0;
  const double hour_angle = (solar_hours - 12.0) * std::numbers::pi / 12.0;
  const double cosine = std::sin(latitude_rad) * std::sin(declination_rad) +
                        std::cos(latitude_rad) * std::cos(declination_rad) * std::cos(hour_angle);
  if (cosine <= 0.01) return 0.0;
  return system_efficiency * 1.098 * cosine * std::exp(-0.057 / cosine);
}

/// Mean household power in kW by local hour: base load, a morning and a higher evening peak.
double mean_load_kw(double local_hours) {
  const auto peak = [&](double at, double width) {
    const double distance = (local_hours - at) / width;
    return std::exp(-0.5 * distance * distance);
  };
  return 0.14 + 0.35 * peak(8.0, 1.2) + 0.25 * peak(13.0, 1.5) + 0.75 * peak(20.5, 2.0);
}

class BuiltInProfiles final : public Profiles {
 public:
  BuiltInProfiles(std::int64_t slot_ms, std::uint64_t seed)
      : slot_ms_(slot_ms), slot_count_(static_cast<std::uint64_t>(millis_per_day / slot_ms)) {
    constexpr std::array<int, 12> plant_watts = {3000, 0, 4500, 0,    0, 3000,
                                                 6000, 0, 0,    3000, 0, 4500};
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> size(0.7, 1.6);
    std::uniform_real_distribution<double> noise(0.7, 1.3);
    for (std::size_t home = 0; home < plant_watts.size(); ++home) {
      const auto number = std::to_string(home + 1);
      const auto id = (number.size() < 2 ? "home-0" : "home-") + number;
      // Criteria differ so that there is something to see: sellers ask 0.08 to 0.13, buyers offer
      // 0.13 to 0.1629.
      homes_.push_back(
          {*ParticipantId::parse(id), *MeterId::parse("meter-" + id), plant_watts[home],
           Price::from_nano(162'900'000 - static_cast<std::int64_t>(home % 4) * 11'000'000),
           Price::from_nano(80'000'000 + static_cast<std::int64_t>(home % 6) * 10'000'000)});
      std::vector<MeteredEnergy> day;
      const double household = size(random);
      for (std::uint64_t slot = 0; slot < slot_count_; ++slot) {
        day.push_back(model(household * noise(random), plant_watts[home] / 1000.0, slot));
      }
      days_.push_back(std::move(day));
    }
    storage_ = model_storage();
  }

  const std::vector<SimulatedHome>& homes() const override { return homes_; }
  UtcMillis start() const override { return {model_start_ms}; }
  std::int64_t slot_ms() const override { return slot_ms_; }
  std::uint64_t slot_count() const override { return slot_count_; }
  const Storage& storage() const override { return storage_; }
  MeteredEnergy energy(std::size_t home, std::uint64_t slot) const override {
    return days_[home][slot % slot_count_];
  }

 private:
  /// Batteries of 5, 8 and 5 kWh behind plants; cars that are away from 8 to 18, and from 13 to 15
  /// and 20 to 22 (local hours).
  Storage model_storage() const {
    const auto kwh = [](std::int64_t count) { return Energy::from_nano(count * nano_per_unit); };
    Storage storage;
    storage.batteries = {{0, kwh(5), 2'500}, {6, kwh(8), 2'500}, {11, kwh(5), 2'500}};
    const auto vehicle = [&](const char* id, std::size_t home, bool gives_back) {
      Vehicle result{id, home, kwh(50), 7'200, gives_back, {}, {}};
      result.at_home.assign(slot_count_, 1);
      result.trips.assign(slot_count_, Energy{});
      return result;
    };
    const auto trip = [&](Vehicle& of, std::int64_t from_hour, std::int64_t to_hour,
                          std::int64_t takes_kwh) {
      const auto slot_of = [&](std::int64_t hour) {  // the day begins at 6
        return static_cast<std::uint64_t>((hour - 6) * millis_per_hour / slot_ms_);
      };
      for (auto slot = slot_of(from_hour); slot < slot_of(to_hour); ++slot) of.at_home[slot] = 0;
      of.trips[slot_of(to_hour)] = kwh(takes_kwh);
    };
    storage.vehicles = {vehicle("car-4", 3, false), vehicle("car-7", 6, true)};
    trip(storage.vehicles[0], 8, 18, 9);
    trip(storage.vehicles[1], 13, 15, 4);
    trip(storage.vehicles[1], 20, 22, 3);
    return storage;
  }

  MeteredEnergy model(double load_factor, double plant_kw, std::uint64_t slot) const {
    const double middle_ms = static_cast<double>(model_start_ms % millis_per_day) +
                             (static_cast<double>(slot) + 0.5) * static_cast<double>(slot_ms_);
    const double utc_hours = std::fmod(middle_ms / millis_per_hour, 24.0);
    const double hours = static_cast<double>(slot_ms_) / millis_per_hour;
    const double load_kwh = load_factor * mean_load_kw(std::fmod(utc_hours + 1.0, 24.0)) * hours;
    const double produced_kwh = plant_kw * clear_sky_per_unit(utc_hours) * hours;
    const auto nano = [](double kwh) { return std::llround(kwh * 1e6) * 1000; };  // whole mWh
    const auto net = nano(load_kwh) - nano(produced_kwh);
    return {Energy::from_nano(net > 0 ? net : 0), Energy::from_nano(net < 0 ? -net : 0),
            Energy::from_nano(nano(produced_kwh)), std::nullopt};
  }

  std::int64_t slot_ms_;
  std::uint64_t slot_count_;
  std::vector<SimulatedHome> homes_;
  std::vector<std::vector<MeteredEnergy>> days_;
  Storage storage_;
};

}  // namespace

std::unique_ptr<Profiles> built_in_profiles(std::int64_t slot_ms, std::uint64_t seed) {
  return std::make_unique<BuiltInProfiles>(slot_ms, seed);
}

}  // namespace powershare::apps
