#include "market/transport.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "base/assert.hpp"

namespace powershare::market {
namespace {

constexpr std::int64_t infinite = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::uint32_t outside = 0;

/// How much of a class is traded, and what the next and the last kWh cost. Costs count twice, and a
/// bid is worth one more than that, so that of two flows of equal cost the larger one is better.
class Fill {
 public:
  Fill(const Curve& curve, bool buys) : curve_(&curve), bonus_(buys ? 1 : 0) {}

  bool has_next() const { return at_ < curve_->size(); }
  std::int64_t next_cost() const { return cost(at_); }
  std::int64_t next_room() const { return (*curve_)[at_].energy - used_; }
  bool has_last() const { return at_ > 0 || used_ > 0; }
  std::int64_t last_cost() const { return cost(used_ > 0 ? at_ : at_ - 1); }
  std::int64_t last_room() const { return used_ > 0 ? used_ : (*curve_)[at_ - 1].energy; }
  std::int64_t cost(std::size_t step) const { return 2 * (*curve_)[step].limit - bonus_; }

  /// All steps that cost less; gives their energy.
  std::int64_t take_below(std::int64_t limit) {
    std::int64_t energy = 0;
    for (; has_next() && next_cost() < limit; ++at_) energy += (*curve_)[at_].energy;
    return energy;
  }
  /// At most next_room(), or if negative last_room().
  void move(std::int64_t energy) {
    if (energy < 0 && used_ == 0) used_ = (*curve_)[--at_].energy;
    used_ += energy;
    if (has_next() && used_ == (*curve_)[at_].energy) {
      ++at_;
      used_ = 0;
    }
  }

 private:
  const Curve* curve_;
  std::int64_t bonus_;
  std::size_t at_ = 0;     ///< the step that comes next
  std::int64_t used_ = 0;  ///< of it, less than all
};

class Transport {
 public:
  Transport(const Graph& graph, const Curves& curves, Budget& budget)
      : graph_(graph),
        budget_(budget),
        flow_(graph.arcs.size()),
        price_(graph.nodes()),
        excess_(graph.nodes()) {
    for (const Curve& curve : curves.sells) fills_.emplace_back(curve, false);
    for (const Curve& curve : curves.buys) fills_.emplace_back(curve, true);
    link();
  }

  std::optional<Flow> run(std::int64_t start_price) {
    start(start_price);
    while (find_path()) augment();
    if (budget_.steps == 0) return std::nullopt;
    Flow result;
    result.energy = std::move(flow_);
    flow_ = result.energy;
    result.prices = middle_prices();
    if (budget_.steps == 0) return std::nullopt;
    return result;
  }

 private:
  struct Way {
    std::uint32_t from = 0;
    std::uint32_t arc = no_arc;  ///< or between a class and outside
    bool forward = true;
  };
  static constexpr std::uint32_t no_arc = std::numeric_limits<std::uint32_t>::max();

  /// Which arcs leave and enter each node.
  void link() {
    first_.assign(graph_.nodes() + 1, 0);
    for (const Arc& arc : graph_.arcs) {
      ++first_[arc.from + 1];
      ++first_[arc.to + 1];
    }
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    links_.resize(2 * graph_.arcs.size());
    auto next = first_;
    for (std::uint32_t arc = 0; arc < graph_.arcs.size(); ++arc) {
      links_[next[graph_.arcs[arc].from]++] = arc;
      links_[next[graph_.arcs[arc].to]++] = arc;
    }
  }

  Fill& fill(std::uint32_t node) { return fills_[node - 1]; }
  bool is_class(std::uint32_t node) const { return node >= 1 && node <= fills_.size(); }

