#include "gateway/composer/zip.hpp"

#include <initializer_list>

namespace powershare::gateway::composer {
namespace {

constexpr std::uint32_t stored = 0;
constexpr std::uint32_t version = 20;
constexpr std::uint32_t midnight = 0;
constexpr std::uint32_t first_of_1980 = 0x21;  // the earliest day that a zip can name

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
}

void put16(std::string& out, std::initializer_list<std::uint32_t> values) {
  for (const auto value : values) put(out, value, 2);
}

void put32(std::string& out, std::initializer_list<std::uint32_t> values) {
  for (const auto value : values) put(out, value, 4);
}

}  // namespace

std::uint32_t crc32(std::string_view data) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : data) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

void Zip::add(std::string_view name, std::string_view content) {
  const auto offset = static_cast<std::uint32_t>(files_.size());
  const auto size = static_cast<std::uint32_t>(content.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  const auto crc = crc32(content);
  put32(files_, {0x04034b50});
  put16(files_, {version, 0, stored, midnight, first_of_1980});
  put32(files_, {crc, size, size});
  put16(files_, {name_size, 0});
  files_.append(name).append(content);
  put32(directory_, {0x02014b50});
  put16(directory_, {version, version, 0, stored, midnight, first_of_1980});
  put32(directory_, {crc, size, size});
  put16(directory_, {name_size, 0, 0, 0, 0});
  put32(directory_, {0, offset});
  directory_.append(name);
  ++count_;
}

std::string Zip::take() && {
  const auto count = static_cast<std::uint32_t>(count_);
  const auto start = static_cast<std::uint32_t>(files_.size());
  auto out = std::move(files_);
  out += directory_;
  put32(out, {0x06054b50});
  put16(out, {0, 0, count, count});
  put32(out, {static_cast<std::uint32_t>(directory_.size()), start});
  put16(out, {0});
  return out;
}

}  // namespace powershare::gateway::composer
