// A radial low-voltage feeder with three phases and one-phase loads.
//
// Floating point is fine in this room: what it finds enters a ledger as integers, by governance,
// and no replica computes it again (DECISIONS 42).
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grid/error.hpp"

namespace powershare::grid {

using Complex = std::complex<double>;
/// One value for each phase.
using Phases = std::array<Complex, 3>;

struct Bus {
  std::string name;
  double x_m = 0;
  double y_m = 0;
};

/// Impedance of a line by sequence: positive (= negative) and zero.
struct SequenceImpedance {
  Complex positive_ohm_per_km;
  Complex zero_ohm_per_km;
};

/// A line without shunt. Its phase matrix has `self_ohm` on the diagonal and `mutual_ohm` beside
/// it.
struct Line {
  std::string name;
  std::uint32_t from = 0;  ///< position in Feeder::buses, on the source's side
  std::uint32_t to = 0;
  double length_m = 0;
  Complex self_ohm;    ///< (Z0 + 2 Z1) / 3 × length
  Complex mutual_ohm;  ///< (Z0 - Z1) / 3 × length
};

/// The phase matrix of `length_m` of a line whose three phases are alike.
Line make_line(std::string name, std::uint32_t from, std::uint32_t to, double length_m,
               const SequenceImpedance& impedance);

/// A house between one phase and neutral.
struct Load {
  std::string name;
  std::uint32_t bus = 0;   ///< position in Feeder::buses
  std::uint8_t phase = 0;  ///< 0 to 2
  double rated_kw = 0;
  double power_factor = 1;    ///< of what it draws, inductive; over 0 to 1
  std::uint32_t profile = 0;  ///< number of its column in the profiles
};

/// Lines stand in an order in which each one begins where an earlier one, or the source, ends.
struct Feeder {
  std::vector<Bus> buses;
  std::vector<Line> lines;
  std::vector<Load> loads;
  std::uint32_t source = 0;  ///< position in buses; voltages there are given

  /// Position of the load of this name; nothing where there is none.
  std::optional<std::uint32_t> find_load(std::string_view name) const;
};

/// Turns and sorts the lines so that they lead away from `source`. GridError::not_radial unless
/// they form one tree over all buses, GridError::out_of_range for positions that are none.
Result<Feeder> make_feeder(std::vector<Bus> buses, std::vector<Line> lines, std::vector<Load> loads,
                           std::uint32_t source);

}  // namespace powershare::grid
