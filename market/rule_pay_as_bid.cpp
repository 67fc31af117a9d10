// Pay as bid: the buyer pays what it was ready to pay.
#include "market/rules.hpp"

namespace powershare::market {

Price pay_as_bid(const Order& buy, const Order&, Price) {
  return buy.limit;
}

}  // namespace powershare::market
