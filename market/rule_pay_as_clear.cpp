// Uniform price: every seller gets the middle of the interval of supporting prices.
#include "market/rules.hpp"

namespace powershare::market {

Price pay_as_clear(Price, Price, Price clearing_price) {
  return clearing_price;
}

}  // namespace powershare::market
