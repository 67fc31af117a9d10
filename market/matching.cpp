#include "market/matching.hpp"

#include <algorithm>
#include <utility>

#include "market/rules.hpp"

namespace powershare::market {
namespace {

/// The worst limit that can meet the best of the other side.
std::int64_t worst_of(const Candidates& others) {
  std::int64_t best = max_limit_nano + 1;
  for (const Candidate& other : others) best = std::min(best, other.limit);
  return -best;
}

/// A side's orders one after the other, sorted by limit.
class Walk {
 public:
  explicit Walk(const Candidates& sorted) : sorted_(sorted) { load(); }
  bool at_end() const { return next_ == sorted_.size(); }
  std::int64_t limit() const { return sorted_[next_].limit; }
  std::int64_t left() const { return left_; }
  void take(std::int64_t energy) {
    left_ -= energy;
    if (left_ > 0) return;
    ++next_;
    load();
  }

 private:
  void load() {
    if (!at_end()) left_ = sorted_[next_].energy;
  }
  const Candidates& sorted_;
  std::size_t next_ = 0;
  std::int64_t left_ = 0;
};

/// The middle of the interval of prices that support the optimal volume; nothing where no bid
/// reaches an offer.
std::optional<Price> price_between(Walk buy, Walk sell) {
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

bool anyone_on_both_sides(const Book& book, const Candidates& buys, const Candidates& sells) {
  std::vector<char> buys_too(book.participants.size());
  for (const Candidate& buy : buys) buys_too[buy.participant] = 1;
  return std::any_of(sells.begin(), sells.end(),
                     [&](const Candidate& sell) { return buys_too[sell.participant] != 0; });
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

  if (!anyone_on_both_sides(book, buys, sells)) return pair_up(buys, bought, sells, sold);
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

std::optional<Price> supporting_price(const Candidates& buys, const Candidates& sells) {
  const Candidates sorted_buys = by_limit(buys, worst_of(sells));
  const Candidates sorted_sells = by_limit(sells, worst_of(buys));
  return price_between(Walk(sorted_buys), Walk(sorted_sells));
}

Result<Matching> match(const Book& book, const PairCosts& costs) {
  auto sides = survey(book);
  if (!sides) return sides.error();
  bool restrict = costs.differ();
  if (restrict &&
      sides->buys.size() > max_restricted_pairs / std::max<std::size_t>(1, sides->sells.size())) {
    restrict = false;
    for (Candidate& buy : sides->buys) buy.limit += costs.dearest(buy.participant);
  } else if (!costs.none()) {
    for (Candidate& buy : sides->buys) buy.limit += costs.cheapest(buy.participant);
  }
  Matching matching;
  matching.energies = std::move(sides->energies);
  Candidates buys = by_limit(sides->buys, worst_of(sides->sells));
  Candidates sells = by_limit(sides->sells, worst_of(sides->buys));
  matching.price = price_between(Walk(buys), Walk(sells));
  if (!matching.price) return matching;
  const std::int64_t price = matching.price->nano();
  cut_and_order(book, buys, -price);
  cut_and_order(book, sells, price);
  if (restrict || restricted(buys) || restricted(sells)) {
    auto pairs = match_restricted(book, costs, *matching.price, buys, sells);
    if (!pairs) return pairs.error();
    matching.pairs = std::move(pairs).value();
  } else {
    matching.pairs = match_free(book, buys, sells);
  }
  return matching;
}

}  // namespace powershare::market
