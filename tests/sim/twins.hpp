// Twins (Bano et al., arXiv 2004.10617): two processes run under one identity, with the same key
// and a disk each, and neither knows of the other. Scenarios are counted out systematically: which
// identities are doubled, and for each round how the processes are parted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace powershare::sim {

/// A family of scenarios; each index below `count()` is one of them.
struct TwinsFamily {
  std::uint32_t members = 4;
  std::uint32_t twins = 1;   ///< identities that are doubled, at most f
  std::uint32_t rounds = 4;  ///< partitions, one after the other
  std::uint32_t sides = 2;   ///< at most so many groups in a partition

  std::uint32_t instances() const { return members + twins; }
  std::uint64_t count() const;
};

struct TwinsScenario {
  std::vector<std::uint32_t> doubled;  ///< identities
  /// By round and instance: the group that it is in. Instances from `members` on are the second
  /// processes of `doubled`.
  std::vector<std::vector<std::uint8_t>> rounds;
  std::int64_t round_ms = 0;
  std::string text() const;
};
TwinsScenario scenario(const TwinsFamily& family, std::uint64_t index);

struct TwinsResult {
  std::string violation;  ///< empty: all that must hold does
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t views = 0;   ///< highest that was asked for
  bool equivocated = false;  ///< the twins signed two digests for one view and sequence
  std::string digest;
};
TwinsResult run_twins(const TwinsFamily& family, std::uint64_t index);

}  // namespace powershare::sim
