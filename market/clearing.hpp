// The one interface of all clearing rules: book and network in, trades out. Pure, integers only.
//
// The auctions (pay_as_clear, pay_as_bid, mid_market, thesis) match the same quantities and pairs,
// O(n log n), and differ in the price of a pair:
//  1. Volume: the largest at which the marginal bid is not below the marginal offer, so the total
//     surplus is the optimum.
//  2. Price P of the unrestricted book: the middle of the interval of prices that support this
//     volume, rounded half to even. Bids count net of the cheapest path from any zone that offers.
//  3. Within a side: better price first; at one price explicit orders by accepted time, then id,
//     before standing orders; the standing orders of one price share pro rata by energy, rounded
//     down, and the remaining nano-units go one each in the order of their tie keys (DECISIONS 40).
//  4. Pairs: both sides in that order, merged; at most buys + sells - 1 pairs of unrestricted
//     orders.
//  5. Nobody trades with itself: a pair of one participant exchanges partners with other pairs.
//     Where one participant holds so much of both sides that this is impossible, the volume is the
//     largest that is possible.
//  6. With restrictions (partners, only_green, paths that cost a zone's bids differently): a
//     maximum flow over the compatible pairs of orders whose limits hold at P (DECISIONS 41),
//     within a budget of work; the rest stays unmatched. Where different paths alone make too many
//     pairs, bids count net of the dearest path instead.
//  7. Trades that no longer fit over a border are cut, in their order.
//
// `optimal` maximises the surplus over all of that at once (market/optimal.hpp); the allocation
// keys and nrgcoin share by formula (market/keys.hpp, market/nrgcoin.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/book.hpp"
#include "market/certificate.hpp"
#include "market/error.hpp"
#include "market/network.hpp"

namespace powershare::market {

/// One pair of orders. The seller gets price × energy; the buyer pays fees and losses on top of it
/// (market/network.hpp: charges()).
struct Trade {
  std::uint32_t buy = 0;   ///< position in Book::orders
  std::uint32_t sell = 0;  ///< position in Book::orders
  Energy energy;           ///< > 0
  Price price;             ///< what the seller gets
  Price fees;              ///< >= 0, per kWh; rule nrgcoin: what the operator keeps
  Price losses;            ///< >= 0, per kWh
  friend bool operator==(const Trade&, const Trade&) = default;
};

/// What the buyer pays for a kWh.
Price all_in(const Trade& trade);

struct Clearing {
  std::string rule;
  std::vector<Trade> trades;
  std::vector<Energy> unmatched;  ///< what is left of each order of the book, by position
  Energy volume;                  ///< sum over the trades
  /// What every seller gets; none without trades, or where each pair has its own price.
  std::optional<Price> clearing_price;
  std::optional<Certificate> certificate;  ///< rule optimal, unless it fell back
  bool fell_back = false;  ///< rule optimal: too much work, cleared by pay_as_clear instead
};

/// Clears `book` by the rule of that name: "pay_as_clear" (P for all), "pay_as_bid" (the buyer's
/// limit), "mid_market" (mean of the pair's limits, after Quartierstrom), "thesis" (the seller's
/// limit, cheapest seller first), "optimal", "french_static", "french_dynamic",
/// "french_dynamic_simple", "french_full_dynamic", "flemish_fixed", "flemish_relative",
/// "flemish_optimal", "nrgcoin". Nobody pays more than the bid, all-in, or gets less than the
/// offer. MarketError.
Result<Clearing> clear(std::string_view rule, const Book& book, const Network& network = {});

/// True for the names above.
bool is_rule(std::string_view rule);
std::vector<std::string_view> rule_names();
/// "pay_as_clear, pay_as_bid, …", for messages.
std::string rule_list();

}  // namespace powershare::market
