#include "storage/salvage.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "storage/checksummed_record.hpp"
#include "storage/file.hpp"
#include "storage/limits.hpp"
#include "storage/lmdb_page.hpp"

namespace powershare::storage {
namespace {

/// The record at `offset`, if there is one whose checksum holds.
void take_record(ByteView page, std::size_t offset, std::string_view table,
                 std::map<Bytes, Bytes>& records) {
  if (offset < page_header_bytes || offset + node_header_bytes > page.size()) return;
  const auto value_bytes = static_cast<std::size_t>(little_endian(page, offset, 4));
  const auto flags = little_endian(page, offset + 4, 2);
  const auto key_bytes = static_cast<std::size_t>(little_endian(page, offset + 6, 2));
  const auto left = page.size() - offset - node_header_bytes;
  if (flags != 0 || key_bytes == 0 || key_bytes > maximum_key_bytes) return;
  if (key_bytes > left || value_bytes > left - key_bytes) return;
  const auto key = page.subspan(offset + node_header_bytes, key_bytes);
  const auto stored = page.subspan(offset + node_header_bytes + key_bytes, value_bytes);
  if (const auto payload = open_record(table, key, stored)) {
    records.insert_or_assign(to_bytes(key), to_bytes(*payload));
  }
}

}  // namespace

Result<std::vector<std::pair<Bytes, Bytes>>> salvage_records(const std::filesystem::path& data_file,
                                                             std::string_view table) {
  std::map<Bytes, Bytes> records;
  std::error_code code;
  if (!std::filesystem::exists(data_file, code)) {
    return std::vector<std::pair<Bytes, Bytes>>{};
  }
  std::ifstream file(data_file, std::ios::binary);
  if (!file) return Error{StorageError::io, "opening " + data_file.string() + " failed"};
  // LMDB's page size is the machine's; the meta pages that say so may be what is damaged.
  Bytes page(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  while (true) {
    file.read(reinterpret_cast<char*>(page.data()), static_cast<std::streamsize>(page.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (size < page_header_bytes) break;
    const auto view = ByteView(page).first(size);
    // The header may be what is damaged, so its word is taken only for where to stop looking.
    const auto end =
        std::max(page_header_bytes, static_cast<std::size_t>(little_endian(view, 12, 2)));
    for (auto at = page_header_bytes; at + 2 <= std::min(end, size); at += 2) {
      take_record(view, static_cast<std::size_t>(little_endian(view, at, 2)), table, records);
    }
  }
  if (file.bad()) return Error{StorageError::io, "reading " + data_file.string() + " failed"};
  return std::vector<std::pair<Bytes, Bytes>>(records.begin(), records.end());
}

}  // namespace powershare::storage
