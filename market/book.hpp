// The book of one slot: all orders that are cleared together, and what the rules besides the
// auctions need to know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "market/order.hpp"

namespace powershare::market {

/// The utility's prices in the slot.
struct Tariff {
  Price buy;      ///< what it takes for a kWh
  Price feed_in;  ///< what it pays for one
};

/// What an allocation key goes by (market/keys.hpp).
struct Sharing {
  /// A producer's share for one consumer, of the producer's own energy.
  struct PairShare {
    ParticipantIndex producer = 0;
    ParticipantIndex consumer = 0;
    std::int64_t share_nano = 0;  ///< 0 … 1e9
  };
  /// Each participant's share of what is produced, 1e9 is all of it, at most 1e9 together; by
  /// position in Book::participants. Empty: all that buy have the same share.
  std::vector<std::int64_t> shares_nano;
  std::vector<PairShare> pair_shares;  ///< french_full_dynamic; at most 1e9 for one producer
  std::optional<Price> price;          ///< of shared energy; none: the book's price P
};

/// Parameters of rule `nrgcoin` (market/nrgcoin.hpp). Rates of 0 stand for the tariff's.
struct NrgCoin {
  Price top_rate;                                     ///< q: paid when as much is fed in as drawn
  Price rate;                                         ///< r: charged when nothing is fed in
  std::int64_t tolerance_nano = 100 * nano_per_unit;  ///< a, in kWh²; > 0
};

/// Orders may stand in any order: clearing does not depend on it.
struct Book {
  static constexpr std::size_t max_orders = 4'000'000;

  std::vector<std::string> participants;  ///< names, each once; orders refer to them by position
  std::vector<Order> orders;
  Tariff tariff;
  Sharing sharing;
  NrgCoin nrgcoin;
};

}  // namespace powershare::market
