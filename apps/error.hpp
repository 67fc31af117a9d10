// The error enum of room apps: each value is what the command exits with (base/exit_codes.hpp).
#pragma once

#include "base/exit_codes.hpp"
#include "base/result.hpp"

namespace powershare {

enum class AppError {
  failed = static_cast<int>(ExitCode::failed),
  usage = static_cast<int>(ExitCode::usage),
  damaged_data = static_cast<int>(ExitCode::damaged_data),
  unavailable = static_cast<int>(ExitCode::unavailable),
  storage_error = static_cast<int>(ExitCode::storage_error),
  bad_configuration = static_cast<int>(ExitCode::bad_configuration),
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::AppError, "powershare");
