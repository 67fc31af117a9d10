#include "base/encoding.hpp"

#include <limits>

#include "base/assert.hpp"

namespace powershare {
namespace {

template <class Unsigned>
void append_big_endian(Bytes& data, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(Unsigned) - 1) * 8; shift >= 0; shift -= 8) {
    data.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

template <class Unsigned>
Unsigned read_big_endian(ByteView bytes) {
  Unsigned value = 0;
  for (const auto byte : bytes) value = static_cast<Unsigned>(value << 8 | byte);
  return value;
}

}  // namespace

Encoder& Encoder::u8(std::uint8_t value) {
  data_.push_back(value);
  return *this;
}

Encoder& Encoder::u16(std::uint16_t value) {
  append_big_endian(data_, value);
  return *this;
}

Encoder& Encoder::u32(std::uint32_t value) {
  append_big_endian(data_, value);
  return *this;
}

Encoder& Encoder::u64(std::uint64_t value) {
  append_big_endian(data_, value);
  return *this;
}

Encoder& Encoder::i64(std::int64_t value) {
  return u64(static_cast<std::uint64_t>(value));
}

Encoder& Encoder::boolean(bool value) {
  return u8(value ? 1 : 0);
}

Encoder& Encoder::raw(ByteView bytes) {
  data_.insert(data_.end(), bytes.begin(), bytes.end());
  return *this;
}

Encoder& Encoder::bytes(ByteView bytes) {
  PS_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  u32(static_cast<std::uint32_t>(bytes.size()));
  return raw(bytes);
}

ByteView Decoder::raw(std::size_t count) {
  if (failed_ || rest_.size() < count) {
    failed_ = true;
    return {};
  }
  const auto view = rest_.first(count);
  rest_ = rest_.subspan(count);
  return view;
}

std::uint8_t Decoder::u8() {
  return read_big_endian<std::uint8_t>(raw(1));
}
std::uint16_t Decoder::u16() {
  return read_big_endian<std::uint16_t>(raw(2));
}
std::uint32_t Decoder::u32() {
  return read_big_endian<std::uint32_t>(raw(4));
}
std::uint64_t Decoder::u64() {
  return read_big_endian<std::uint64_t>(raw(8));
}
std::int64_t Decoder::i64() {
  return static_cast<std::int64_t>(u64());
}

bool Decoder::boolean() {
  const auto value = u8();
  if (value > 1) failed_ = true;
  return value == 1;
}

ByteView Decoder::bytes(std::size_t max_bytes) {
  const auto size = u32();
  if (size > max_bytes) failed_ = true;
  return raw(size);
}

std::uint32_t Decoder::count(std::uint32_t max, std::size_t min_item_bytes) {
  const auto value = u32();
  if (value > max || value > remaining() / (min_item_bytes == 0 ? 1 : min_item_bytes)) {
    failed_ = true;
    return 0;
  }
  return value;
}

}  // namespace powershare
