// The price that each rule gives a pair; one file per rule. Inside room market only.
#pragma once

#include "market/order.hpp"

namespace powershare::market {

/// The middle of two prices, rounded half to even; never overflows.
Price middle(Price low, Price high);

/// `buy.limit >= clearing_price >= sell.limit` holds for all of them.
using PairPrice = Price (*)(const Order& buy, const Order& sell, Price clearing_price);

Price pay_as_clear(const Order& buy, const Order& sell, Price clearing_price);
Price pay_as_bid(const Order& buy, const Order& sell, Price clearing_price);
Price mid_market(const Order& buy, const Order& sell, Price clearing_price);
Price thesis(const Order& buy, const Order& sell, Price clearing_price);

}  // namespace powershare::market
