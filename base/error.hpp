// The error enum of room base.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class BaseError {
  overflow = 1,  ///< a quantity leaves the range of a signed 64-bit count of nano-units
  malformed,     ///< text or bytes that do not spell a value of the type
  out_of_range,  ///< spelled well, outside the limits of the type
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::BaseError, "base");
