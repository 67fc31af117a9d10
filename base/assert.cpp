#include "base/assert.hpp"

#include <unistd.h>

#include <cstdio>

#include "base/exit_codes.hpp"

namespace powershare {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n", condition, file, line);
  std::fflush(stderr);
  ::_exit(static_cast<int>(ExitCode::broken_invariant));
}

}  // namespace powershare
