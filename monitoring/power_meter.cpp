#include "monitoring/power_meter.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace powershare::monitoring {
namespace {

std::optional<std::uint64_t> read_number(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

// One processor package: a counter of microjoules that wraps at `range`.
struct Package {
  std::filesystem::path counter;
  std::uint64_t range = 0;
  std::uint64_t last = 0;
};

// Top-level zones only ("intel-rapl:0"): sub-zones ("intel-rapl:0:1") are parts of them,
// "intel-rapl-mmio" repeats them.
std::vector<Package> find_packages(const std::string& folder) {
  std::vector<Package> packages;
  std::error_code ignored;
  for (const auto& zone : std::filesystem::directory_iterator(folder, ignored)) {
    const auto name = zone.path().filename().string();
    if (!name.starts_with("intel-rapl:") || std::count(name.begin(), name.end(), ':') != 1)
      continue;
    const auto now = read_number(zone.path() / "energy_uj");
    const auto range = read_number(zone.path() / "max_energy_range_uj");
    if (now && range && *range > 0) packages.push_back({zone.path() / "energy_uj", *range, *now});
  }
  return packages;
}

// CPU time in clock ticks.
struct Ticks {
  double process = 0;
  double machine = 0;  ///< all that was not idle, of all processes
};

std::optional<double> process_ticks(const std::string& proc_folder) {
  std::ifstream file(proc_folder + "/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The command's name stands in parentheses and may hold anything, also parentheses.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // state … cmajflt, fields 3 to 13
  double user = 0, system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return user + system;
}

std::optional<double> machine_ticks(const std::string& proc_folder) {
  std::ifstream file(proc_folder + "/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupt = 0, soft = 0;
  if (!(file >> cpu >> user >> nice >> system >> idle >> wait >> interrupt >> soft) || cpu != "cpu")
    return std::nullopt;
  return user + nice + system + interrupt + soft;
}

double resident_bytes(const std::string& proc_folder) {
  std::ifstream file(proc_folder + "/self/statm");
  double size = 0, resident = 0;
  if (!(file >> size >> resident)) return 0;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

struct PowerMeter::State {
  PowerMeterOptions options;
  std::vector<Package> packages;
  Ticks last;
  double joules = 0;

  double package_joules();
};

// Joules of all packages since the last call, over the wrap of their counters.
double PowerMeter::State::package_joules() {
  double microjoules = 0;
  for (auto& package : packages) {
    const auto now = read_number(package.counter);
    if (!now) continue;
    const auto passed =
        *now >= package.last ? *now - package.last : package.range - package.last + *now;
    microjoules += static_cast<double>(passed);
    package.last = *now;
  }
  return microjoules / 1e6;
}

PowerMeter::PowerMeter(PowerMeterOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->packages = find_packages(state_->options.powercap_folder);
  state_->last.process = process_ticks(state_->options.proc_folder).value_or(0);
  state_->last.machine = machine_ticks(state_->options.proc_folder).value_or(0);
}

PowerMeter::~PowerMeter() = default;

PowerReading PowerMeter::sample() {
  auto& state = *state_;
  const auto& folder = state.options.proc_folder;
  const Ticks now{process_ticks(folder).value_or(state.last.process),
                  machine_ticks(folder).value_or(state.last.machine)};
  PowerReading reading;
  reading.cpu_seconds = now.process / static_cast<double>(sysconf(_SC_CLK_TCK));
  reading.resident_bytes = resident_bytes(folder);
  reading.from_rapl = !state.packages.empty();
  if (reading.from_rapl) {
    const double used = now.process - state.last.process;
    // The machine's ticks are rounded differently: a share is never more than all of it.
    const double all = std::max(now.machine - state.last.machine, used);
    const double energy = state.package_joules();
    if (all > 0) state.joules += energy * std::max(0.0, used) / all;
  } else {
    state.joules = reading.cpu_seconds * state.options.watts_per_core;
  }
  state.last = now;
  reading.joules = state.joules;
  return reading;
}

}  // namespace powershare::monitoring
