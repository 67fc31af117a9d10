// A zip archive whose files are stored as they are (APPNOTE 6.3.10, method 0).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace powershare::gateway::composer {

class Zip {
 public:
  /// Names are plain ASCII; contents together stay far below 4 GiB.
  void add(std::string_view name, std::string_view content);
  std::string take() &&;

 private:
  std::string files_;
  std::string directory_;
  std::size_t count_ = 0;
};

/// CRC-32 as zip has it (IEEE 802.3, reflected).
std::uint32_t crc32(std::string_view data);

}  // namespace powershare::gateway::composer
