#include "base/ids.hpp"

#include <algorithm>

namespace powershare {
namespace {

bool is_plain_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

/// The length of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), 0
/// if there is none.
std::size_t utf8_sequence_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool shortest = first != 0xE0 || byte(1) >= 0xA0;
    const bool no_surrogate = first != 0xED || byte(1) <= 0x9F;
    return continues(1) && continues(2) && shortest && no_surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool shortest = first != 0xF0 || byte(1) >= 0x90;
    const bool in_range = first != 0xF4 || byte(1) <= 0x8F;
    return continues(1) && continues(2) && continues(3) && shortest && in_range ? 4 : 0;
  }
  return 0;
}

/// C0, DEL and C1 control characters.
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_plain_character);
}

bool is_participant_name(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  while (!text.empty()) {
    const auto length = utf8_sequence_bytes(text);
    if (length == 0 || is_control(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace powershare
