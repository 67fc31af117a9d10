// The faults that a run may have, by name, and which of them one seed draws (swarm testing: each
// seed has some faults and not others, so that no fault always hides what another would show).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/generator.hpp"

namespace powershare::sim {

enum class Fault : std::uint8_t {
  loss,
  duplication,
  reordering,
  delay,
  partitions,  ///< two sides that do not hear each other, or one peer alone
  one_way,     ///< links that carry one direction only
  clogs,       ///< links that hold their messages for a while, then let all go at once
  selective,   ///< one kind of message is lost, on all links or to or from one peer
  crashes,     ///< of one, several or all peers, at random or at a persistence point
  torn,        ///< a crash leaves half a transaction on the disk
  lost_logs,   ///< the log, or the whole disk
  bit_flips,
  disk_full,
  clock_skew,
  slow_peers,
  outage,  ///< before all heals nothing can be decided for minutes
  byzantine,
  membership,     ///< not a fault: members come, go and get other keys
  feature_level,  ///< nor this: the chain begins a level lower and is raised; with membership
  count
};
const char* to_text(Fault fault);

class FaultSet {
 public:
  FaultSet() = default;
  FaultSet(std::initializer_list<Fault> faults) {
    for (const auto fault : faults) add(fault);
  }
  static FaultSet all();
  void add(Fault fault) { bits_ |= bit(fault); }
  void remove(Fault fault) { bits_ &= ~bit(fault); }
  bool has(Fault fault) const { return (bits_ & bit(fault)) != 0; }
  /// "loss,crashes"; "none" where it is empty.
  std::string text() const;

 private:
  static std::uint32_t bit(Fault fault) { return 1U << static_cast<unsigned>(fault); }
  std::uint32_t bits_ = 0;
};

/// A list as text() makes it, or "all"; nothing where a name is unknown.
std::optional<FaultSet> parse_faults(std::string_view text);
/// Every name, in order.
std::vector<std::string> fault_names();

/// Half of the faults, give or take; in one seed of sixteen none. Outages, which take long, in one
/// of eight.
FaultSet draw_faults(Generator& generator);

}  // namespace powershare::sim
