#include "market/matching.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "market/rules.hpp"

namespace powershare::market {
namespace {

constexpr std::int64_t max_limit_nano = std::numeric_limits<std::int64_t>::max() / 2;

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
  result.restricted = order.only_green || !order.partners.empty();
  return result;
}

/// Where an order stands, for sorting by limit without moving candidates about.
struct Place {
  std::uint64_t limit = 0;  ///< above the smallest one
  std::uint32_t position = 0;
};

/// What one look at all orders gives.
struct Survey {
  Candidates buys;
  Candidates sells;
  std::vector<Energy> energies;  ///< by position in the book
};

Result<Survey> survey(const Book& book) {
  if (book.orders.size() > Book::max_orders) {
    return Error{MarketError::too_large, "a book has at most 4,000,000 orders"};
  }
  Survey result;
  result.energies.reserve(book.orders.size());
  result.buys.reserve(book.orders.size());  // what is not used is never touched
  result.sells.reserve(book.orders.size());
  std::int64_t demand = 0;
  std::int64_t supply = 0;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    const Order& order = book.orders[i];
    if (!order.energy.is_positive()) {
      return Error{MarketError::bad_order, "the energy of an order must be positive"};
    }
    if (order.limit.nano() > max_limit_nano || order.limit.nano() < -max_limit_nano) {
      return Error{MarketError::bad_order, "the price of an order is out of range"};
    }
    if (order.participant >= book.participants.size()) {
      return Error{MarketError::bad_order, "an order names a participant that is not in the book"};
    }
    const bool buys = order.side == Side::buy;
    std::int64_t& sum = buys ? demand : supply;
    if (__builtin_add_overflow(sum, order.energy.nano(), &sum)) {
      return Error{MarketError::overflow, "the energy of one side is out of range"};
    }
    (buys ? result.buys : result.sells).push_back(candidate(order, static_cast<std::uint32_t>(i)));
    result.energies.push_back(order.energy);
  }
  return result;
}

/// Leaves out orders that cannot meet even the best of the other side.
void keep_what_can_meet(Candidates& buys, Candidates& sells) {
  std::int64_t best_buy = max_limit_nano + 1;
  std::int64_t best_sell = max_limit_nano + 1;
  for (const Candidate& buy : buys) best_buy = std::min(best_buy, buy.limit);
  for (const Candidate& sell : sells) best_sell = std::min(best_sell, sell.limit);
  std::erase_if(buys, [=](const Candidate& buy) { return buy.limit > -best_sell; });
  std::erase_if(sells, [=](const Candidate& sell) { return sell.limit > -best_buy; });
}

/// The order of candidates that have the same limit.
bool first_of_equals(const Book& book, const Candidate& a, const Candidate& b) {
  if (a.standing != b.standing) return b.standing;
  if (a.accepted != b.accepted) return a.accepted < b.accepted;
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const Order& left = book.orders[a.order];
  const Order& right = book.orders[b.order];
  if (a.standing && left.tie_key != right.tie_key) return left.tie_key < right.tie_key;
  return left.id < right.id;
}

/// Sorts by limit, 11 bits a pass from the lowest, as many passes as the limits differ in.
void radix_sort(std::vector<Place>& places, std::uint64_t largest) {
  constexpr unsigned bits = 11;
  std::vector<Place> sorted(places.size());
  for (unsigned shift = 0; shift < 64 && largest >> shift != 0; shift += bits) {
    std::array<std::uint32_t, 1U << bits> begin{};
    const auto digit = [shift](const Place& place) {
      return place.limit >> shift & ((1U << bits) - 1);
    };
    for (const Place& place : places) ++begin[digit(place)];
    std::uint32_t sum = 0;
    for (std::uint32_t& count : begin) sum += std::exchange(count, sum);
    for (const Place& place : places) sorted[begin[digit(place)]++] = place;
    places.swap(sorted);
  }
}

