// Who gets how much of a side's amount, and who is paired with whom.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "market/matching.hpp"

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;

/// Shares `amount` among side[begin, end), standing orders of one price in the order of their tie
/// keys, in proportion to their energy; `total` is the sum of it.
void share_pro_rata(const Candidates& side, std::size_t begin, std::size_t end, std::int64_t total,
                    std::int64_t amount, std::vector<std::int64_t>& result) {
  std::int64_t rest = amount;
  for (std::size_t i = begin; i < end; ++i) {
    result[i] = static_cast<std::int64_t>(static_cast<Wide>(side[i].energy) * amount / total);
    rest -= result[i];
  }
  // Fewer nano-units than orders are left, and each order has room for one: amount < total.
  for (std::size_t i = begin; i < end && rest > 0; ++i, --rest) ++result[i];
  PS_ASSERT(rest == 0);
}

/// Ends all pairs of a participant with itself by exchanging their sellers with those of pairs that
/// it has no part in. Pairs hold positions in `buys` and `sells`.
class Separation {
 public:
  Separation(std::vector<Pair>& pairs, const Candidates& buys, const Candidates& sells)
      : pairs_(pairs), buys_(buys), sells_(sells) {}

  /// `positions`: all pairs of a participant with itself, ascending.
  void run(const std::vector<std::size_t>& positions) {
    // One owner after the other, in the order in which they first stand in the pairs: behind the
    // mark of one owner no pair becomes free of it while it alone is worked on, so all take
    // O(pairs) together.
    std::vector<std::vector<std::size_t>> by_owner;
    std::vector<std::pair<ParticipantIndex, std::size_t>> sorted;
    for (const std::size_t at : positions)
      sorted.emplace_back(buys_[pairs_[at].buy].participant, at);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i == 0 || sorted[i].first != sorted[i - 1].first) by_owner.emplace_back();
      by_owner.back().push_back(sorted[i].second);
    }
    std::sort(by_owner.begin(), by_owner.end());
    for (const auto& of_owner : by_owner) {
      owner_ = buys_[pairs_[of_owner.front()].buy].participant;
      mark_ = 0;
      for (const std::size_t at : of_owner) separate(at);
    }
  }

 private:
  bool involves_owner(const Pair& pair) const {
    return buys_[pair.buy].participant == owner_ || sells_[pair.sell].participant == owner_;
  }

  void separate(std::size_t at) {
    while (buys_[pairs_[at].buy].participant == owner_ &&
           sells_[pairs_[at].sell].participant == owner_) {
      while (mark_ < pairs_.size() && involves_owner(pairs_[mark_])) ++mark_;
      PS_ASSERT(mark_ < pairs_.size());
      exchange(pairs_[at], pairs_[mark_]);
    }
  }

  void exchange(Pair& self, Pair& other) {
    const std::int64_t energy = std::min(self.energy_nano, other.energy_nano);
    if (self.energy_nano == other.energy_nano) {
      std::swap(self.sell, other.sell);
    } else if (self.energy_nano == energy) {
      const Pair added{other.buy, self.sell, energy};
      self.sell = other.sell;
      other.energy_nano -= energy;
      pairs_.push_back(added);
    } else {
      const Pair added{self.buy, other.sell, energy};
      other.sell = self.sell;
      self.energy_nano -= energy;
      pairs_.push_back(added);
    }
  }

  std::vector<Pair>& pairs_;
  const Candidates& buys_;
  const Candidates& sells_;
  ParticipantIndex owner_ = 0;
  std::size_t mark_ = 0;
};

}  // namespace

std::vector<std::int64_t> fill(const Candidates& side, std::int64_t amount) {
  std::vector<std::int64_t> result(side.size());
  std::size_t i = 0;
  while (i < side.size() && amount > 0) {
    if (!side[i].standing) {
      result[i] = std::min(side[i].energy, amount);
      amount -= result[i];
      ++i;
      continue;
    }
    std::size_t end = i;
    std::int64_t total = 0;
    while (end < side.size() && side[end].standing && side[end].limit == side[i].limit) {
      total += side[end].energy;
      ++end;
    }
    if (total <= amount) {
      for (std::size_t k = i; k < end; ++k) result[k] = side[k].energy;
      amount -= total;
    } else {
      share_pro_rata(side, i, end, total, amount, result);
      amount = 0;
    }
    i = end;
  }
  PS_ASSERT(amount == 0);
  return result;
}

std::vector<Pair> pair_up(const Candidates& buys, const std::vector<std::int64_t>& bought,
                          const Candidates& sells, const std::vector<std::int64_t>& sold) {
  std::vector<Pair> pairs;
  pairs.reserve(buys.size() + sells.size());
  std::vector<std::size_t> with_themselves;
  std::size_t buy = 0;
  std::size_t sell = 0;
  std::int64_t left_buy = 0;
  std::int64_t left_sell = 0;
  while (true) {
    // `buy` and `sell` are one past the orders that left_buy and left_sell belong to. Pairs hold
    // positions in `buys` and `sells` until the end.
    while (left_buy == 0 && buy < buys.size()) left_buy = bought[buy++];
    while (left_sell == 0 && sell < sells.size()) left_sell = sold[sell++];
    if (left_buy == 0 || left_sell == 0) break;
    const std::int64_t energy = std::min(left_buy, left_sell);
    if (buys[buy - 1].participant == sells[sell - 1].participant) {
      with_themselves.push_back(pairs.size());
    }
    pairs.push_back(
        {static_cast<std::uint32_t>(buy - 1), static_cast<std::uint32_t>(sell - 1), energy});
    left_buy -= energy;
    left_sell -= energy;
  }
  PS_ASSERT(left_buy == 0 && left_sell == 0);

  if (!with_themselves.empty()) Separation(pairs, buys, sells).run(with_themselves);
  for (Pair& pair : pairs) {
    pair.buy = buys[pair.buy].order;
    pair.sell = sells[pair.sell].order;
  }
  return pairs;
}

}  // namespace powershare::market
