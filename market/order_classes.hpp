// Orders of a book by what decides with whom they may trade and at what extra cost; within a class
// they differ in limit, energy and time alone. Inside room market only.
#pragma once

#include <limits>
#include <vector>

#include "market/book.hpp"
#include "market/network.hpp"

namespace powershare::market {

inline constexpr ParticipantIndex nobody = std::numeric_limits<ParticipantIndex>::max();

struct OrderClass {
  ZoneIndex zone = 0;
  bool green = false;       ///< sells: certified energy, where that matters to anybody
  bool only_green = false;  ///< buys
  /// The one participant whose orders these are, where somebody's partners or premiums name it, or
  /// where it would else trade with itself.
  ParticipantIndex named = nobody;
  std::vector<ParticipantIndex> partners;  ///< sorted; empty: anyone
  std::int64_t premium_any = 0;            ///< its participants' premiums for any partner
  std::int64_t premium_green = 0;
  /// Trades with every other plain class, at the sum of the levels between them.
  bool plain = false;
};

struct OrderClasses {
  /// In an order that does not depend on how the book is written down.
  std::vector<OrderClass> sells;
  std::vector<OrderClass> buys;
  std::vector<std::uint32_t> of_order;  ///< class within its side, by position in the book
};

/// Both of a checked book and network. O(orders + classes × log classes).
OrderClasses classify(const Book& book, const Network& network);

/// The premiums for one partner, made ready to be looked up.
class PartnerPremiums {
 public:
  explicit PartnerPremiums(const Network& network);
  /// What a pair is worth more to its buyer and to its seller.
  std::int64_t of_buyer(const OrderClass& buy, const OrderClass& sell) const;
  std::int64_t of_seller(const OrderClass& sell, const OrderClass& buy) const;

 private:
  struct Entry {
    ParticipantIndex participant;
    ParticipantIndex partner;
    std::int64_t any;
    std::int64_t green;
  };
  const Entry* find(ParticipantIndex participant, ParticipantIndex partner) const;
  std::vector<Entry> entries_;
};

/// True where orders of both may trade.
bool may_trade(const OrderClass& sell, const OrderClass& buy);

}  // namespace powershare::market
