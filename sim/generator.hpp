// The only source of chance in a simulation: the same seed gives the same numbers on any machine.
#pragma once

#include <cstdint>

#include "base/assert.hpp"

namespace powershare::sim {

/// SplitMix64 (Steele, Lea, Flood 2014): every seed is good, one addition and two multiplications
/// a number.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e37'79b9'7f4a'7c15;
    auto mixed = (state_ ^ (state_ >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
  }
  /// Between 0 and `limit` - 1.
  std::uint64_t below(std::uint64_t limit) {
    PS_ASSERT(limit > 0);
    return next() % limit;
  }
  bool chance(std::uint64_t per_mille) { return below(1'000) < per_mille; }
  /// A generator of its own for one part of a simulation: what that part draws changes no other.
  Generator fork() { return Generator(next() ^ 0x5851'f42d'4c95'7f2d); }

 private:
  std::uint64_t state_;
};

}  // namespace powershare::sim
