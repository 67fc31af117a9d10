// What each rule is made of; one file per rule. Inside room market only.
#pragma once

#include "market/clearing.hpp"

namespace powershare::market {

/// The middle of two prices, rounded half to even; never overflows.
Price middle(Price low, Price high);

/// The price that an auction gives a pair. `bid` is net of the path between them;
/// `bid >= clearing_price >= offer` holds for all of them.
using PairPrice = Price (*)(Price bid, Price offer, Price clearing_price);

Price pay_as_clear(Price bid, Price offer, Price clearing_price);
Price pay_as_bid(Price bid, Price offer, Price clearing_price);
Price mid_market(Price bid, Price offer, Price clearing_price);
Price thesis(Price bid, Price offer, Price clearing_price);

/// An auction with that price for its pairs; `uniform`: the same for all.
Result<Clearing> clear_auction(const Book& book, const Network& network, PairPrice price,
                               bool uniform);

Result<Clearing> clear_optimal(const Book& book, const Network& network);
struct Graph;
struct OrderClasses;
class PartnerPremiums;
/// Sums up what the trades and the certificate's prices come to, and asserts that they hold.
void certify(const Book& book, const Network& network, const OrderClasses& classes,
             const PartnerPremiums& premiums, const Graph& graph, Clearing& clearing);

Result<Clearing> clear_french_static(const Book& book, const Network& network);
Result<Clearing> clear_french_dynamic(const Book& book, const Network& network);
Result<Clearing> clear_french_full_dynamic(const Book& book, const Network& network);
Result<Clearing> clear_flemish_fixed(const Book& book, const Network& network);
Result<Clearing> clear_flemish_relative(const Book& book, const Network& network);
Result<Clearing> clear_flemish_optimal(const Book& book, const Network& network);
Result<Clearing> clear_nrgcoin(const Book& book, const Network& network);

/// Takes the trades out of the `energies` of the book's orders, and sums them up.
void count_trades(std::vector<Energy> energies, Clearing& clearing);
std::vector<Energy> energies_of(const Book& book);

}  // namespace powershare::market
