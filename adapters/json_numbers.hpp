// The numbers of a JSON document by their place, as the digits that were sent: a register of seven
// places must not go through floating point.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/report.hpp"

namespace powershare::adapters {

class JsonNumbers {
 public:
  static constexpr std::size_t max_bytes = 65'536;
  static constexpr std::size_t max_numbers = 1'024;
  static constexpr std::size_t max_depth = 16;

  /// AdapterError::malformed, also where one name stands twice; too_large past the limits.
  static Result<JsonNumbers> parse(std::string_view text);

  /// The number at a place as "ENERGY.Total", or those of the array there, in order; none where
  /// there is neither.
  std::vector<std::string_view> at(std::string_view place) const;
  std::size_t size() const { return numbers_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> numbers_;
};

/// The sum of the numbers at a place, each read by `read`; nothing where there are none.
/// AdapterError::malformed where a number is out of range.
template <class Quantity>
Result<std::optional<Quantity>> sum_at(const JsonNumbers& numbers, std::string_view place,
                                       Result<Quantity> (*read)(std::string_view));

}  // namespace powershare::adapters
