// The project's own fixed-layout encoding: what is hashed, signed, quoted in certificates or kept
// under the state root. Integers are big-endian (so that keys sort as numbers do), byte strings
// have a 32-bit length before them, fixed arrays have none. One value has exactly one encoding: the
// decoder refuses whatever the encoder would not have written. docs/formats.md lists every record
// byte by byte.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"

namespace powershare {

class Encoder {
 public:
  Encoder& u8(std::uint8_t value);
  Encoder& u16(std::uint16_t value);
  Encoder& u32(std::uint32_t value);
  Encoder& u64(std::uint64_t value);
  Encoder& i64(std::int64_t value);  ///< two's complement, big-endian
  Encoder& boolean(bool value);      ///< one byte, 0 or 1
  Encoder& raw(ByteView bytes);      ///< as they are, no length
  Encoder& bytes(ByteView bytes);    ///< u32 length, then the bytes
  Encoder& text(std::string_view text) { return bytes(as_bytes(text)); }
  Encoder& time(UtcMillis time) { return i64(time.value); }
  template <class Tag>
  Encoder& quantity(Fixed<Tag> quantity) {
    return i64(quantity.nano());
  }

  const Bytes& data() const& { return data_; }
  Bytes take() && { return std::move(data_); }

 private:
  Bytes data_;
};

/// Reads what Encoder wrote. After the first fault every read gives zero or nothing and ok() is
/// false, so that a caller may read a whole record and ask once.
class Decoder {
 public:
  explicit Decoder(ByteView data) : rest_(data) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  bool boolean();                         ///< a byte other than 0 or 1 is a fault
  ByteView raw(std::size_t count);        ///< a view into the input
  ByteView bytes(std::size_t max_bytes);  ///< longer than max_bytes is a fault
  std::string_view text(std::size_t max_bytes) { return as_text(bytes(max_bytes)); }
  UtcMillis time() { return {i64()}; }
  template <class Quantity>
  Quantity quantity() {
    return Quantity::from_nano(i64());
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> result{};
    const auto view = raw(N);
    if (view.size() == N) std::copy(view.begin(), view.end(), result.begin());
    return result;
  }
  /// A count of items of at least `min_item_bytes` each; more than max or than can be left is a
  /// fault, so that nothing is reserved for what is not there.
  std::uint32_t count(std::uint32_t max, std::size_t min_item_bytes);

  void fail() { failed_ = true; }
  bool ok() const { return !failed_; }
  std::size_t remaining() const { return failed_ ? 0 : rest_.size(); }
  /// True when all was read without a fault and nothing is left over.
  bool finished() const { return !failed_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

}  // namespace powershare
