// Rule `optimal`: the clearing of largest surplus over limits, premiums, fees, losses and borders
// at once, and among those of largest volume (DECISIONS 43).
//
// Orders are put into classes (market/order_classes.hpp), whose curves meet in a flow of least cost
// (market/transport.hpp). Within a class orders are served as in the auctions: better limit first,
// then time, id, standing orders pro rata. Each class of offers has one price, the flow's; a buyer
// pays fees and losses on top. All of it depends on the book's contents alone, not on how it is
// written down: classes stand in the order of their zones, traits and names.
//
// Arcs that bypass a limited border (partners, premiums, green energy alone, listed losses) may
// carry more than it lets through. Then they are cut, in their order, to what the others have left
// of it, and what was cut is cleared again without them; the certificate's gap says what that cost
// at most. Past the budget of work the book is cleared by pay_as_clear.
#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.hpp"
#include "market/graph.hpp"
#include "market/matching.hpp"
#include "market/rules.hpp"
#include "market/transport.hpp"

namespace powershare::market {
namespace {

/// What one class of offers sells to one of bids.
struct ClassTrade {
  std::uint32_t sell = 0;
  std::uint32_t buy = 0;
  std::int64_t energy = 0;
  std::int64_t sell_price = 0;  ///< of the class; its premium for the buyer not yet taken off
};

/// One side's candidates by class.
struct ClassedSide {
  std::vector<Candidates> members;  ///< by limit
  std::vector<Curve> curves;
};

ClassedSide by_class(const Candidates& side, const std::vector<std::uint32_t>& of_order,
                     std::size_t classes) {
  ClassedSide result;
  result.members.resize(classes);
  std::vector<std::size_t> sizes(classes);
  for (const Candidate& one : side) ++sizes[of_order[one.order]];
  for (std::size_t i = 0; i < classes; ++i) result.members[i].reserve(sizes[i]);
  for (const Candidate& one : side) result.members[of_order[one.order]].push_back(one);
  for (Candidates& members : result.members) {
    members = by_limit(members, any_limit);
    Curve curve;
    for (const Candidate& one : members) {
      if (curve.empty() || curve.back().limit != one.limit) curve.push_back({one.limit, 0});
      curve.back().energy += one.energy;
    }
    result.curves.push_back(std::move(curve));
  }
  return result;
}

/// The orders of a class that trade, with how much is left of each to be paired.
class Queue {
 public:
  Queue(const Book& book, Candidates& members, const Curve& curve, std::int64_t energy) {
    if (energy == 0) return;
    std::int64_t sum = 0;
    std::size_t last = 0;
    while (sum < energy) sum += curve[last++].energy;
    sorted_ = std::move(members);
    cut_and_order(book, sorted_, curve[last - 1].limit);
    amounts_ = fill(sorted_, energy);
  }
  std::uint32_t order() {
    while (amounts_[at_] == 0) ++at_;
    return sorted_[at_].order;
  }
  std::int64_t left() const { return amounts_[at_]; }
  void take(std::int64_t energy) { amounts_[at_] -= energy; }

 private:
  Candidates sorted_;
  std::vector<std::int64_t> amounts_;
  std::size_t at_ = 0;
};

/// Takes a flow apart into what each class of offers sells to each of bids: over the tree, first
/// come, first on, in the order of zones and classes.
std::vector<ClassTrade> class_trades(const Graph& graph, const Flow& flow) {
  struct Share {
    std::uint32_t sell;
    std::int64_t energy;
  };
  using Shares = std::vector<Share>;
  std::vector<Shares> at(graph.nodes());
  std::vector<std::size_t> next(graph.nodes());
  std::vector<ClassTrade> trades;
  const auto arrive = [&](const Arc& arc, std::uint32_t sell, std::int64_t energy) {
    if (graph.is_buy(arc.to)) {
      const std::uint32_t buy = arc.to - graph.buy(0);
      trades.push_back({sell, buy, energy, flow.prices[graph.sell(sell)]});
    } else {
      at[arc.to].push_back({sell, energy});
    }
  };
  for (std::size_t i = 0; i < graph.arcs.size(); ++i) {
    const Arc& arc = graph.arcs[i];
    std::int64_t left = flow.energy[i];
    if (left > 0 && graph.is_sell(arc.from)) {
      arrive(arc, arc.from - graph.sell(0), left);
      continue;
    }
    while (left > 0) {
      PS_ASSERT(next[arc.from] < at[arc.from].size());
      Share& share = at[arc.from][next[arc.from]];
      const std::int64_t energy = std::min(left, share.energy);
      arrive(arc, share.sell, energy);
      share.energy -= energy;
      left -= energy;
      if (share.energy == 0) ++next[arc.from];
    }
  }
  std::stable_sort(trades.begin(), trades.end(), [](const ClassTrade& a, const ClassTrade& b) {
    return std::pair(a.sell, a.buy) < std::pair(b.sell, b.buy);
  });
  return trades;
}

class Optimum {
 public:
  Optimum(const Book& book, const Network& network)
      : book_(book), network_(network), premiums_(network), classes_(classify(book, network)) {}

