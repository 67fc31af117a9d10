// A book as a community that shares at one price: who takes part with how much, and the trades that
// come of it. What the allocation keys and nrgcoin have in common. Inside room market only.
#pragma once

#include <functional>
#include <optional>

#include "market/clearing.hpp"
#include "market/keys.hpp"
#include "market/matching.hpp"

namespace powershare::market {

/// What sellers get for a kWh, and what buyers pay besides.
struct SharingPrice {
  Price price;
  std::optional<Price> fee;  ///< for all alike; none: fees and losses of the way
};

/// Members are the participants of the book in the order of their names. Orders that name partners
/// or want green energy only take no part, nor do those whose limit does not hold at the price,
/// after the dearest way that leads to the buyer.
struct Community {
  std::vector<ParticipantIndex> members;
  Amounts consumption;  ///< by member
  Amounts production;
};

/// Pairs of members, when the key says who gets from whom.
struct MemberPair {
  std::uint32_t producer = 0;
  std::uint32_t consumer = 0;
  std::int64_t energy = 0;
};

class CommunityBook {
 public:
  /// MarketError. `price`: none: P of the book, bids net of the dearest way.
  static Result<CommunityBook> make(const Book& book, const Network& network,
                                    std::optional<SharingPrice> price);

  const Community& community() const { return community_; }
  /// The shares of the members; equal ones for those who consume where the book has none.
  /// MarketError::bad_keys.
  Result<Amounts> shares() const;

  /// Members' orders are filled best first, and paired in the order of their limits.
  Clearing clear(const Shared& shared) const;
  Clearing clear(const std::vector<MemberPair>& pairs) const;

 private:
  CommunityBook(const Book& book, const Network& network);
  Result<void> fill_sides(std::optional<SharingPrice> price);
  Amounts of_orders(const Candidates& side, const Amounts& by_member) const;
  void add(Clearing& clearing, BorderRoom& borders, const Pair& pair) const;
  void finish(Clearing& clearing) const;

  const Book* book_;
  const Network* network_;
  PairCosts costs_;
  std::optional<SharingPrice> price_;  ///< none: nobody can trade
  Candidates buys_;                    ///< that take part, best first
  Candidates sells_;
  Community community_;
  std::vector<std::uint32_t> member_of_;  ///< by participant
};

}  // namespace powershare::market
