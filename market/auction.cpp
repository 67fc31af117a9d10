// The auctions: one matching, a price for each pair.
#include <utility>

#include "base/assert.hpp"
#include "market/matching.hpp"
#include "market/pair_costs.hpp"
#include "market/rules.hpp"

namespace powershare::market {

Result<Clearing> clear_auction(const Book& book, const Network& network, PairPrice pair_price,
                               bool uniform) {
  const PairCosts costs(book, network);
  auto matching = match(book, costs);
  if (!matching) return matching.error();

  Clearing clearing;
  clearing.trades.reserve(matching->pairs.size());
  BorderRoom borders(network);
  for (const Pair& pair : matching->pairs) {
    const Order& buy = book.orders[pair.buy];
    const Order& sell = book.orders[pair.sell];
    std::int64_t energy = pair.energy_nano;
    if (borders.limited()) {
      energy = borders.take(zone_of(network, sell.participant), zone_of(network, buy.participant),
                            energy);
      if (energy == 0) continue;
    }
    Trade trade{pair.buy, pair.sell, Energy::from_nano(energy), *matching->price, {}, {}};
    if (!uniform || !costs.none()) {
      const PairCost& cost = costs.between(sell.participant, buy.participant);
      trade.fees = cost.fees;
      trade.losses = cost.losses;
      const auto bid = Price::from_nano(buy.limit.nano() - cost.fees.nano() - cost.losses.nano());
      trade.price = pair_price(bid, sell.limit, *matching->price);
      PS_ASSERT(trade.price <= bid && trade.price >= sell.limit);
    }
    clearing.trades.push_back(trade);
  }
  count_trades(std::move(matching->energies), clearing);
  if (uniform && !clearing.trades.empty()) clearing.clearing_price = matching->price;
  return clearing;
}

}  // namespace powershare::market
