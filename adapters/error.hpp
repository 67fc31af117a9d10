// The error enum of room adapters.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class AdapterError {
  malformed = 1,  ///< not what the dialect looks like, or a number that is none
  too_large,      ///< more bytes, values or depth than any meter needs
  bad_checksum,   ///< a telegram was damaged on its way
  no_meter,       ///< well-formed, but nothing in it is a meter's
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::AdapterError, "adapters");
