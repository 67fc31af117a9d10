// What paths cost between the zones of a book's orders, computed once. Inside room market only.
#pragma once

#include <vector>

#include "market/book.hpp"
#include "market/network.hpp"

namespace powershare::market {

class PairCosts {
 public:
  PairCosts(const Book& book, const Network& network);

  const PairCost& between(ParticipantIndex seller, ParticipantIndex buyer) const {
    if (costs_.empty()) return free_;
    return costs_[row_[zone_of(network_, seller)] * columns_ + column_[zone_of(network_, buyer)]];
  }
  std::int64_t total(ParticipantIndex seller, ParticipantIndex buyer) const {
    const PairCost& cost = between(seller, buyer);
    return cost.fees.nano() + cost.losses.nano();
  }
  /// Of all zones with offers: the least and the most that a buyer there has to add.
  std::int64_t cheapest(ParticipantIndex buyer) const { return of_buyer(cheapest_, buyer); }
  std::int64_t dearest(ParticipantIndex buyer) const { return of_buyer(dearest_, buyer); }
  bool none() const { return costs_.empty(); }
  /// True where it makes a difference to somebody from where energy comes.
  bool differ() const { return cheapest_ != dearest_; }

 private:
  std::int64_t of_buyer(const std::vector<std::int64_t>& costs, ParticipantIndex buyer) const {
    return costs.empty() ? 0 : costs[column_[zone_of(network_, buyer)]];
  }

  const Network& network_;
  PairCost free_;
  std::size_t columns_ = 0;
  std::vector<std::uint32_t> row_;      ///< by zone
  std::vector<std::uint32_t> column_;   ///< by zone
  std::vector<PairCost> costs_;         ///< by row and column; empty: nothing costs anything
  std::vector<std::int64_t> cheapest_;  ///< by column
  std::vector<std::int64_t> dearest_;
};

/// What the borders of the zones still carry in a slot.
class BorderRoom {
 public:
  explicit BorderRoom(const Network& network);
  bool limited() const { return limited_; }
  /// How much of `wanted` fits on the way from the one zone to the other; takes it.
  std::int64_t take(ZoneIndex from, ZoneIndex to, std::int64_t wanted);
  std::int64_t room_up(ZoneIndex zone) const { return up_[zone]; }
  std::int64_t room_down(ZoneIndex zone) const { return down_[zone]; }

 private:
  const Network& network_;
  bool limited_ = false;
  std::vector<std::int64_t> up_;
  std::vector<std::int64_t> down_;
};

}  // namespace powershare::market