  /// Nothing where it is too much work.
  std::optional<Clearing> run(const Sides& sides) {
    auto graph = make_graph(classes_, premiums_, network_);
    if (!graph) return std::nullopt;
    buys_ = by_class(sides.buys, classes_.of_order, classes_.buys.size());
    sells_ = by_class(sides.sells, classes_.of_order, classes_.sells.size());
    const Curves curves{sells_.curves, buys_.curves};
    auto flow = transport(*graph, curves, budget_);
    if (!flow) return std::nullopt;
    std::vector<ClassTrade> trades = class_trades(*graph, *flow);
    if (graph->has_bypasses && !fit_bypasses(*graph, curves, *flow, trades)) return std::nullopt;
    Clearing clearing;
    pair(trades, clearing);
    count_trades(sides.energies, clearing);
    if (!clearing.trades.empty() &&
        std::all_of(clearing.trades.begin(), clearing.trades.end(), [&](const Trade& trade) {
          return trade.price == clearing.trades.front().price;
        })) {
      clearing.clearing_price = clearing.trades.front().price;
    }
    Certificate certificate;
    for (const std::int64_t price : flow->prices) {
      certificate.prices.push_back(Price::from_nano(price));
    }
    clearing.certificate = std::move(certificate);
    certify(book_, network_, classes_, premiums_, *graph, clearing);
    return clearing;
  }

 private:
  /// Cuts what bypasses borders to the room that is left there, and clears the rest without them.
  bool fit_bypasses(const Graph& graph, const Curves& curves, const Flow& flow,
                    std::vector<ClassTrade>& trades) {
    BorderRoom borders(network_);
    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> bypasses;
    for (std::size_t i = 0; i < graph.arcs.size(); ++i) {
      const Arc& arc = graph.arcs[i];
      if (arc.bypass && flow.energy[i] > 0) {
        bypasses[{arc.from - graph.sell(0), arc.to - graph.buy(0)}] = true;
      }
    }
    bool cut = false;
    for (const bool bypass : {false, true}) {
      for (ClassTrade& trade : trades) {
        if (bypasses.contains({trade.sell, trade.buy}) != bypass) continue;
        const std::int64_t fits = borders.take(classes_.sells[trade.sell].zone,
                                               classes_.buys[trade.buy].zone, trade.energy);
        cut = cut || fits < trade.energy;
        trade.energy = fits;
      }
    }
    if (!cut) return true;
    std::erase_if(trades, [](const ClassTrade& trade) { return trade.energy == 0; });
    return clear_rest(graph, curves, borders, trades);
  }

  /// What no class trade takes of `curves`, over the arcs that bypass nothing.
  bool clear_rest(Graph graph, Curves curves, BorderRoom& borders,
                  std::vector<ClassTrade>& trades) {
    std::erase_if(graph.arcs, [](const Arc& arc) { return arc.bypass; });
    for (Arc& arc : graph.arcs) {
      if (arc.capacity != unlimited) arc.capacity = room_of(graph, arc, borders);
    }
    for (const ClassTrade& trade : trades) {
      take(curves.sells[trade.sell], trade.energy);
      take(curves.buys[trade.buy], trade.energy);
    }
    const auto flow = transport(graph, curves, budget_);
    if (!flow) return false;
    const auto more = class_trades(graph, *flow);
    trades.insert(trades.end(), more.begin(), more.end());
    return true;
  }

