#include "ledger/slot_trades.hpp"

#include <algorithm>

namespace powershare::ledger {
namespace {

/// What one trade brings beside energy.
struct TradeMoney {
  Coins amount;  ///< the seller's
  std::vector<LevelFee> fees;
  Coins losses;
  Energy lost;
};

/// All of it comes from market::charges(), but where the rule has a fee of its own (nrgcoin): that
/// is the operator's, instead of fees and losses.
Result<TradeMoney> money_of(const market::Network& network, const market::Trade& trade,
                            market::ZoneIndex from, market::ZoneIndex to) {
  const market::PairCost cost = market::pair_cost(network, from, to);
  const bool by_rule = trade.fees != cost.fees || trade.losses != cost.losses;
  auto charged = by_rule ? market::charges({}, 0, 0, trade.energy, trade.price)
                         : market::charges(network, from, to, trade.energy, trade.price);
  if (!charged) return charged.error();
  TradeMoney money{charged->seller_gets, {}, charged->losses, charged->lost};
  for (const auto& fee : charged->fees) {
    money.fees.push_back({network.zones[fee.zone].id, fee.amount});
  }
  if (by_rule) {
    const auto fee = multiply_divide_floor(trade.fees.nano(), trade.energy.nano(), nano_per_unit);
    if (!fee) return fee.error();
    money.fees.push_back({"operator", Coins::from_nano(*fee)});
  }
  return money;
}

}  // namespace

Result<market::Clearing> clear_book(const std::string& rule, market::Book& book,
                                    const market::Network& network) {
  auto clearing = market::clear(rule, book, network);
  if (clearing || clearing.error().code() != MarketError::too_large) return clearing;
  std::erase_if(book.orders, [](const market::Order& order) {
    return order.only_green || !order.partners.empty();
  });
  return market::clear(rule, book, network);
}

Result<std::vector<BookTrade>> trades_of(const market::Network& network, const market::Book& book,
                                         const market::Clearing& clearing,
                                         const std::vector<Terms>& terms) {
  std::vector<BookTrade> result;
  for (const market::Trade& trade : clearing.trades) {
    const market::Order& bid = book.orders[trade.buy];
    const market::Order& offer = book.orders[trade.sell];
    auto money = money_of(network, trade, market::zone_of(network, offer.participant),
                          market::zone_of(network, bid.participant));
    if (!money) return money.error();
    SettledTrade settled{terms[bid.participant].participant,
                         terms[offer.participant].participant,
                         trade.energy,
                         trade.price,
                         money->amount,
                         Venue::local,
                         !bid.standing,
                         !offer.standing,
                         std::move(money->fees),
                         money->losses,
                         money->lost};
    result.push_back({std::move(settled), trade.buy, trade.sell});
  }
  return result;
}

}  // namespace powershare::ledger
