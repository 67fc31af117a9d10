// `powershare sim`: simulates whole chains under faults, in virtual time. The same seed gives the
// same run, byte for byte.
#pragma once

#include <cstdint>
#include <string>

namespace powershare::apps {

struct SimOptions {
  std::uint64_t seed = 1;   ///< the first one
  std::uint64_t seeds = 1;  ///< how many, one after the other
  std::uint64_t steps = 5'000;
  std::uint32_t peers = 0;  ///< 0: 4 for one seed, else 4, 5, 6, 7 or 10 by seed
  std::string faults;       ///< empty: what each seed draws
  bool real_signatures = false;
  bool history = false;
  bool json = false;
};

/// 0 when every invariant held in every run, 1 on a violation.
int run_sim(const SimOptions& options);

}  // namespace powershare::apps
