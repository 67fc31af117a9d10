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

constexpr std::size_t max_files = 64;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t entry_bytes = 46;
constexpr std::size_t header_bytes = 30;

/// Little-endian; 0 past the end, which no signature is.
std::uint32_t take(std::string_view from, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  if (at > from.size() || from.size() - at < static_cast<std::size_t>(bytes)) return 0;
  for (int i = 0; i < bytes; ++i) {
    const auto byte = static_cast<std::uint8_t>(from[at + static_cast<std::size_t>(i)]);
    value |= static_cast<std::uint32_t>(byte) << (8 * i);
  }
  return value;
}

/// The file that the directory's entry at `at` names.
std::optional<ZipFile> read_file(std::string_view archive, std::size_t at) {
  const auto method = take(archive, at + 10, 2);
  const auto encrypted = (take(archive, at + 8, 2) & 1) != 0;
  const auto crc = take(archive, at + 16, 4);
  const std::size_t size = take(archive, at + 24, 4);
  const std::size_t name_size = take(archive, at + 28, 2);
  const std::size_t header = take(archive, at + 42, 4);
  if (method != stored || encrypted || size != take(archive, at + 20, 4)) return std::nullopt;
  if (at + entry_bytes + name_size > archive.size()) return std::nullopt;
  if (take(archive, header, 4) != 0x04034b50) return std::nullopt;
  const auto content =
      header + header_bytes + take(archive, header + 26, 2) + take(archive, header + 28, 2);
  if (content > archive.size() || archive.size() - content < size) return std::nullopt;
  const ZipFile file{archive.substr(at + entry_bytes, name_size), archive.substr(content, size)};
  return crc32(file.content) == crc ? std::optional(file) : std::nullopt;
}

}  // namespace

std::optional<std::vector<ZipFile>> read_zip(std::string_view archive) {
  if (archive.size() < end_bytes) return std::nullopt;
  auto end = archive.size() - end_bytes;
  const auto last = end > 0xFFFF ? end - 0xFFFF : 0;  // before a comment
  while (end > last && take(archive, end, 4) != 0x06054b50) --end;
  if (take(archive, end, 4) != 0x06054b50) return std::nullopt;
  const std::size_t count = take(archive, end + 10, 2);
  if (count > max_files || count != take(archive, end + 8, 2)) return std::nullopt;
  std::vector<ZipFile> files;
  std::size_t at = take(archive, end + 16, 4);
  for (std::size_t i = 0; i < count; ++i) {
    if (take(archive, at, 4) != 0x02014b50) return std::nullopt;
    const auto file = read_file(archive, at);
    if (!file) return std::nullopt;
    files.push_back(*file);
    at += entry_bytes + file->name.size() + take(archive, at + 30, 2) + take(archive, at + 32, 2);
  }
  return files;
}

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
