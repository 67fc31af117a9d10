// The error enum of room market.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class MarketError {
  unknown_rule = 1,  ///< no clearing rule of that name
  bad_order,         ///< energy not positive, or an order that names a participant not in the book
  too_large,         ///< more orders, or more pairs of restricted orders, than the limits allow
  overflow,          ///< the sum of one side leaves the range of Energy
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::MarketError, "market");
