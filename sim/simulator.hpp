// Deterministic simulation of a whole chain under faults, in virtual time: the same seed gives the
// same run, byte for byte. First safety under faults, then healing and liveness within a bound.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/adversary.hpp"
#include "sim/faults.hpp"

namespace powershare::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::uint64_t steps = 5'000;     ///< events before everything heals
  std::uint32_t peers = 4;         ///< 4 to 13
  std::optional<FaultSet> faults;  ///< exactly these; none: what the seed draws
  bool real_signatures = false;    ///< Ed25519 instead of the oracle
  bool history = false;            ///< keep all that is told in SimulationResult::history
  AdversaryFactory adversaries;    ///< none: no peer is Byzantine, whatever the faults say
};

struct SimulationResult {
  bool ok = true;
  std::string invariant;             ///< the one that does not hold
  std::string violation;             ///< what was seen
  std::vector<std::string> history;  ///< the last events that concern it, or all on request

  std::string faults;                  ///< that this seed had
  std::vector<std::string> byzantine;  ///< "peer 2: equivocation"
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t transactions = 0;  ///< executed
  std::uint64_t acknowledged = 0;  ///< with f + 1 receipts
  std::uint64_t messages = 0;
  std::uint64_t epochs = 0;   ///< changes of the members or of the feature level
  bool level_raised = false;  ///< the chain began at a lower level and left it
  std::uint64_t highest_view = 0;
  std::uint64_t view_changes = 0;  ///< of all peers
  std::uint64_t crashes = 0;
  std::map<std::string, std::uint64_t> crashes_at;  ///< by persistence point
  std::map<std::string, std::uint64_t> faults_seen;
  std::uint64_t transfers = 0;
  std::uint64_t logs_replaced = 0;
  std::uint64_t ledgers_replaced = 0;
  std::int64_t virtual_ms = 0;
  std::int64_t first_commit_ms = 0;  ///< from healing to the first acknowledgement
  std::int64_t healing_ms = 0;       ///< from healing until all honest peers were equal
  std::string digest;                ///< over all that happened
};

/// Bounds of the second phase.
inline constexpr std::int64_t max_first_commit_ms = 10'000;
inline constexpr std::int64_t max_fair_ms = 30'000;  ///< for what waited before, under load
inline constexpr std::int64_t max_healing_ms = 60'000;

/// One run.
SimulationResult simulate(const SimulationOptions& options);
/// Two runs, which must end in the same digest; `determinism` is violated otherwise.
SimulationResult simulate_twice(const SimulationOptions& options);

/// How many peers a seed of a campaign has where none are asked for: 4, 5, 6, 7 or 10.
std::uint32_t peers_of_seed(std::uint64_t seed);
/// Real signatures in one seed of fifty (DECISIONS 36).
bool real_signatures_in(std::uint64_t seed);
/// "--seed 7 --steps 5000 --peers 4 ...": what repeats this run.
std::string repeat_arguments(const SimulationOptions& options);

}  // namespace powershare::sim