  /// Sellers get `start_price` everywhere, buyers pay the cheapest way to them: at these prices no
  /// arc is worth using that has room, and each class trades what it gains by.
  void start(std::int64_t start_price) {
    for (std::uint32_t node = 1; node < graph_.nodes(); ++node) {
      price_[node] = graph_.is_sell(node) ? start_price : infinite;
    }
    for (const Arc& arc : graph_.arcs) {
      price_[arc.to] = std::min(price_[arc.to], price_[arc.from] + 2 * arc.cost);
    }
    std::vector<bool> connected(graph_.nodes());
    for (const Arc& arc : graph_.arcs) connected[arc.from] = true;
    for (std::uint32_t node = 1; node < graph_.nodes(); ++node) {
      if (!is_class(node)) continue;
      const bool sells = graph_.is_sell(node);
      if (!fill(node).has_next()) continue;
      // Who cannot reach anybody keeps a price at which it wants nothing.
      if (sells && !connected[node]) price_[node] = fill(node).next_cost();
      if (!sells && price_[node] >= infinite / 2) price_[node] = -fill(node).next_cost();
      const std::int64_t energy = fill(node).take_below(sells ? price_[node] : -price_[node]);
      excess_[node] = sells ? energy : -energy;
      excess_[outside] += sells ? -energy : energy;
    }
    // Zones that nothing reaches: any price does that is not below those they lead to.
    std::int64_t highest = start_price;
    for (const std::int64_t price : price_) {
      if (price < infinite / 2) highest = std::max(highest, price);
    }
    for (std::int64_t& price : price_) {
      if (price >= infinite / 2) price = highest;
    }
  }

  bool spend() {
    if (budget_.steps == 0) return false;
    --budget_.steps;
    return true;
  }

  /// Calls look(other, cost, way) for all that can carry more out of `node`.
  template <class Look>
  void for_each_way_out(std::uint32_t node, Look look) {
    if (node == outside) {
      for (std::uint32_t other = 1; other <= fills_.size(); ++other) {
        Fill& one = fill(other);
        if (graph_.is_sell(other)) {
          if (one.has_next()) look(other, one.next_cost(), Way{node, no_arc, true});
        } else if (one.has_last()) {
          look(other, -one.last_cost(), Way{node, no_arc, false});
        }
      }
      return;
    }
    if (is_class(node)) {
      Fill& one = fill(node);
      if (graph_.is_buy(node)) {
        if (one.has_next()) look(outside, one.next_cost(), Way{node, no_arc, true});
      } else if (one.has_last()) {
        look(outside, -one.last_cost(), Way{node, no_arc, false});
      }
    }
    for (std::uint32_t i = first_[node]; i < first_[node + 1]; ++i) {
      const std::uint32_t at = links_[i];
      const Arc& arc = graph_.arcs[at];
      if (arc.from == node) {
        if (flow_[at] < arc.capacity) look(arc.to, 2 * arc.cost, Way{node, at, true});
      } else if (flow_[at] > 0) {
        look(arc.from, -2 * arc.cost, Way{node, at, false});
      }
    }
  }

  using Entry = std::pair<std::int64_t, std::uint32_t>;
  using Queue = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;

  /// The cheapest way from anything with too much to anything with too little; prices follow, so
  /// that its arcs cost nothing.
  bool find_path() {
    budget_.steps -= std::min<std::size_t>(budget_.steps, graph_.nodes());
    distance_.assign(graph_.nodes(), infinite);
    way_.assign(graph_.nodes(), Way{});
    Queue queue;
    for (std::uint32_t node = 0; node < graph_.nodes(); ++node) {
      if (excess_[node] <= 0) continue;
      distance_[node] = 0;
      queue.push({0, node});
    }
    std::vector<std::uint32_t> done;
    while (!queue.empty()) {
      const std::int64_t distance = queue.top().first;
      const std::uint32_t node = queue.top().second;
      queue.pop();
      if (distance > distance_[node]) continue;
      if (excess_[node] < 0) {
        end_ = node;
        for (const std::uint32_t passed : done) price_[passed] += distance_[passed] - distance;
        return budget_.steps > 0;
      }
      done.push_back(node);
      for_each_way_out(node, [&](std::uint32_t other, std::int64_t cost, const Way& way) {
        if (!spend()) return;
        const std::int64_t reduced = cost + price_[node] - price_[other];
        PS_ASSERT(reduced >= 0);
        if (distance + reduced >= distance_[other]) return;
        distance_[other] = distance + reduced;
        way_[other] = way;
        queue.push({distance_[other], other});
      });
    }
    // What is too much here is too little elsewhere, and could go back.
    PS_ASSERT(done.empty() || budget_.steps == 0);
    return false;
  }

