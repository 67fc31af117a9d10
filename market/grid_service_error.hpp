// The error enum of the grid services of room market.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class GridServiceError {
  bad_flexibility = 1,  ///< stores outside of their bounds, offers or requests without sense
  bad_curtailment,      ///< plants without a potential, or a history that cannot be
  bad_dispatch,         ///< batteries outside of their bounds, or losses out of range
  too_large,            ///< more offers or stores than the limits allow
  overflow,             ///< energy leaves its range
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::GridServiceError, "grid services");
