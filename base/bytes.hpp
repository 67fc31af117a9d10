// Byte strings, views of them, and their hexadecimal text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace powershare {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, not copied.
ByteView as_bytes(std::string_view text);
/// The text that the bytes are, not copied and not checked.
std::string_view as_text(ByteView bytes);
Bytes to_bytes(std::string_view text);
Bytes to_bytes(ByteView bytes);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
/// Reads an even number of hexadecimal digits of either case; nothing else is accepted.
std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 base64 with padding.
std::string to_base64(ByteView bytes);
std::optional<Bytes> from_base64(std::string_view text);

/// Byte-wise order, a prefix before what it begins.
bool less(ByteView left, ByteView right);
bool equal(ByteView left, ByteView right);

}  // namespace powershare
