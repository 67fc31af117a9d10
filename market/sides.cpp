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
  result.order = position;
  result.participant = order.participant;
  result.standing = order.standing;
  result.restricted = order.only_green || !order.partners.empty();
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

}  // namespace

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

std::int64_t sum(const Candidates& side) {
  std::int64_t total = 0;
  for (const Candidate& candidate : side) total += candidate.energy;
  return total;
}

}  // namespace powershare::market
