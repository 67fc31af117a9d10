// Feeders that can be reckoned by hand.
#pragma once

#include "grid/feeder_reader.hpp"

namespace powershare::grid::test {

/// A line of 1 km of `linecode`s below from bus A to B and one from B to C, a load at each phase of
/// B and one at phase 1 of C.
inline FeederText two_lines() {
  FeederText text;
  text.buses = "bus,x_m,y_m\nA,0,0\nB,1000,0\nC,2000,-1\n";
  text.lines = "line,bus_from,bus_to,linecode,length_m\nFAR,C,B,apart,500\nNEAR,A,B,apart,1000\n";
  text.linecodes =
      "linecode,r1_ohm_per_km,x1_ohm_per_km,r0_ohm_per_km,x0_ohm_per_km\n"
      "apart,0.2,0.1,0.2,0.1\ncoupled,0.2,0.1,0.8,0.4\n";
  text.loads =
      "load,bus,phase,rated_kw,power_factor,profile\n"
      "B1,B,1,1,1,1\nB2,B,2,1,1,2\nB3,B,3,1,0.8,3\nC1,C,1,1,1,4\n";
  return text;
}

inline Feeder read(const FeederText& text) {
  auto feeder = read_feeder(text);
  REQUIRE_MESSAGE(feeder, (feeder ? "" : feeder.error().detail()));
  return *std::move(feeder);
}

}  // namespace powershare::grid::test
