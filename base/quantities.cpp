#include "base/quantities.hpp"

#include <limits>

#include "base/assert.hpp"

namespace powershare {
namespace {

__extension__ using Wide = __int128;

Result<std::int64_t> narrow(Wide value) {
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min()) {
    return Error{BaseError::overflow, "result out of range"};
  }
  return static_cast<std::int64_t>(value);
}

/// Floor division of a wide number; divisor > 0.
Wide floor_divide(Wide value, Wide divisor) {
  const Wide quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

struct Decimal {
  std::int64_t nano;
  bool rounded;  ///< true where digits past the ninth decimal were not all zero
};

class DecimalReader {
 public:
  explicit DecimalReader(std::string_view text) : text_(text) {}

  Result<Decimal> read() {
    const bool negative = take('-');
    if (!read_digits()) return malformed();
    if (take('.')) {
      const auto before = digits_.size();
      if (!read_digits()) return malformed();
      point_ -= static_cast<int>(digits_.size() - before);
    }
    if (take('e') || take('E')) {
      if (!read_exponent()) return malformed();
    }
    if (position_ != text_.size()) return malformed();
    return scale(negative);
  }

 private:
  static constexpr std::size_t max_text_bytes = 64;

  static Error malformed() { return {BaseError::malformed, "not a decimal number"}; }

  bool take(char expected) {
    if (position_ >= text_.size() || text_[position_] != expected) return false;
    ++position_;
    return true;
  }

  bool read_digits() {
    if (text_.size() > max_text_bytes) return false;
    const auto begin = position_;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      digits_.push_back(text_[position_++]);
    }
    return position_ > begin;
  }

  bool read_exponent() {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto begin = position_;
    int exponent = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      exponent = exponent * 10 + (text_[position_++] - '0');
      if (exponent > 400) return false;
    }
    point_ += negative ? -exponent : exponent;
    return position_ > begin;
  }

  /// digits × 10^(point + 9), rounded half to even.
  Result<Decimal> scale(bool negative) const {
    const int shift = point_ + 9;
    const int kept = static_cast<int>(digits_.size()) + (shift < 0 ? shift : 0);
    Wide value = 0;
    for (int i = 0; i < kept; ++i) {
      value = value * 10 + (digits_[static_cast<std::size_t>(i)] - '0');
      if (value > std::numeric_limits<std::int64_t>::max()) return overflow();
    }
    for (int i = 0; i < shift && value != 0; ++i) {
      value *= 10;
      if (value > std::numeric_limits<std::int64_t>::max()) return overflow();
    }
    const int dropped_from = kept < 0 ? 0 : kept;
    bool rest = false;
    for (std::size_t i = static_cast<std::size_t>(dropped_from) + 1; i < digits_.size(); ++i) {
      rest = rest || digits_[i] != '0';
    }
    const bool any_dropped = shift < 0 && static_cast<std::size_t>(dropped_from) < digits_.size();
    // Where kept < 0, zeros stand between the point and the first digit: the value is below half.
    const int next = any_dropped && kept >= 0 ? digits_[static_cast<std::size_t>(kept)] - '0' : 0;
    const bool lost =
        any_dropped && (rest || digits_[static_cast<std::size_t>(dropped_from)] != '0');
    if (next > 5 || (next == 5 && (rest || value % 2 != 0))) ++value;
    auto nano = narrow(negative ? -value : value);
    if (!nano) return nano.error();
    return Decimal{*nano, lost};
  }

  static Error overflow() { return {BaseError::overflow, "number out of range"}; }

  std::string_view text_;
  std::size_t position_ = 0;
  std::string digits_;
  int point_ = 0;
};

}  // namespace

Result<std::int64_t> multiply_divide(std::int64_t a, std::int64_t b, std::int64_t c) {
  PS_ASSERT(c > 0);
  const Wide product = static_cast<Wide>(a) * b;
  const Wide quotient = floor_divide(product, c);
  const Wide twice_rest = (product - quotient * c) * 2;
  const bool up = twice_rest > c || (twice_rest == c && quotient % 2 != 0);
  return narrow(quotient + (up ? 1 : 0));
}

Result<std::int64_t> multiply_divide_floor(std::int64_t a, std::int64_t b, std::int64_t c) {
  PS_ASSERT(c > 0);
  return narrow(floor_divide(static_cast<Wide>(a) * b, c));
}

Result<Coins> multiply(Price price, Energy energy) {
  auto nano = multiply_divide(price.nano(), energy.nano(), nano_per_unit);
  if (!nano) return nano.error();
  return Coins::from_nano(*nano);
}

Result<Coins> multiply(Price rate, Cash cash) {
  auto nano = multiply_divide(rate.nano(), cash.nano(), nano_per_unit);
  if (!nano) return nano.error();
  return Coins::from_nano(*nano);
}

Result<Energy> affordable(Coins coins, Price price) {
  PS_ASSERT(price.is_positive() && !coins.is_negative());
  auto nano = multiply_divide_floor(coins.nano(), nano_per_unit, price.nano());
  if (!nano) return nano.error();
  return Energy::from_nano(*nano);
}

std::string format_nano(std::int64_t nano) {
  const bool negative = nano < 0;
  // Negating in unsigned arithmetic is defined for the smallest value too.
  std::uint64_t magnitude = static_cast<std::uint64_t>(nano);
  if (negative) magnitude = 0 - magnitude;
  std::string text = std::to_string(magnitude / nano_per_unit);
  std::string fraction = std::to_string(magnitude % nano_per_unit + nano_per_unit).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (!fraction.empty()) text += "." + fraction;
  return negative ? "-" + text : text;
}

Result<std::int64_t> parse_nano(std::string_view text) {
  auto decimal = DecimalReader(text).read();
  if (!decimal) return decimal.error();
  return decimal->nano;
}

Result<std::int64_t> parse_nano_exact(std::string_view text) {
  auto decimal = DecimalReader(text).read();
  if (!decimal) return decimal.error();
  if (decimal->rounded) return Error{BaseError::out_of_range, "more than 9 decimals"};
  return decimal->nano;
}

}  // namespace powershare
