#include "base/quantities.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace powershare;

TEST_CASE("decimal text is read as digits and rounded half to even at the tenth decimal") {
  CHECK(*parse_nano("0.1629") == 162'900'000);
  CHECK(*parse_nano("-12") == -12 * nano_per_unit);
  CHECK(*parse_nano("1e-9") == 1);
  CHECK(*parse_nano("1.5E3") == 1500 * nano_per_unit);
  CHECK(*parse_nano("0.0000000005") == 0);
  CHECK(*parse_nano("0.0000000015") == 2);
  CHECK(*parse_nano("0.00000000050000001") == 1);
  CHECK(*parse_nano("0.00000000009") == 0);
  CHECK(*parse_nano("5e-12") == 0);
  CHECK(*parse_nano("9223372036.854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(parse_nano("9223372036.854775808").ok());
  for (const auto* text : {"", "-", ".5", "1.", "1e", "0x1", "1 ", "NaN", "1e999", "+1", "--1"}) {
    CHECK_MESSAGE(!parse_nano(text).ok(), text);
  }
}

TEST_CASE("exact parsing refuses digits past the ninth decimal unless they are zeros") {
  CHECK(*parse_nano_exact("1.1234567890") == 1'123'456'789);
  CHECK_FALSE(parse_nano_exact("1.1234567891").ok());
  CHECK_FALSE(parse_nano_exact("0.00000000001").ok());
}

TEST_CASE("formatting and parsing are inverse at the edges of the range") {
  for (const std::int64_t nano :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{162'900'000},
        std::numeric_limits<std::int64_t>::max()}) {
    CHECK(*parse_nano(format_nano(nano)) == nano);
  }
  CHECK(format_nano(std::numeric_limits<std::int64_t>::min()) == "-9223372036.854775808");
  CHECK(format_nano(1'500'000'000) == "1.5");
}

TEST_CASE("the thesis's 27.959 kWh at 0.1629 settle to 4.5545211 coins") {
  const auto coins = multiply(*parse_quantity<Price>("0.1629"), *parse_quantity<Energy>("27.959"));
  CHECK(to_text(*coins) == "4.5545211");
}

TEST_CASE("products are rounded half to even, also below zero") {
  CHECK(*multiply_divide(5, 1, 10) == 0);
  CHECK(*multiply_divide(15, 1, 10) == 2);
  CHECK(*multiply_divide(-5, 1, 10) == 0);
  CHECK(*multiply_divide(-15, 1, 10) == -2);
  CHECK(*multiply_divide(-16, 1, 10) == -2);
  CHECK(*multiply_divide_floor(-1, 1, 10) == -1);
  const auto max = std::numeric_limits<std::int64_t>::max();
  CHECK_FALSE(multiply_divide(max, max, 1).ok());
  CHECK(*multiply_divide(max, max, max) == max);
}

TEST_CASE("sums past the range are errors, never wrap") {
  const auto max = Energy::from_nano(std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(add(max, Energy::from_nano(1)).ok());
  CHECK_FALSE(negate(Energy::from_nano(std::numeric_limits<std::int64_t>::min())).ok());
  CHECK(add(max, Energy::from_nano(-1))->nano() == max.nano() - 1);
}