/// The positions of `side` by limit, best first.
std::vector<Place> by_limit(const Candidates& side) {
  std::vector<Place> places(side.size());
  if (side.empty()) return places;
  std::int64_t smallest = side[0].limit;
  std::int64_t largest = side[0].limit;
  for (const Candidate& candidate : side) {
    smallest = std::min(smallest, candidate.limit);
    largest = std::max(largest, candidate.limit);
  }
  for (std::uint32_t i = 0; i < side.size(); ++i) {
    places[i] = {static_cast<std::uint64_t>(side[i].limit - smallest), i};
  }
  radix_sort(places, static_cast<std::uint64_t>(largest - smallest));
  return places;
}

/// The candidates whose limit is not worse than `worst_limit`, best first, equals in their order.
Candidates sorted_until(const Book& book, const Candidates& side, const std::vector<Place>& places,
                        std::int64_t worst_limit) {
  Candidates sorted;
  sorted.reserve(side.size());
  for (const Place& place : places) {
    if (side[place.position].limit > worst_limit) break;
    sorted.push_back(side[place.position]);
  }
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::find_if(begin, sorted.end(), [begin](const Candidate& candidate) {
      return candidate.limit != begin->limit;
    });
    std::sort(begin, end, [&book](const Candidate& a, const Candidate& b) {
      return first_of_equals(book, a, b);
    });
    begin = end;
  }
  return sorted;
}

/// A side's orders one after the other, by limit.
class Walk {
 public:
  Walk(const Candidates& side, const std::vector<Place>& places) : side_(side), places_(places) {
    load();
  }
  bool at_end() const { return next_ == places_.size(); }
  std::int64_t limit() const { return side_[places_[next_].position].limit; }
  std::int64_t left() const { return left_; }
  void take(std::int64_t energy) {
    left_ -= energy;
    if (left_ > 0) return;
    ++next_;
    load();
  }

 private:
  void load() {
    if (!at_end()) left_ = side_[places_[next_].position].energy;
  }
  const Candidates& side_;
  const std::vector<Place>& places_;
  std::size_t next_ = 0;
  std::int64_t left_ = 0;
};

/// The middle of the interval of prices that support the optimal volume; nothing where no bid
/// reaches an offer.
std::optional<Price> supporting_price(Walk buy, Walk sell) {
  std::int64_t last_bid = 0;
  std::int64_t last_offer = 0;
  bool any = false;
  while (!buy.at_end() && !sell.at_end() && -buy.limit() >= sell.limit()) {
    last_bid = -buy.limit();
    last_offer = sell.limit();
    any = true;
    const std::int64_t energy = std::min(buy.left(), sell.left());
    buy.take(energy);
    sell.take(energy);
  }
  if (!any) return std::nullopt;
  // What is bought is worth at least the price and what is not bought at most; likewise for offers.
  std::int64_t low = last_offer;
  std::int64_t high = last_bid;
  if (!buy.at_end()) low = std::max(low, -buy.limit());
  if (!sell.at_end()) high = std::min(high, sell.limit());
  return middle(Price::from_nano(low), Price::from_nano(high));
}

std::int64_t sum(const Candidates& side) {
  std::int64_t total = 0;
  for (const Candidate& candidate : side) total += candidate.energy;
  return total;
}

bool restricted(const Candidates& side) {
  return std::any_of(side.begin(), side.end(),
                     [](const Candidate& candidate) { return candidate.restricted; });
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
  auto surveyed = survey(book);
  if (!surveyed) return surveyed.error();
  Matching matching;
  matching.energies = std::move(surveyed->energies);
  keep_what_can_meet(surveyed->buys, surveyed->sells);
  const auto buys_by_limit = by_limit(surveyed->buys);
  const auto sells_by_limit = by_limit(surveyed->sells);
  matching.price =
      supporting_price(Walk(surveyed->buys, buys_by_limit), Walk(surveyed->sells, sells_by_limit));
  if (!matching.price) return matching;
  const Candidates buys =
      sorted_until(book, surveyed->buys, buys_by_limit, -matching.price->nano());
  const Candidates sells =
      sorted_until(book, surveyed->sells, sells_by_limit, matching.price->nano());
  if (restricted(buys) || restricted(sells)) {
    auto pairs = match_restricted(book, buys, sells);
    if (!pairs) return pairs.error();
    matching.pairs = std::move(pairs).value();
  } else {
    matching.pairs = match_free(book, buys, sells);
  }
  return matching;
}

}  // namespace powershare::market
