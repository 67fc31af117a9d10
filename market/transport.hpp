// The optimum of rule `optimal` between classes of orders: a flow of least cost and, among those,
// of largest volume. Inside room market only.
#pragma once

#include <optional>
#include <vector>

#include "market/graph.hpp"

namespace powershare::market {

/// All orders of a class that have one limit.
struct Step {
  std::int64_t limit = 0;  ///< as a cost: a bid negated
  std::int64_t energy = 0;
};
/// A class's orders by limit, best first, each limit once.
using Curve = std::vector<Step>;

struct Curves {
  std::vector<Curve> sells;  ///< by class
  std::vector<Curve> buys;
};

struct Flow {
  std::vector<std::int64_t> energy;  ///< by arc of the graph
  std::vector<std::int64_t> prices;  ///< by node; that of node 0 is 0
};

/// Costs and limits must be within this, so that sums over paths stay within 64 bits.
inline constexpr std::int64_t max_transport_price = std::int64_t{1} << 44;

/// A work budget, in looks at an arc or a step of a curve: the same on every replica.
struct Budget {
  std::size_t steps = 200'000'000;
};

/// Successive shortest paths from a start at which all that is clearly bought or sold at one
/// price is so already. The prices are the middle, rounded down, of those that prove the optimum.
/// Nothing when the budget is spent, or limits or costs are out of range.
std::optional<Flow> transport(const Graph& graph, const Curves& curves, Budget& budget);

}  // namespace powershare::market
