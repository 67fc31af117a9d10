#include "market/sides.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace powershare::market {
namespace {

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
  result.order = position & ((1U << 30) - 1);
  result.participant = order.participant;
  result.standing = order.standing ? 1 : 0;
  result.restricted = order.only_green || !order.partners.empty() ? 1 : 0;
  return result;
}

}  // namespace

Result<Sides> survey(const Book& book) {
  if (book.orders.size() > Book::max_orders) {
    return Error{MarketError::too_large, "a book has at most 4,000,000 orders"};
  }
  Sides result;
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
    for (const ParticipantIndex partner : order.partners) {
      if (partner < book.participants.size()) continue;
      return Error{MarketError::bad_order, "an order names a partner that is not in the book"};
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

namespace {

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

/// A limit above the smallest one, and below it the position of who has it: sorting these numbers
/// sorts the candidates without moving them about.
using Place = std::uint64_t;
constexpr unsigned position_bits = 22;
static_assert(Book::max_orders <= std::size_t{1} << position_bits);

/// Sorts by limit, 11 bits a pass from the lowest, as many passes as the limits differ in.
void radix_sort(std::vector<Place>& places, std::uint64_t largest_limit) {
  constexpr unsigned bits = 11;
  std::vector<Place> sorted(places.size());
  for (unsigned shift = 0; shift < 64 && largest_limit >> shift != 0; shift += bits) {
    std::array<std::uint32_t, 1U << bits> begin{};
    const auto digit = [shift](Place place) {
      return place >> (position_bits + shift) & ((1U << bits) - 1);
    };
    for (const Place place : places) ++begin[digit(place)];
    std::uint32_t sum = 0;
    for (std::uint32_t& count : begin) sum += std::exchange(count, sum);
    for (const Place place : places) sorted[begin[digit(place)]++] = place;
    places.swap(sorted);
  }
}

/// For limits that are too far apart to stand in one number with a position.
Candidates by_distant_limit(const Candidates& side, std::int64_t worst_limit) {
  Candidates sorted;
  for (const Candidate& candidate : side) {
    if (candidate.limit <= worst_limit) sorted.push_back(candidate);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Candidate& a, const Candidate& b) { return a.limit < b.limit; });
  return sorted;
}

}  // namespace

Candidates by_limit(const Candidates& side, std::int64_t worst_limit) {
  std::int64_t smallest = worst_limit;
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (const Candidate& candidate : side) {
    smallest = std::min(smallest, candidate.limit);
    if (candidate.limit <= worst_limit) largest = std::max(largest, candidate.limit);
  }
  if (largest < smallest) return {};
  const auto above = [smallest](std::int64_t limit) {  // may be more than a signed number holds
    return static_cast<std::uint64_t>(limit) - static_cast<std::uint64_t>(smallest);
  };
  if (above(largest) >> (64 - position_bits) != 0) return by_distant_limit(side, worst_limit);
  std::vector<Place> places;
  places.reserve(side.size());
  for (std::uint32_t i = 0; i < side.size(); ++i) {
    if (side[i].limit > worst_limit) continue;
    places.push_back(above(side[i].limit) << position_bits | i);
  }
  radix_sort(places, above(largest));
  Candidates sorted;
  sorted.reserve(places.size());
  constexpr std::size_t ahead = 16;  // places that are looked up before they are needed
  const auto position = [](Place place) { return place & ((1U << position_bits) - 1); };
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i + ahead < places.size()) __builtin_prefetch(&side[position(places[i + ahead])]);
    sorted.push_back(side[position(places[i])]);
  }
  return sorted;
}

void cut_and_order(const Book& book, Candidates& sorted, std::int64_t worst_limit) {
  sorted.erase(std::partition_point(sorted.begin(), sorted.end(),
                                    [worst_limit](const Candidate& candidate) {
                                      return candidate.limit <= worst_limit;
                                    }),
               sorted.end());
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::find_if(begin, sorted.end(), [begin](const Candidate& candidate) {
      return candidate.limit != begin->limit;
    });
    std::sort(begin, end, [&book](const Candidate& a, const Candidate& b) {
      return first_of_equals(book, a, b);
    });
    begin = end;
  }
}

std::int64_t sum(const Candidates& side) {
  std::int64_t total = 0;
  for (const Candidate& candidate : side) total += candidate.energy;
  return total;
}

}  // namespace powershare::market
