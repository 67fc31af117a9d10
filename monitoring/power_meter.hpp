// What the process itself consumes: joules and CPU time. Where the machine has RAPL counters that
// may be read, the energy of the processor packages is shared out by CPU time; elsewhere it is CPU
// time times a configured power per core.
#pragma once

#include <memory>
#include <string>

namespace powershare::monitoring {

struct PowerMeterOptions {
  /// Watts of one busy core with its share of the machine, used where there is no RAPL.
  double watts_per_core = 5.0;
  std::string powercap_folder = "/sys/class/powercap";
  std::string proc_folder = "/proc";
};

struct PowerReading {
  double joules = 0;       ///< since the process started (model) or since the meter was made (RAPL)
  double cpu_seconds = 0;  ///< user and system time of this process since its start
  double resident_bytes = 0;
  bool from_rapl = false;  ///< else from the model
};

/// Call sample() every few seconds (RAPL counters wrap after minutes at full load) from one thread
/// at a time.
class PowerMeter {
 public:
  explicit PowerMeter(PowerMeterOptions options = {});
  ~PowerMeter();
  PowerReading sample();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace powershare::monitoring
