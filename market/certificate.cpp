#include "market/certificate.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "market/graph.hpp"
#include "market/matching.hpp"
#include "market/rules.hpp"
#include "market/transport.hpp"

namespace powershare::market {
namespace {

Error wrong(std::string detail) {
  return {MarketError::bad_certificate, std::move(detail)};
}

/// Looks at trades and prices of a clearing; what it sums up does not come from the clearing.
class Check {
 public:
  Check(const Book& book, const Network& network, const OrderClasses& classes,
        const PartnerPremiums& premiums, const Clearing& clearing)
      : book_(book),
        network_(network),
        classes_(classes),
        premiums_(premiums),
        clearing_(clearing),
        costs_(book, network),
        borders_(network) {}

  /// Limits, traits, energies, fees and borders of the trades; their surplus.
  Result<void> trades() {
    std::vector<std::int64_t> left;
    left.reserve(book_.orders.size());
    for (const Order& order : book_.orders) left.push_back(order.energy.nano());
    for (const Trade& trade : clearing_.trades) {
      if (trade.buy >= left.size() || trade.sell >= left.size() ||
          book_.orders[trade.buy].side != Side::buy ||
          book_.orders[trade.sell].side != Side::sell) {
        return wrong("a trade is not between a bid and an offer of the book");
      }
      if (auto held = look_at(trade); !held) return held;
      for (const std::uint32_t order : {trade.buy, trade.sell}) {
        if (trade.energy.nano() > left[order]) return wrong("more is traded than an order has");
        left[order] -= trade.energy.nano();
      }
    }
    return {};
  }

  /// Prices at which no way is worth more than it costs; what orders and borders gain by them.
  Result<void> prices(const Graph& graph) {
    const auto& prices = clearing_.certificate->prices;
    if (prices.size() != graph.nodes()) return wrong("not one price for each node");
    const auto outside = [](Price price) {
      return price.nano() > 4 * max_transport_price || price.nano() < -4 * max_transport_price;
    };
    if (!prices[0].is_zero() || std::any_of(prices.begin(), prices.end(), outside)) {
      return wrong("a price is out of range");
    }
    for (const Arc& arc : graph.arcs) {
      const std::int64_t gain = prices[arc.to].nano() - prices[arc.from].nano() - arc.cost;
      if (gain <= 0) continue;
      if (arc.capacity == unlimited) return wrong("a way between two classes is worth using");
      bound_ += static_cast<Surplus>(gain) * arc.capacity;
    }
    for (std::size_t i = 0; i < book_.orders.size(); ++i) {
      const Order& order = book_.orders[i];
      const std::uint32_t of = classes_.of_order[i];
      const bool buys = order.side == Side::buy;
      const std::int64_t price = prices[buys ? graph.buy(of) : graph.sell(of)].nano();
      const std::int64_t gain = buys ? order.limit.nano() - price : price - order.limit.nano();
      if (gain > 0) bound_ += static_cast<Surplus>(gain) * order.energy.nano();
    }
    return {};
  }

  Surplus surplus() const { return surplus_; }
  Surplus bound() const { return bound_; }

 private:
  Result<void> look_at(const Trade& trade) {
    const Order& buy = book_.orders[trade.buy];
    const Order& sell = book_.orders[trade.sell];
    if (!trade.energy.is_positive()) return wrong("a trade without energy");
    if (!compatible(buy, sell)) return wrong("a trade between orders that may not meet");
    const ZoneIndex from = zone_of(network_, sell.participant);
    const ZoneIndex to = zone_of(network_, buy.participant);
    const PairCost& cost = costs_.between(sell.participant, buy.participant);
    if (trade.fees != cost.fees || trade.losses != cost.losses) {
      return wrong("fees or losses of a trade are not those of its way");
    }
    const OrderClass& buyers = classes_.buys[classes_.of_order[trade.buy]];
    const OrderClass& sellers = classes_.sells[classes_.of_order[trade.sell]];
    const std::int64_t most = buy.limit.nano() + premiums_.of_buyer(buyers, sellers);
    const std::int64_t least = sell.limit.nano() - premiums_.of_seller(sellers, buyers);
    if (trade.price.nano() < least || all_in(trade).nano() > most) {
      return wrong("a trade outside of a limit");
    }
    if (borders_.take(from, to, trade.energy.nano()) != trade.energy.nano()) {
      return wrong("more is traded over a border than it lets through");
    }
    surplus_ += static_cast<Surplus>(trade.energy.nano()) *
                (most - least - cost.fees.nano() - cost.losses.nano());
    return {};
  }

  const Book& book_;
  const Network& network_;
  const OrderClasses& classes_;
  const PartnerPremiums& premiums_;
  const Clearing& clearing_;
  PairCosts costs_;
  BorderRoom borders_;
  Surplus surplus_ = 0;
  Surplus bound_ = 0;
};

Result<void> check_inputs(const Book& book, const Network& network) {
  if (auto checked = check_network(network, book.participants.size()); !checked) return checked;
  if (auto sides = survey(book); !sides) return sides.error();
  return {};
}

}  // namespace

std::string to_text(Surplus surplus) {
  const bool negative = surplus < 0;
  __extension__ using Magnitude = unsigned __int128;
  Magnitude rest = negative ? -static_cast<Magnitude>(surplus) : static_cast<Magnitude>(surplus);
  std::string digits;
  for (; rest != 0 || digits.size() < 19; rest /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  std::reverse(digits.begin(), digits.end());
  digits.insert(digits.size() - 18, ".");
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return (negative ? "-" : "") + digits;
}

void certify(const Book& book, const Network& network, const OrderClasses& classes,
             const PartnerPremiums& premiums, const Graph& graph, Clearing& clearing) {
  Check check(book, network, classes, premiums, clearing);
  const auto trades = check.trades();
  PS_ASSERT(trades.ok());
  const auto prices = check.prices(graph);
  PS_ASSERT(prices.ok());
  clearing.certificate->surplus = check.surplus();
  clearing.certificate->bound = check.bound();
  PS_ASSERT(clearing.certificate->gap() >= 0);
}

Result<void> check_certificate(const Book& book, const Network& network, const Clearing& clearing) {
  if (!clearing.certificate) return wrong("there is no certificate");
  if (auto inputs = check_inputs(book, network); !inputs) return inputs;
  const OrderClasses classes = classify(book, network);
  const PartnerPremiums premiums(network);
  const auto graph = make_graph(classes, premiums, network);
  if (!graph) return wrong("a book that has too many pairs for a certificate");
  Check check(book, network, classes, premiums, clearing);
  if (auto trades = check.trades(); !trades) return trades;
  if (auto prices = check.prices(*graph); !prices) return prices;
  if (check.surplus() != clearing.certificate->surplus) return wrong("the surplus is another one");
  if (check.bound() != clearing.certificate->bound) return wrong("the bound is another one");
  return {};
}

}  // namespace powershare::market
