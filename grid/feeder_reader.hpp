// The feeder's description as CSV (docs/network-losses.md), and how much its houses draw by minute.
#pragma once

#include "grid/feeder.hpp"

namespace powershare::grid {

/// Contents of the four files of a description.
struct FeederText {
  std::string buses;      ///< bus,x_m,y_m
  std::string lines;      ///< line,bus_from,bus_to,linecode,length_m
  std::string linecodes;  ///< linecode,r1_ohm_per_km,x1_ohm_per_km,r0_ohm_per_km,x0_ohm_per_km
  std::string loads;      ///< load,bus,phase,rated_kw,power_factor,profile
};

/// `source_bus`: where the feeder is fed; empty: the first bus. GridError::malformed with file,
/// line and column (also for names that are given twice or are nowhere), GridError::not_radial.
Result<Feeder> read_feeder(const FeederText& text, std::string_view source_bus = {});

/// Power in kW by minute, a column per profile.
class Profiles {
 public:
  /// Text of minute,p1,p2,…; minutes ascend from 0 without a gap. GridError::malformed.
  static Result<Profiles> parse(std::string_view text);

  std::uint32_t minutes() const { return static_cast<std::uint32_t>(kw_.size()); }
  /// By load of the feeder. GridError::no_such_profile.
  Result<std::vector<double>> powers_at(const Feeder& feeder, std::uint32_t minute) const;

 private:
  std::vector<std::vector<double>> kw_;  ///< by minute, then column
};

}  // namespace powershare::grid
