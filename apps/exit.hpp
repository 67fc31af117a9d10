// From an error value to what people see and what the process exits with (docs/failure-table.md).
#pragma once

#include "base/exit_codes.hpp"
#include "base/result.hpp"

namespace powershare::apps {

ExitCode exit_code_of(const Error& error);
/// Prints "powershare: sentence" to standard error; gives the error's exit code.
int report(const Error& error);

}  // namespace powershare::apps