  std::int64_t room(std::uint32_t node, const Way& way) {
    if (way.arc != no_arc) {
      const std::int64_t flow = flow_[way.arc];
      if (!way.forward) return flow;
      const std::int64_t capacity = graph_.arcs[way.arc].capacity;
      return capacity == unlimited ? unlimited : capacity - flow;
    }
    Fill& one = fill(node == outside ? way.from : node);
    return way.forward ? one.next_room() : one.last_room();
  }

  void augment() {
    std::int64_t energy = -excess_[end_];
    std::uint32_t node = end_;
    for (; excess_[node] <= 0; node = way_[node].from) {
      energy = std::min(energy, room(node, way_[node]));
    }
    energy = std::min(energy, excess_[node]);
    PS_ASSERT(energy > 0);
    const std::uint32_t source = node;
    for (node = end_; node != source;) {
      const Way way = way_[node];
      if (way.arc != no_arc) {
        flow_[way.arc] += way.forward ? energy : -energy;
      } else {
        fill(node == outside ? way.from : node).move(way.forward ? energy : -energy);
      }
      node = way.from;
    }
    excess_[source] -= energy;
    excess_[end_] += energy;
  }

  /// Distances from outside, or to it, at real costs less the differences of `potential`;
  /// `infinite` where there is no way.
  std::vector<std::int64_t> distances(const std::vector<std::int64_t>& potential,
                                      bool from_outside) {
    std::vector<std::int64_t> result(graph_.nodes(), infinite);
    Queue queue;
    result[outside] = 0;
    queue.push({0, outside});
    while (!queue.empty()) {
      const std::int64_t distance = queue.top().first;
      const std::uint32_t node = queue.top().second;
      queue.pop();
      if (distance > result[node]) continue;
      const auto look = [&](std::uint32_t other, std::int64_t cost) {
        if (!spend()) return;
        const std::int64_t reduced = from_outside ? cost + potential[node] - potential[other]
                                                  : cost + potential[other] - potential[node];
        PS_ASSERT(reduced >= 0);
        if (distance + reduced >= result[other]) return;
        result[other] = distance + reduced;
        queue.push({result[other], other});
      };
      for_each_real_way(node, from_outside, look);
    }
    return result;
  }

  /// As for_each_way_out, at real costs; with `out` false the ways into `node`.
  template <class Look>
  void for_each_real_way(std::uint32_t node, bool out, Look look) {
    const auto visit_class = [&](std::uint32_t one, std::uint32_t other) {
      Fill& its = fill(one);
      const bool sells = graph_.is_sell(one);
      // A seller's next kWh comes from outside, a buyer's goes there; the last ones go back.
      const bool from_outside = (node == outside) == out;
      const bool next = sells == from_outside;
      if (next && its.has_next()) look(other, (its.next_cost() + (sells ? 0 : 1)) / 2);
      if (!next && its.has_last()) look(other, -((its.last_cost() + (sells ? 0 : 1)) / 2));
    };
    if (node == outside) {
      for (std::uint32_t other = 1; other <= fills_.size(); ++other) visit_class(other, other);
      return;
    }
    if (is_class(node)) visit_class(node, outside);
    for (std::uint32_t i = first_[node]; i < first_[node + 1]; ++i) {
      const std::uint32_t at = links_[i];
      const Arc& arc = graph_.arcs[at];
      const bool leaves = arc.from == node;
      const std::uint32_t other = leaves ? arc.to : arc.from;
      if (leaves == out) {
        if (flow_[at] < arc.capacity) look(other, arc.cost);
      } else if (flow_[at] > 0) {
        look(other, -arc.cost);
      }
    }
  }

