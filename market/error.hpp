// The error enum of room market.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class MarketError {
  unknown_rule = 1,  ///< no clearing rule of that name
  bad_order,         ///< energy not positive, or an order that names a participant not in the book
  too_large,         ///< more orders, or more pairs of restricted orders, than the limits allow
  overflow,          ///< the sum of one side leaves the range of Energy
  bad_network,       ///< zones that are no tree, negative fees, unknown zones or participants
  bad_keys,          ///< shares that are negative or more than the whole
  bad_certificate,   ///< prices or trades that do not prove what a clearing claims
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::MarketError, "market");
