// The thesis's rule: the seller's price; the cheapest seller finds its buyer first; nothing is
// remembered from slot to slot.
#include "market/rules.hpp"

namespace powershare::market {

Price thesis(Price, Price offer, Price) {
  return offer;
}

}  // namespace powershare::market
