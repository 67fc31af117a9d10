// The error enum of room actors.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class ActorError {
  died = 1,           ///< an actor ended: exit 70
  bad_configuration,  ///< keys or genesis do not fit this peer: exit 78
  busy,               ///< too much is asked for at once
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::ActorError, "actors");
