// The ways from who sells to who buys, for rule `optimal` and for checking its certificate.
// Inside room market only.
//
// Nodes: 0 stands for everybody outside; then the classes of offers, the classes of bids, and,
// where the tree of zones is used, each zone on the way up and each on the way down. Energy flows
// 0 -> offers -> … -> bids -> 0; a node's price is what a kWh is worth there. Classes that are
// plain reach one another over the tree, whose arcs are the borders; all others by an arc for each
// pair. Such a pair does not take from the room of a limited border that it crosses: it is a
// `bypass`.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "market/network.hpp"
#include "market/order_classes.hpp"

namespace powershare::market {

inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

struct Arc {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::int64_t cost = 0;  ///< nano-coins per kWh: fees and losses less premiums
  std::int64_t capacity = unlimited;
  bool bypass = false;
};

struct Graph {
  std::uint32_t sells = 0;
  std::uint32_t buys = 0;
  std::uint32_t zones = 0;  ///< of the tree; 0 where it is not used
  bool has_bypasses = false;
  /// Sorted so that each node's incoming arcs stand before its outgoing ones.
  std::vector<Arc> arcs;

  std::uint32_t nodes() const { return 1 + sells + buys + 2 * zones; }
  std::uint32_t sell(std::uint32_t index) const { return 1 + index; }
  std::uint32_t buy(std::uint32_t index) const { return 1 + sells + index; }
  std::uint32_t up(ZoneIndex zone) const { return 1 + sells + buys + zone; }
  std::uint32_t down(ZoneIndex zone) const { return 1 + sells + buys + zones + zone; }
  bool is_sell(std::uint32_t node) const { return node >= 1 && node <= sells; }
  bool is_buy(std::uint32_t node) const { return node > sells && node <= sells + buys; }
};

inline constexpr std::size_t max_arcs = 2'000'000;

/// Nothing where there are more than `max_arcs`.
std::optional<Graph> make_graph(const OrderClasses& classes, const PartnerPremiums& premiums,
                                const Network& network);

}  // namespace powershare::market
