// Mid-market: buyer and seller of a pair meet half way, as in the Quartierstrom field test.
#include "market/rules.hpp"

namespace powershare::market {

Price mid_market(const Order& buy, const Order& sell, Price) {
  return middle(sell.limit, buy.limit);
}

}  // namespace powershare::market
