// The error enum of room gateway.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class GatewayError {
  malformed_json = 1,  ///< not an RFC 8259 document, or nested too deep
  too_large,           ///< more values or items than a request may have
  bad_parameter,       ///< a query parameter, path segment or field that does not spell its value
  not_certified,       ///< this peer does not hold the certificates of a proof (yet)
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::GatewayError, "gateway");