  static std::int64_t room_of(const Graph& graph, const Arc& arc, const BorderRoom& borders) {
    const bool climbs = arc.from < graph.down(0);
    return climbs ? borders.room_up(arc.from - graph.up(0))
                  : borders.room_down(arc.to - graph.down(0));
  }

  static void take(Curve& curve, std::int64_t energy) {
    std::size_t done = 0;
    for (; energy > 0; ++done) {
      const std::int64_t part = std::min(energy, curve[done].energy);
      curve[done].energy -= part;
      energy -= part;
      if (curve[done].energy > 0) break;
    }
    curve.erase(curve.begin(), curve.begin() + static_cast<std::ptrdiff_t>(done));
  }

  std::vector<Queue> queues(ClassedSide& side, const std::vector<std::int64_t>& energies) {
    std::vector<Queue> result;
    for (std::size_t i = 0; i < energies.size(); ++i) {
      result.emplace_back(book_, side.members[i], side.curves[i], energies[i]);
    }
    return result;
  }

  void pair(const std::vector<ClassTrade>& trades, Clearing& clearing) {
    std::vector<std::int64_t> sold(classes_.sells.size());
    std::vector<std::int64_t> bought(classes_.buys.size());
    for (const ClassTrade& trade : trades) {
      sold[trade.sell] += trade.energy;
      bought[trade.buy] += trade.energy;
    }
    auto sells = queues(sells_, sold);
    auto buys = queues(buys_, bought);
    for (const ClassTrade& trade : trades) {
      const OrderClass& sell = classes_.sells[trade.sell];
      const OrderClass& buy = classes_.buys[trade.buy];
      const PairCost cost = pair_cost(network_, sell.zone, buy.zone);
      const auto price = Price::from_nano(trade.sell_price - premiums_.of_seller(sell, buy));
      for (std::int64_t left = trade.energy; left > 0;) {
        Trade one{
            buys[trade.buy].order(), sells[trade.sell].order(), {}, price, cost.fees, cost.losses};
        const std::int64_t energy =
            std::min({left, buys[trade.buy].left(), sells[trade.sell].left()});
        one.energy = Energy::from_nano(energy);
        buys[trade.buy].take(energy);
        sells[trade.sell].take(energy);
        left -= energy;
        clearing.trades.push_back(one);
      }
    }
  }

  const Book& book_;
  const Network& network_;
  PartnerPremiums premiums_;
  OrderClasses classes_;
  ClassedSide buys_;
  ClassedSide sells_;
  Budget budget_;
};

/// pay_as_clear, in which orders with restrictions stay out where there are too many of them.
Result<Clearing> fall_back(const Book& book, const Network& network) {
  auto clearing = clear_auction(book, network, pay_as_clear, true);
  if (clearing || clearing.error().code() != MarketError::too_large) return clearing;
  Book free = book;
  free.orders.clear();
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < book.orders.size(); ++i) {
    const Order& order = book.orders[i];
    if (order.only_green || !order.partners.empty()) continue;
    free.orders.push_back(order);
    positions.push_back(i);
  }
  clearing = clear_auction(free, network, pay_as_clear, true);
  if (!clearing) return clearing;
  for (Trade& trade : clearing->trades) {
    trade.buy = positions[trade.buy];
    trade.sell = positions[trade.sell];
  }
  count_trades(energies_of(book), *clearing);
  return clearing;
}

}  // namespace

Result<Clearing> clear_optimal(const Book& book, const Network& network) {
  const auto sides = survey(book);
  if (!sides) return sides.error();
  if (auto clearing = Optimum(book, network).run(*sides)) return *std::move(clearing);
  auto clearing = fall_back(book, network);
  if (clearing) clearing->fell_back = true;
  return clearing;
}

}  // namespace powershare::market
