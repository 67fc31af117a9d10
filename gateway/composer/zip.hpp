// Zip archives whose files are stored as they are (APPNOTE 6.3.10, method 0).
#pragma once

#include <cstdint>
#include <optional>
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

struct ZipFile {
  std::string_view name;
  std::string_view content;
};
/// The files of an archive, as views into it; nothing where it is damaged, compressed, encrypted,
/// in parts, or holds more than 64 files.
std::optional<std::vector<ZipFile>> read_zip(std::string_view archive);

/// CRC-32 as zip has it (IEEE 802.3, reflected).
std::uint32_t crc32(std::string_view data);

}  // namespace powershare::gateway::composer
