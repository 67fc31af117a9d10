// Quantities and pairs of a clearing, the same for all rules (see market/clearing.hpp).
// Inside room market only.
#pragma once

#include <optional>
#include <vector>

#include "market/book.hpp"
#include "market/error.hpp"
#include "market/pair_costs.hpp"
#include "market/sides.hpp"

namespace powershare::market {

struct Pair {
  std::uint32_t buy = 0;   ///< position in Book::orders
  std::uint32_t sell = 0;  ///< position in Book::orders
  std::int64_t energy_nano = 0;
};

struct Matching {
  std::vector<Pair> pairs;
  std::vector<Energy> energies;  ///< of the book's orders
  std::optional<Price> price;    ///< P; nothing where no volume is possible
};

/// Points 1 to 6 of market/clearing.hpp.
Result<Matching> match(const Book& book, const PairCosts& costs);

/// P of these sides (point 2), limits net of what their ways cost; nothing where no bid reaches an
/// offer.
std::optional<Price> supporting_price(const Candidates& buys, const Candidates& sells);

/// Shares `amount` among `side`, which is sorted, best first: point 3 of market/clearing.hpp.
/// `amount` is at most what all of them have; the result has one entry per candidate.
std::vector<std::int64_t> fill(const Candidates& side, std::int64_t amount);

/// Pairs both sides in their order; the sums of `bought` and `sold` are equal. Points 4 and 5.
/// No participant may have more than this sum on both sides together.
std::vector<Pair> pair_up(const Candidates& buys, const std::vector<std::int64_t>& bought,
                          const Candidates& sells, const std::vector<std::int64_t>& sold);

/// A maximum flow between `buys` and `sells` over the pairs that partners, only_green, "not with
/// itself" and the path between them at `price` allow. MarketError::too_large above
/// `max_restricted_pairs` possible pairs.
Result<std::vector<Pair>> match_restricted(const Book& book, const PairCosts& costs, Price price,
                                           const Candidates& buys, const Candidates& sells);
inline constexpr std::size_t max_restricted_pairs = 250'000;
/// True where the traits of both orders let them trade: other participants, green energy where
/// only that is wanted, each among the other's partners.
bool compatible(const Order& buy, const Order& sell);

/// Rerouting ends after so many looks at a pair, with what flows by then: far more than books of
/// that size have needed, so only one that was made for it meets this end. The same on every
/// replica.
inline constexpr std::size_t max_restricted_steps = 64'000'000;

}  // namespace powershare::market
