// The error enum of room grid.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class GridError {
  malformed = 1,    ///< a description that does not spell a feeder: file, line and column are told
  not_radial,       ///< the lines are no tree that begins at the source
  no_convergence,   ///< no voltages carry these loads: more is drawn than the feeder can deliver
  out_of_range,     ///< a position, a power or a size that is none
  no_such_profile,  ///< a load whose column the profiles lack, or a minute beyond them
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::GridError, "grid");
