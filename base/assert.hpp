// PS_ASSERT: for bugs only, that is for what a caller cannot violate from outside. Active in
// release builds too. What comes from outside is answered with an Error (base/result.hpp), never
// asserted.
#pragma once

namespace powershare {

/// Writes the place and the condition to standard error and ends the process with exit code 70
/// ("broken invariant", see docs/failure-table.md).
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace powershare

#define PS_ASSERT(condition)                           \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::powershare::assertion_failed(#condition, __FILE__, __LINE__))
