// The book of one slot: all orders that are cleared together.
#pragma once

#include <string>
#include <vector>

#include "market/order.hpp"

namespace powershare::market {

/// Orders may stand in any order: clearing does not depend on it.
struct Book {
  static constexpr std::size_t max_orders = 4'000'000;

  std::vector<std::string> participants;  ///< names, each once; orders refer to them by position
  std::vector<Order> orders;
};

}  // namespace powershare::market
