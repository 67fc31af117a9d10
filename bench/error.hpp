// The error enum of room bench.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class BenchError {
  unavailable = 1,  ///< a port, a peer
  disagreement,     ///< the peers executed different things
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::BenchError, "bench");
