// Fixed-point quantities: signed 64-bit counts of nano-units (9 decimals), strong types, checked
// arithmetic. Nothing wraps, nothing is rounded but in multiply() and parse(), half to even, once.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace powershare {

inline constexpr std::int64_t nano_per_unit = 1'000'000'000;

/// A count of nano-units of what `Tag` names.
template <class Tag>
class Fixed {
 public:
  constexpr Fixed() = default;
  static constexpr Fixed from_nano(std::int64_t nano) { return Fixed(nano); }
  constexpr std::int64_t nano() const { return nano_; }
  constexpr bool is_zero() const { return nano_ == 0; }
  constexpr bool is_negative() const { return nano_ < 0; }
  constexpr bool is_positive() const { return nano_ > 0; }
  friend constexpr auto operator<=>(Fixed, Fixed) = default;

 private:
  explicit constexpr Fixed(std::int64_t nano) : nano_(nano) {}
  std::int64_t nano_ = 0;
};

using Energy = Fixed<struct EnergyTag>;  ///< nano-kWh (= µWh)
using Coins = Fixed<struct CoinsTag>;    ///< nano-coins
using Cash = Fixed<struct CashTag>;      ///< nano-units of an ISO 4217 currency
using Price = Fixed<struct PriceTag>;    ///< nano-coins per kWh

/// a + b, a - b, -a; BaseError::overflow past the range.
template <class Tag>
Result<Fixed<Tag>> add(Fixed<Tag> a, Fixed<Tag> b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.nano(), b.nano(), &sum)) {
    return Error{BaseError::overflow, "sum out of range"};
  }
  return Fixed<Tag>::from_nano(sum);
}

template <class Tag>
Result<Fixed<Tag>> subtract(Fixed<Tag> a, Fixed<Tag> b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.nano(), b.nano(), &difference)) {
    return Error{BaseError::overflow, "difference out of range"};
  }
  return Fixed<Tag>::from_nano(difference);
}

template <class Tag>
Result<Fixed<Tag>> negate(Fixed<Tag> a) {
  return subtract(Fixed<Tag>{}, a);
}

template <class Tag>
constexpr Fixed<Tag> smaller(Fixed<Tag> a, Fixed<Tag> b) {
  return b < a ? b : a;
}

template <class Tag>
constexpr Fixed<Tag> larger(Fixed<Tag> a, Fixed<Tag> b) {
  return a < b ? b : a;
}

/// round_half_even(a × b / c) over 128 bits; c > 0. BaseError::overflow when the result leaves 64
/// bits.
Result<std::int64_t> multiply_divide(std::int64_t a, std::int64_t b, std::int64_t c);
/// floor(a × b / c) over 128 bits, for caps that must not be passed; c > 0.
Result<std::int64_t> multiply_divide_floor(std::int64_t a, std::int64_t b, std::int64_t c);

/// amount = price × energy, rounded half to even, once (DESIGN §4).
Result<Coins> multiply(Price price, Energy energy);
/// coins = rate (coins per unit of cash) × cash, rounded half to even, once.
Result<Coins> multiply(Price rate, Cash cash);
/// The most energy that `coins` pay for at `price`, rounded down; price > 0, coins >= 0.
Result<Energy> affordable(Coins coins, Price price);

/// Decimal digits of a count of nano-units, without exponent and without trailing zeros: "0.1629",
/// "-12".
std::string format_nano(std::int64_t nano);
/// Reads `-?digits[.digits][(e|E)[+-]digits]` as decimal digits, never through double; more than 9
/// decimals are rounded half to even. BaseError::malformed or overflow.
Result<std::int64_t> parse_nano(std::string_view text);
/// As parse_nano, but more than 9 decimals (other than zeros) are BaseError::out_of_range: for what
/// is signed.
Result<std::int64_t> parse_nano_exact(std::string_view text);

template <class Tag>
std::string to_text(Fixed<Tag> quantity) {
  return format_nano(quantity.nano());
}

template <class Quantity>
Result<Quantity> parse_quantity(std::string_view text) {
  auto nano = parse_nano(text);
  if (!nano) return nano.error();
  return Quantity::from_nano(*nano);
}

}  // namespace powershare
