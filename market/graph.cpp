#include "market/graph.hpp"

#include <algorithm>

namespace powershare::market {
namespace {

bool is_limited(const Network& network) {
  return std::any_of(network.zones.begin(), network.zones.end(),
                     [](const Zone& zone) { return zone.max_export || zone.max_import; });
}

bool crosses_limit(const Network& network, ZoneIndex from, ZoneIndex to) {
  while (from != to) {
    const bool climbs = from > to;
    ZoneIndex& end = climbs ? from : to;
    const Zone& zone = network.zones[end];
    if (climbs ? zone.max_export.has_value() : zone.max_import.has_value()) return true;
    end = zone.parent;
  }
  return false;
}

std::int64_t capacity(const std::optional<Energy>& limit) {
  return limit ? limit->nano() : unlimited;
}

std::size_t count_plain(const std::vector<OrderClass>& classes) {
  return static_cast<std::size_t>(std::count_if(classes.begin(), classes.end(),
                                                [](const OrderClass& one) { return one.plain; }));
}

class GraphMaker {
 public:
  GraphMaker(const OrderClasses& classes, const PartnerPremiums& premiums, const Network& network)
      : classes_(classes), premiums_(premiums), network_(network) {
    graph_.sells = static_cast<std::uint32_t>(classes.sells.size());
    graph_.buys = static_cast<std::uint32_t>(classes.buys.size());
  }

  std::optional<Graph> run() {
    limited_ = is_limited(network_);
    const std::size_t plain_sells = count_plain(classes_.sells);
    const std::size_t plain_buys = count_plain(classes_.buys);
    const std::size_t zones = network_.zones.size();
    if (limited_ || (zones > 0 && plain_sells * plain_buys > 4 * zones)) {
      graph_.zones = static_cast<std::uint32_t>(zones);
    }
    const std::size_t all = std::size_t{graph_.sells} * graph_.buys;
    if ((graph_.zones == 0 ? all : all - plain_sells * plain_buys) > max_arcs) return std::nullopt;
    if (graph_.zones != 0) add_way_up();
    if (!add_pairs()) return std::nullopt;
    if (graph_.zones != 0) add_way_down();
    return std::move(graph_);
  }

 private:
  std::int64_t level(ZoneIndex zone) const {
    const PairCost cost = level_cost(network_, zone);
    return cost.fees.nano() + cost.losses.nano();
  }

  void add_way_up() {
    for (std::uint32_t s = 0; s < graph_.sells; ++s) {
      const OrderClass& sell = classes_.sells[s];
      if (sell.plain) add({graph_.sell(s), graph_.up(sell.zone), 0, unlimited, false});
    }
    for (ZoneIndex zone = graph_.zones; zone-- > 1;) {
      const Zone& child = network_.zones[zone];
      add({graph_.up(zone), graph_.up(child.parent), level(zone), capacity(child.max_export),
           false});
    }
    for (ZoneIndex zone = 0; zone < graph_.zones; ++zone) {
      add({graph_.up(zone), graph_.down(zone), level(zone), unlimited, false});
    }
  }

  bool add_pairs() {
    for (std::uint32_t s = 0; s < graph_.sells; ++s) {
      const OrderClass& sell = classes_.sells[s];
      for (std::uint32_t b = 0; b < graph_.buys; ++b) {
        const OrderClass& buy = classes_.buys[b];
        if (graph_.zones != 0 && sell.plain && buy.plain) continue;
        if (!may_trade(sell, buy)) continue;
        const PairCost path = pair_cost(network_, sell.zone, buy.zone);
        const std::int64_t cost = path.fees.nano() + path.losses.nano() -
                                  premiums_.of_buyer(buy, sell) - premiums_.of_seller(sell, buy);
        const bool bypass = limited_ && crosses_limit(network_, sell.zone, buy.zone);
        graph_.has_bypasses = graph_.has_bypasses || bypass;
        add({graph_.sell(s), graph_.buy(b), cost, unlimited, bypass});
      }
    }
    return graph_.arcs.size() <= max_arcs;
  }

  void add_way_down() {
    for (ZoneIndex zone = 1; zone < graph_.zones; ++zone) {
      const Zone& child = network_.zones[zone];
      add({graph_.down(child.parent), graph_.down(zone), level(zone), capacity(child.max_import),
           false});
    }
    for (std::uint32_t b = 0; b < graph_.buys; ++b) {
      const OrderClass& buy = classes_.buys[b];
      if (buy.plain) add({graph_.down(buy.zone), graph_.buy(b), 0, unlimited, false});
    }
  }

  void add(const Arc& arc) { graph_.arcs.push_back(arc); }

  const OrderClasses& classes_;
  const PartnerPremiums& premiums_;
  const Network& network_;
  bool limited_ = false;
  Graph graph_;
};

}  // namespace

std::optional<Graph> make_graph(const OrderClasses& classes, const PartnerPremiums& premiums,
                                const Network& network) {
  return GraphMaker(classes, premiums, network).run();
}

}  // namespace powershare::market
