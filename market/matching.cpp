#include "market/matching.hpp"

#include <algorithm>
#include <limits>

#include "market/rules.hpp"

namespace powershare::market {
namespace {

constexpr std::int64_t max_limit_nano = std::numeric_limits<std::int64_t>::max() / 2;

struct Sides {
  Candidates buys;
  Candidates sells;
};

/// The first eight bytes as a number that sorts as they do.
template <class Text>
std::uint64_t prefix_of(const Text& text) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    value = value << 8 | byte;
  }
  return value;
}

Candidate candidate(const Order& order, std::uint32_t position) {
  Candidate result;
  result.limit = order.side == Side::buy ? -order.limit.nano() : order.limit.nano();
  result.accepted = order.standing ? 0 : order.accepted.value;
  result.prefix = order.standing ? prefix_of(order.tie_key) : prefix_of(order.id);
  result.energy = order.energy.nano();
  result.order = position;
  result.participant = order.participant;
  result.standing = order.standing;
  return result;
}

Result<void> check(const Book& book) {
  if (book.orders.size() > Book::max_orders) {
    return Error{MarketError::too_large, "a book has at most 4,000,000 orders"};
  }
  std::int64_t buys = 0;
  std::int64_t sells = 0;
  for (const Order& order : book.orders) {
    if (!order.energy.is_positive()) {
      return Error{MarketError::bad_order, "the energy of an order must be positive"};
    }
    if (order.limit.nano() > max_limit_nano || order.limit.nano() < -max_limit_nano) {
      return Error{MarketError::bad_order, "the price of an order is out of range"};
    }
    if (order.participant >= book.participants.size()) {
      return Error{MarketError::bad_order, "an order names a participant that is not in the book"};
    }
    std::int64_t& sum = order.side == Side::buy ? buys : sells;
    if (__builtin_add_overflow(sum, order.energy.nano(), &sum)) {
      return Error{MarketError::overflow, "the energy of one side is out of range"};
    }
  }
  return {};
}

/// Orders that can meet at least the best of the other side.
Sides sides_that_can_meet(const Book& book) {
  std::int64_t best_bid = -max_limit_nano - 1;
  std::int64_t best_offer = max_limit_nano + 1;
  for (const Order& order : book.orders) {
    if (order.side == Side::buy) best_bid = std::max(best_bid, order.limit.nano());
    if (order.side == Side::sell) best_offer = std::min(best_offer, order.limit.nano());
  }
  Sides sides;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    const Order& order = book.orders[i];
    const auto position = static_cast<std::uint32_t>(i);
    if (order.side == Side::buy && order.limit.nano() >= best_offer) {
      sides.buys.push_back(candidate(order, position));
    } else if (order.side == Side::sell && order.limit.nano() <= best_bid) {
      sides.sells.push_back(candidate(order, position));
    }
  }
  return sides;
}

void sort_best_first(const Book& book, Candidates& side) {
  std::sort(side.begin(), side.end(), [&book](const Candidate& a, const Candidate& b) {
    if (a.limit != b.limit) return a.limit < b.limit;
    if (a.standing != b.standing) return b.standing;
    if (a.accepted != b.accepted) return a.accepted < b.accepted;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const Order& left = book.orders[a.order];
    const Order& right = book.orders[b.order];
    if (a.standing && left.tie_key != right.tie_key) return left.tie_key < right.tie_key;
    return left.id < right.id;
  });
}

/// The middle of the interval of prices that support the optimal volume; nothing where no bid
/// reaches an offer.
std::optional<Price> supporting_price(const Candidates& buys, const Candidates& sells) {
  std::size_t buy = 0;
  std::size_t sell = 0;
  std::int64_t left_buy = buys.empty() ? 0 : buys[0].energy;
  std::int64_t left_sell = sells.empty() ? 0 : sells[0].energy;
  std::int64_t last_bid = 0;
  std::int64_t last_offer = 0;
  bool any = false;
  while (buy < buys.size() && sell < sells.size() && -buys[buy].limit >= sells[sell].limit) {
    last_bid = -buys[buy].limit;
    last_offer = sells[sell].limit;
    any = true;
    const std::int64_t energy = std::min(left_buy, left_sell);
    left_buy -= energy;
    left_sell -= energy;
    if (left_buy == 0 && ++buy < buys.size()) left_buy = buys[buy].energy;
    if (left_sell == 0 && ++sell < sells.size()) left_sell = sells[sell].energy;
  }
  if (!any) return std::nullopt;
  // What is bought is worth at least the price and what is not bought at most; likewise for offers.
  std::int64_t low = last_offer;
  std::int64_t high = last_bid;
  if (buy < buys.size()) low = std::max(low, -buys[buy].limit);
  if (sell < sells.size()) high = std::min(high, sells[sell].limit);
  return middle(Price::from_nano(low), Price::from_nano(high));
}

