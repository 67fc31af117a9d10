// Deterministic simulation of a chain under faults, in virtual time: the same seed gives the same
// run, byte for byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/adversary.hpp"

namespace powershare::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::uint64_t steps = 8'000;  ///< events before everything heals
  std::uint32_t peers = 4;
  bool crashes = true;  ///< kill and restart, one or all at once; unsynced writes are lost
  bool partitions = true;
  bool lossy = true;             ///< loss, duplication, reordering, delay
  bool byzantine = true;         ///< up to f peers lie, in two seeds of three
  AdversaryFactory adversaries;  ///< none: all are honest
  bool lost_logs = true;         ///< up to f peers lose their log or everything
  bool real_signatures = false;
  std::function<void(const std::string& line)> trace;  ///< hears of alarms and faults
};

struct SimulationResult {
  bool ok = true;
  std::string violation;  ///< name of the invariant and what was seen
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t requests = 0;
  std::uint64_t view_changes = 0;
  std::uint64_t crashes = 0;
  std::uint64_t transfers = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t repeated = 0;    ///< requests ordered twice (and executed once)
  std::uint64_t recoveries = 0;  ///< lost logs that were noticed
  std::int64_t virtual_ms = 0;
  std::int64_t healing_ms = 0;  ///< until all were equal again after the last fault
  std::string fingerprint;      ///< hash over all that was sent
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace powershare::sim
