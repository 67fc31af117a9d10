// Pictures for tests: PNGs of any size, written by libpng's simplified interface.
#pragma once

#include <vector>

#include "base/bytes.hpp"

namespace powershare::gateway::test {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};
/// One colour, or where `noisy` a pattern that no encoder makes small.
Bytes png_of(std::uint32_t width, std::uint32_t height, Colour colour, bool noisy = false);
/// Half of it transparent black.
Bytes png_with_holes(std::uint32_t side);

struct Decoded {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb;
};
Decoded decode_jpeg(ByteView file);

}  // namespace powershare::gateway::test
