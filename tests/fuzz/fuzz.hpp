// What all fuzz targets say: a property of any input, and an end with a trace where it does not
// hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.hpp"

namespace powershare::fuzz {

/// Ends the process so that libFuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// "One value has one encoding": what was decoded encodes to the very bytes that it came from.
inline void require_same(ByteView encoded, ByteView input) {
  require(equal(encoded, input));
}

}  // namespace powershare::fuzz