  /// Half the doubled prices, rounded down, prove the flow at real costs; so do all between the
  /// lowest and the highest such prices, which are distances to and from outside. A node that no
  /// trade ties to the others on one side moves away from them just as far as they have moved.
  std::vector<std::int64_t> middle_prices() {
    std::vector<std::int64_t> prices(graph_.nodes());
    for (std::uint32_t node = 0; node < graph_.nodes(); ++node) {
      prices[node] = (price_[node] - price_[outside]) >> 1;
    }
    const auto above = distances(prices, true);
    const auto below = distances(prices, false);
    std::int64_t up = 0;
    std::int64_t down = 0;
    std::vector<std::int64_t> shift(graph_.nodes());
    for (std::uint32_t node = 1; node < graph_.nodes(); ++node) {
      if (above[node] == infinite || below[node] == infinite) continue;
      shift[node] = (above[node] - below[node]) >> 1;
      up = std::max(up, shift[node]);
      down = std::min(down, shift[node]);
    }
    for (std::uint32_t node = 1; node < graph_.nodes(); ++node) {
      if (above[node] == infinite) {
        shift[node] = up;
      } else if (below[node] == infinite) {
        shift[node] = down;
      }
      prices[node] += shift[node];
    }
    return prices;
  }

  const Graph& graph_;
  Budget& budget_;
  std::vector<Fill> fills_;  ///< by node, from 1 on
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> links_;
  std::vector<std::int64_t> flow_;
  std::vector<std::int64_t> price_;
  std::vector<std::int64_t> excess_;
  std::vector<std::int64_t> distance_;
  std::vector<Way> way_;
  std::uint32_t end_ = 0;
};

bool in_range(const Graph& graph, const Curves& curves) {
  const auto fits = [](std::int64_t price) {
    return price <= max_transport_price && price >= -max_transport_price;
  };
  const auto curve_fits = [&](const Curve& curve) {
    return curve.empty() || (fits(curve.front().limit) && fits(curve.back().limit));
  };
  return graph.nodes() <= (1U << 15) &&
         std::all_of(graph.arcs.begin(), graph.arcs.end(),
                     [&](const Arc& arc) { return fits(arc.cost); }) &&
         std::all_of(curves.sells.begin(), curves.sells.end(), curve_fits) &&
         std::all_of(curves.buys.begin(), curves.buys.end(), curve_fits);
}

/// Energy of the steps that cost less than a limit, quickly.
class Supply {
 public:
  explicit Supply(const Curve& curve) : curve_(curve), sums_{0} {
    for (const Step& step : curve) sums_.push_back(sums_.back() + step.energy);
  }
  std::int64_t below(std::int64_t limit) const {
    const auto end = std::partition_point(curve_.begin(), curve_.end(),
                                          [limit](const Step& step) { return step.limit < limit; });
    return sums_[static_cast<std::size_t>(end - curve_.begin())];
  }

 private:
  const Curve& curve_;
  std::vector<std::int64_t> sums_;
};

/// The lowest price at which so much is offered as buyers want who pay the cheapest way besides.
std::int64_t start_price(const Graph& graph, const Curves& curves) {
  std::vector<std::int64_t> way(graph.nodes(), infinite);
  for (std::uint32_t node = 1; node <= graph.sells; ++node) way[node] = 0;
  for (const Arc& arc : graph.arcs) way[arc.to] = std::min(way[arc.to], way[arc.from] + arc.cost);
  std::vector<Supply> sells(curves.sells.begin(), curves.sells.end());
  std::vector<Supply> buys(curves.buys.begin(), curves.buys.end());
  std::int64_t low = -2 * max_transport_price;
  std::int64_t high = 2 * max_transport_price;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    std::int64_t balance = 0;
    for (const Supply& sell : sells) balance += sell.below(middle + 1);
    for (std::uint32_t b = 0; b < buys.size(); ++b) {
      const std::int64_t path = way[graph.buy(b)];
      if (path < infinite / 2) balance -= buys[b].below(-(middle + path));
    }
    balance >= 0 ? high = middle : low = middle + 1;
  }
  return low;
}

}  // namespace

std::optional<Flow> transport(const Graph& graph, const Curves& curves, Budget& budget) {
  if (!in_range(graph, curves)) return std::nullopt;
  const std::int64_t start = start_price(graph, curves);
  return Transport(graph, curves, budget).run(2 * start);
}

}  // namespace powershare::market
