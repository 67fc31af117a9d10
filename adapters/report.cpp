#include "adapters/report.hpp"

#include "adapters/error.hpp"

namespace powershare::adapters {
namespace {

Error no_number() {
  return {AdapterError::malformed, "a value is not a number within its range"};
}

/// round(number / divisor) as nano-units that are not negative.
Result<Energy> read_register(std::string_view text, std::int64_t divisor) {
  const auto nano = parse_nano(text);
  if (!nano || *nano < 0) return no_number();
  const auto scaled = multiply_divide(*nano, 1, divisor);
  if (!scaled) return no_number();
  return Energy::from_nano(*scaled);
}

}  // namespace

Result<Energy> read_watt_hours(std::string_view text) {
  return read_register(text, 1'000);
}

Result<Energy> read_kilowatt_hours(std::string_view text) {
  return read_register(text, 1);
}

Result<Power> read_watts(std::string_view text) {
  const auto nano = parse_nano(text);
  if (!nano) return no_number();
  return Power::from_nano(*nano);
}

}  // namespace powershare::adapters
