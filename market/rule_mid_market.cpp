// Mid-market: buyer and seller of a pair meet half way, as in the Quartierstrom field test.
#include "market/rules.hpp"

namespace powershare::market {

Price mid_market(Price bid, Price offer, Price) {
  return middle(offer, bid);
}

}  // namespace powershare::market
