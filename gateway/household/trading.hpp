// A household's trading: criteria, explicit orders, the running slot, its trades, its neighbours.
#pragma once

#include "gateway/services.hpp"

namespace powershare::gateway {

/// /etms/criteria, /etms/orders, /etms/slot, /etms/trades, /etms/neighbours; all of them
/// Access::resident. docs/household-trading.md.
void add_household_trading_routes(Router& router, const ServicesPtr& services);

}  // namespace powershare::gateway
