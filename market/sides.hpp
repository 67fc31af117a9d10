// The two sides of a book, made ready for sorting and filling. Inside room market only.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "market/book.hpp"
#include "market/error.hpp"

namespace powershare::market {

/// So that limits can be negated, and path costs taken from them.
inline constexpr std::int64_t max_limit_nano = std::numeric_limits<std::int64_t>::max() / 2;

/// What matching needs of an order.
struct Candidate {
  std::int64_t limit = 0;  ///< as a cost: a bid negated, an offer as it is; smaller is better
  std::int64_t accepted = 0;
  std::uint64_t prefix =
      0;  ///< first bytes of what breaks ties, so that few need a look at the rest
  std::int64_t energy = 0;
  ParticipantIndex participant = 0;
  std::uint32_t order : 30 = 0;  ///< position in Book::orders
  std::uint32_t standing : 1 = 0;
  std::uint32_t restricted : 1 = 0;
};
static_assert(Book::max_orders < std::size_t{1} << 30);
using Candidates = std::vector<Candidate>;

struct Sides {
  Candidates buys;
  Candidates sells;
  std::vector<Energy> energies;  ///< by position in the book: one look at each order is enough
};

/// Checks every order and the sum of each side. MarketError.
Result<Sides> survey(const Book& book);

/// The candidates whose limit is not worse than `worst_limit`, best first; equals in any order.
Candidates by_limit(const Candidates& side, std::int64_t worst_limit);
inline constexpr std::int64_t any_limit = std::numeric_limits<std::int64_t>::max();

/// Drops what is worse than `worst_limit` from a side sorted by limit, and puts equals in their
/// order: explicit ones by accepted time, then id, before standing ones by tie key.
void cut_and_order(const Book& book, Candidates& sorted, std::int64_t worst_limit);

/// The sum of the energies; survey() has checked that there is one.
std::int64_t sum(const Candidates& side);

}  // namespace powershare::market
