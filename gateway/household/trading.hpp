// A household's trading: criteria, explicit orders, the running slot, its trades, its neighbours.
#pragma once

#include "gateway/services.hpp"

namespace powershare::gateway {

/// /etms/criteria, /etms/orders and their results, /etms/slot, /etms/trades, /etms/neighbours; all
/// of them Access::resident. docs/household-trading.md.
void add_household_trading_routes(Router& router, const ServicesPtr& services);

/// The route with Access::resident; its handler runs with a caller only, whatever the door lets
/// through, and else answers 401.
void add_for_caller(Router& router, RouteInfo info, Handler handler);

}  // namespace powershare::gateway