void keep_at(Candidates& side, std::int64_t worst_limit) {
  const auto end = std::partition_point(side.begin(), side.end(), [&](const Candidate& candidate) {
    return candidate.limit <= worst_limit;
  });
  side.erase(end, side.end());
}

std::int64_t sum(const Candidates& side) {
  std::int64_t total = 0;
  for (const Candidate& candidate : side) total += candidate.energy;
  return total;
}

bool restricted(const Book& book, const Candidates& side) {
  return std::any_of(side.begin(), side.end(), [&book](const Candidate& candidate) {
    const Order& order = book.orders[candidate.order];
    return order.only_green || !order.partners.empty();
  });
}

std::vector<std::int64_t> by_participant(const Book& book, const Candidates& side,
                                         const std::vector<std::int64_t>* amounts) {
  std::vector<std::int64_t> totals(book.participants.size());
  for (std::size_t i = 0; i < side.size(); ++i) {
    totals[side[i].participant] += amounts != nullptr ? (*amounts)[i] : side[i].energy;
  }
  return totals;
}

/// As fill(), but `owner` gets exactly `share` of the amount.
std::vector<std::int64_t> fill_with_share(const Candidates& side, std::int64_t amount,
                                          ParticipantIndex owner, std::int64_t share) {
  Candidates own;
  Candidates others;
  for (const Candidate& candidate : side) {
    (candidate.participant == owner ? own : others).push_back(candidate);
  }
  const auto own_amounts = fill(own, share);
  const auto other_amounts = fill(others, amount - share);
  std::vector<std::int64_t> result;
  std::size_t next_own = 0;
  std::size_t next_other = 0;
  for (const Candidate& candidate : side) {
    result.push_back(candidate.participant == owner ? own_amounts[next_own++]
                                                    : other_amounts[next_other++]);
  }
  return result;
}

/// Points 1, 3 and 5 of market/clearing.hpp for orders without restrictions.
std::vector<Pair> match_free(const Book& book, const Candidates& buys, const Candidates& sells) {
  const std::int64_t demand = sum(buys);
  const std::int64_t supply = sum(sells);
  const std::int64_t volume = std::min(demand, supply);
  auto bought = fill(buys, volume);
  auto sold = fill(sells, volume);

  // At most one participant can hold more than the volume on both sides together.
  const auto bought_by = by_participant(book, buys, &bought);
  const auto sold_by = by_participant(book, sells, &sold);
  for (ParticipantIndex owner = 0; owner < bought_by.size(); ++owner) {
    if (bought_by[owner] == 0 || sold_by[owner] <= volume - bought_by[owner]) continue;
    const std::int64_t other_demand = demand - by_participant(book, buys, nullptr)[owner];
    const std::int64_t other_supply = supply - by_participant(book, sells, nullptr)[owner];
    if (other_demand < volume - other_supply) {
      // Everything that others bid and offer goes to and comes from this one.
      const std::int64_t reduced = other_demand + other_supply;
      bought = fill_with_share(buys, reduced, owner, other_supply);
      sold = fill_with_share(sells, reduced, owner, other_demand);
    } else if (demand > supply) {
      bought = fill_with_share(buys, volume, owner, volume - sold_by[owner]);
    } else {
      sold = fill_with_share(sells, volume, owner, volume - bought_by[owner]);
    }
    break;
  }
  return pair_up(buys, bought, sells, sold);
}

}  // namespace

Result<Matching> match(const Book& book) {
  if (auto checked = check(book); !checked) return checked.error();
  auto [buys, sells] = sides_that_can_meet(book);
  sort_best_first(book, buys);
  sort_best_first(book, sells);
  Matching matching;
  matching.price = supporting_price(buys, sells);
  if (!matching.price) return matching;
  keep_at(buys, -matching.price->nano());
  keep_at(sells, matching.price->nano());
  if (restricted(book, buys) || restricted(book, sells)) {
    auto pairs = match_restricted(book, buys, sells);
    if (!pairs) return pairs.error();
    matching.pairs = std::move(pairs).value();
  } else {
    matching.pairs = match_free(book, buys, sells);
  }
  return matching;
}

}  // namespace powershare::market
