// Pay as bid: the buyer pays what it was ready to pay.
#include "market/rules.hpp"

namespace powershare::market {

Price pay_as_bid(Price bid, Price, Price) {
  return bid;
}

}  // namespace powershare::market
