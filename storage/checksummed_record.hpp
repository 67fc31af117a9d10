// Every value in an environment is its payload and, before it, a checksum over table, key and
// payload. LMDB itself has none: a flipped bit in a page would come back as a wrong value.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace powershare::storage {

inline constexpr std::size_t record_checksum_bytes = 8;

/// What is stored for `payload`: checksum ‖ payload. The checksum is the first 8 bytes of SHA-256
/// over u32 length ‖ table ‖ u32 length ‖ key ‖ payload, so that a record copied to another key or
/// table is found too.
Bytes seal_record(std::string_view table, ByteView key, ByteView payload);

/// The payload inside `stored` (a view into it), or nothing where the checksum does not match.
std::optional<ByteView> open_record(std::string_view table, ByteView key, ByteView stored);

}  // namespace powershare::storage
