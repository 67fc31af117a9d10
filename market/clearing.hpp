// The one interface of all clearing rules: book in, trades out. Pure, integers only, O(n log n).
//
// All rules of this room match the same quantities and pairs, and differ in the price of a pair:
//  1. Volume: the largest at which the marginal bid is not below the marginal offer, so the total
//     surplus is the optimum.
//  2. Price P of the unrestricted book: the middle of the interval of prices that support this
//  volume,
//     rounded half to even.
//  3. Within a side: better price first; at one price explicit orders by accepted time, then id,
//  before
//     standing orders; the standing orders of one price share pro rata by energy, rounded down, and
//     the remaining nano-units go one each in the order of their tie keys (DECISIONS 40).
//  4. Pairs: both sides in that order, merged; at most buys + sells - 1 pairs of unrestricted
//  orders.
//  5. Nobody trades with itself: a pair of one participant exchanges partners with other pairs.
//  Where
//     one participant holds so much of both sides that this is impossible, the volume is the
//     largest that is possible.
//  6. With restrictions (partners, only_green): a maximum flow over the compatible pairs of orders
//  whose
//     limits hold at P (DECISIONS 41), within a budget of work; the rest stays unmatched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/book.hpp"
#include "market/error.hpp"

namespace powershare::market {

/// One pair of orders; the buyer pays and the seller gets price × energy.
struct Trade {
  std::uint32_t buy = 0;   ///< position in Book::orders
  std::uint32_t sell = 0;  ///< position in Book::orders
  Energy energy;           ///< > 0
  Price price;
  friend bool operator==(const Trade&, const Trade&) = default;
};

struct Clearing {
  std::string rule;
  std::vector<Trade> trades;
  std::vector<Energy> unmatched;  ///< what is left of each order of the book, by position
  Energy volume;                  ///< sum over the trades
  std::optional<Price>
      clearing_price;  ///< none without trades, or where each pair has its own price
};

/// Clears `book` by the rule of that name: "pay_as_clear" (P for all), "pay_as_bid" (the buyer's
/// limit), "mid_market" (mean of the pair's limits, after Quartierstrom), "thesis" (the seller's
/// limit, cheapest seller first). Nobody pays more than the bid or gets less than the offer.
/// MarketError.
Result<Clearing> clear(std::string_view rule, const Book& book);

/// True for the four names above.
bool is_rule(std::string_view rule);
std::vector<std::string_view> rule_names();

}  // namespace powershare::market
