// A digest over everything that happens in a run, cheap enough to fold in each event. It tells two
// runs apart that should have been the same; nobody needs to be kept from forging it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/encoding.hpp"

namespace powershare::sim {

class Fingerprint {
 public:
  void fold(std::uint64_t value) {
    high_ = (high_ ^ value) * 0x9e37'79b9'7f4a'7c15;
    high_ ^= high_ >> 29;
    low_ = (low_ + high_) * 0xd1b5'4a32'd192'ed03;
    low_ ^= low_ >> 32;
  }
  void fold(ByteView bytes) {
    std::uint64_t word = bytes.size();
    unsigned filled = 0;
    for (const auto byte : bytes) {
      word = (word << 8) | byte;
      if (++filled % 8 == 0) fold(word);
    }
    fold(word);
  }
  /// 32 hexadecimal digits.
  std::string text() const { return to_hex(Encoder().u64(high_).u64(low_).data()); }

 private:
  std::uint64_t high_ = 0x243f'6a88'85a3'08d3;
  std::uint64_t low_ = 0x1319'8a2e'0370'7344;
};

}  // namespace powershare::sim
