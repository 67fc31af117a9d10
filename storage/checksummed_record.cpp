#include "storage/checksummed_record.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace powershare::storage {
namespace {

using Checksum = std::array<std::uint8_t, record_checksum_bytes>;

Checksum checksum(std::string_view table, ByteView key, ByteView payload) {
  Encoder head;
  head.text(table).bytes(key);
  const auto digest = crypto::Sha256().update(head.data()).update(payload).finish();
  Checksum result{};
  std::copy_n(digest.begin(), result.size(), result.begin());
  return result;
}

}  // namespace

Bytes seal_record(std::string_view table, ByteView key, ByteView payload) {
  const auto sum = checksum(table, key, payload);
  Bytes result;
  result.reserve(sum.size() + payload.size());
  result.insert(result.end(), sum.begin(), sum.end());
  result.insert(result.end(), payload.begin(), payload.end());
  return result;
}

std::optional<ByteView> open_record(std::string_view table, ByteView key, ByteView stored) {
  if (stored.size() < record_checksum_bytes) return std::nullopt;
  const auto payload = stored.subspan(record_checksum_bytes);
  const auto sum = checksum(table, key, payload);
  if (!std::equal(sum.begin(), sum.end(), stored.begin())) return std::nullopt;
  return payload;
}

}  // namespace powershare::storage
