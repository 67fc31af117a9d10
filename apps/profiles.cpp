#include "apps/profiles.hpp"

#include <map>

#include "apps/error.hpp"
#include "apps/profile_table.hpp"
#include "apps/stored_profiles.hpp"

namespace powershare::apps {
namespace {

__extension__ using Wide = __int128;

/// round_half_even(numerator / denominator), denominator > 0.
std::int64_t divide_half_even(Wide numerator, Wide denominator) {
  Wide quotient = numerator / denominator;
  Wide rest = numerator % denominator;
  if (rest < 0) {
    rest += denominator;
    --quotient;
  }
  if (rest * 2 > denominator || (rest * 2 == denominator && quotient % 2 != 0)) ++quotient;
  return static_cast<std::int64_t>(quotient);
}

class MeasuredProfiles final : public Profiles {
 public:
  const std::vector<SimulatedHome>& homes() const override { return homes_; }
  UtcMillis start() const override { return start_; }
  std::int64_t slot_ms() const override { return slot_ms_; }
  std::uint64_t slot_count() const override { return slot_count_; }
  const Storage& storage() const override { return storage_; }

  MeteredEnergy energy(std::size_t home, std::uint64_t slot) const override {
    const auto& source = sources_[home];
    const Wide seconds = slot_ms_ / millis_per_second;
    // Nano-kWh over the common denominator 3.6e12: W × s / 3.6e6 and kW × s / 3600.
    constexpr Wide denominator = Wide{3'600'000} * 1'000'000;
    const Wide load = Wide{source.load_nano_watts[slot]} * seconds * 1'000'000;
    const Wide produced = source.pv_profile
                              ? Wide{(*source.pv_profile)[slot]} * source.pv_nano_kw * seconds
                              : Wide{0};
    const auto net = divide_half_even(load - produced, denominator);
    return {Energy::from_nano(net > 0 ? net : 0), Energy::from_nano(net < 0 ? -net : 0),
            Energy::from_nano(divide_half_even(produced, denominator)), std::nullopt};
  }

  Result<void> read(const std::filesystem::path& folder) {
    auto scenario = read_profile_table(folder / "community_scenario.csv");
    if (!scenario) return scenario.error();
    auto loads = read_profile_table(folder / "load_w_15min.csv");
    if (!loads) return loads.error();
    auto plants = read_profile_table(folder / "pv_pu_15min.csv");
    if (!plants) return plants.error();
    auto time = read_time(*loads, *plants);
    if (!time) return time;
    for (const auto* needed : {"home", "pv_profile", "pv_kwp"}) {
      if (!scenario->columns.contains(needed)) {
        return Error{AppError::bad_configuration, scenario->file + ": no column " + needed};
      }
    }
    for (std::size_t row = 0; row < scenario->rows.size(); ++row) {
      auto added = add_home(*scenario, row, *loads, *plants);
      if (!added) return added;
    }
    auto storage = read_storage(folder, *scenario, *loads);
    if (!storage) return storage.error();
    storage_ = std::move(*storage);
    return {};
  }

 private:
  struct Source {
    std::vector<std::int64_t> load_nano_watts;
    std::int64_t pv_nano_kw = 0;
    const std::vector<std::int64_t>* pv_profile = nullptr;  ///< per unit of rated power, nano
  };

  Result<void> read_time(const ProfileTable& loads, const ProfileTable& plants) {
    auto times = column_nano(loads, "timestamp_utc_s");
    if (!times) return times.error();
    auto plant_times = column_nano(plants, "timestamp_utc_s");
    if (!plant_times) return plant_times.error();
    if (*times != *plant_times) {
      return Error{AppError::bad_configuration, plants.file + ": not the times of " + loads.file};
    }
    start_ = {times->front() / 1'000'000};
    slot_count_ = times->size();
    for (std::size_t i = 1; i < times->size(); ++i) {
      if ((*times)[i] - (*times)[i - 1] != slot_ms_ * 1'000'000) {
        return loads.wrong(i, "timestamp_utc_s", "not 900 s after the line before");
      }
    }
    return {};
  }

  Result<void> add_home(const ProfileTable& scenario, std::size_t row, const ProfileTable& loads,
                        const ProfileTable& plants) {
    const auto field = [&](std::string_view name) -> const std::string& {
      return scenario.field(row, name);
    };
    auto resident = ParticipantId::parse(field("home"));
    auto meter = MeterId::parse("M-" + field("home"));
    if (!resident || !meter) return scenario.wrong(row, "home", "not an id");
    auto load = column_nano(loads, field("home"));
    if (!load) return load.error();
    auto rated = parse_nano_exact(field("pv_kwp"));
    if (!rated || *rated < 0) return scenario.wrong(row, "pv_kwp", "not a power in kW");
    Source source{std::move(*load), *rated, nullptr};
    if (const auto& name = field("pv_profile"); !name.empty() && *rated > 0) {
      if (!plants_.contains(name)) {
        auto profile = column_nano(plants, name);
        if (!profile) return profile.error();
        plants_.emplace(name, std::move(*profile));
      }
      source.pv_profile = &plants_.at(name);
    }
    sources_.push_back(std::move(source));
    homes_.push_back({std::move(*resident), std::move(*meter), *rated / 1'000'000,
                      Price::from_nano(162'900'000), Price::from_nano(162'900'000)});
    return {};
  }

  std::vector<SimulatedHome> homes_;
  std::vector<Source> sources_;
  std::map<std::string, std::vector<std::int64_t>> plants_;
  Storage storage_;
  UtcMillis start_;
  std::int64_t slot_ms_ = 15 * millis_per_minute;
  std::uint64_t slot_count_ = 0;
};

}  // namespace

const Storage& Profiles::storage() const {
  static const Storage nothing;
  return nothing;
}

Result<std::unique_ptr<Profiles>> read_profiles(const std::filesystem::path& folder) {
  auto profiles = std::make_unique<MeasuredProfiles>();
  auto read = profiles->read(folder);
  if (!read) return read.error();
  return std::unique_ptr<Profiles>(std::move(profiles));
}

}  // namespace powershare::apps
