// Maximum flow between bids and offers that may not all meet: partners, only_green, oneself.
//
// A first pass fills each bid, best first, from the best offers that it may take; then shortest
// augmenting paths (Edmonds and Karp, 1972) reroute until no more can flow. Both walk in the order
// of the sides, so the result is the same on every replica.
#include <algorithm>
#include <deque>
#include <limits>

#include "base/assert.hpp"
#include "market/matching.hpp"

namespace powershare::market {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

bool accepts(const std::vector<ParticipantIndex>& partners, ParticipantIndex other) {
  return partners.empty() || std::find(partners.begin(), partners.end(), other) != partners.end();
}

class Flow {
 public:
  Flow(const Book& book, const PairCosts& costs, Price price, const Candidates& buys,
       const Candidates& sells)
      : of_buy_(buys.size()), of_sell_(sells.size()) {
    for (const Candidate& buy : buys) left_buy_.push_back(buy.energy);
    for (const Candidate& sell : sells) left_sell_.push_back(sell.energy);
    for (std::uint32_t b = 0; b < buys.size(); ++b) {
      for (std::uint32_t s = 0; s < sells.size(); ++s) {
        const Order& buy = book.orders[buys[b].order];
        if (!compatible(buy, book.orders[sells[s].order])) continue;
        const auto cost = costs.total(sells[s].participant, buys[b].participant);
        if (buy.limit.nano() - cost < price.nano()) continue;
        of_buy_[b].push_back(static_cast<std::uint32_t>(edges_.size()));
        of_sell_[s].push_back(static_cast<std::uint32_t>(edges_.size()));
        edges_.push_back({b, s, 0});
      }
    }
  }

  std::vector<Pair> run() {
    for (Pair& edge : edges_) {
      const std::int64_t energy = std::min(left_buy_[edge.buy], left_sell_[edge.sell]);
      edge.energy_nano += energy;
      left_buy_[edge.buy] -= energy;
      left_sell_[edge.sell] -= energy;
    }
    while (steps_ < max_restricted_steps && augment()) {
    }
    std::erase_if(edges_, [](const Pair& edge) { return edge.energy_nano == 0; });
    return std::move(edges_);
  }

 private:
  /// Finds a path from a bid with something left to an offer with something left: forwards over any
  /// edge, backwards over edges with flow; sends what it can along it.
  bool augment() {
    into_buy_.assign(of_buy_.size(), none);
    into_sell_.assign(of_sell_.size(), none);
    std::vector<bool> reached(of_buy_.size());
    std::deque<std::uint32_t> queue;
    for (std::uint32_t b = 0; b < of_buy_.size(); ++b) {
      if (left_buy_[b] == 0) continue;
      reached[b] = true;
      queue.push_back(b);
    }
    while (!queue.empty()) {
      const std::uint32_t buy = queue.front();
      queue.pop_front();
      steps_ += of_buy_[buy].size();
      for (const std::uint32_t forward : of_buy_[buy]) {
        const std::uint32_t sell = edges_[forward].sell;
        if (into_sell_[sell] != none) continue;
        into_sell_[sell] = forward;
        if (left_sell_[sell] > 0) return send(sell), true;
        steps_ += of_sell_[sell].size();
        for (const std::uint32_t back : of_sell_[sell]) {
          const std::uint32_t other = edges_[back].buy;
          if (edges_[back].energy_nano == 0 || reached[other]) continue;
          reached[other] = true;
          into_buy_[other] = back;
          queue.push_back(other);
        }
      }
    }
    return false;
  }

  void send(std::uint32_t last_sell) {
    std::int64_t energy = left_sell_[last_sell];
    std::uint32_t first_buy = none;
    for (std::uint32_t sell = last_sell;;) {
      first_buy = edges_[into_sell_[sell]].buy;
      const std::uint32_t back = into_buy_[first_buy];
      if (back == none) break;
      energy = std::min(energy, edges_[back].energy_nano);
      sell = edges_[back].sell;
    }
    energy = std::min(energy, left_buy_[first_buy]);
    PS_ASSERT(energy > 0);
    for (std::uint32_t sell = last_sell;;) {
      Pair& forward = edges_[into_sell_[sell]];
      forward.energy_nano += energy;
      const std::uint32_t back = into_buy_[forward.buy];
      if (back == none) break;
      edges_[back].energy_nano -= energy;
      sell = edges_[back].sell;
    }
    left_buy_[first_buy] -= energy;
    left_sell_[last_sell] -= energy;
  }

  std::vector<Pair> edges_;  ///< positions in the sides, not in the book
  std::vector<std::vector<std::uint32_t>> of_buy_;
  std::vector<std::vector<std::uint32_t>> of_sell_;
  std::vector<std::int64_t> left_buy_;
  std::vector<std::int64_t> left_sell_;
  std::vector<std::uint32_t> into_buy_;  ///< edge by which the search came
  std::vector<std::uint32_t> into_sell_;
  std::size_t steps_ = 0;  ///< looks at an edge
};

}  // namespace

bool compatible(const Order& buy, const Order& sell) {
  if (buy.participant == sell.participant) return false;
  if (buy.only_green && !sell.green) return false;
  return accepts(buy.partners, sell.participant) && accepts(sell.partners, buy.participant);
}

Result<std::vector<Pair>> match_restricted(const Book& book, const PairCosts& costs, Price price,
                                           const Candidates& buys, const Candidates& sells) {
  if (buys.size() > max_restricted_pairs / sells.size()) {
    return Error{MarketError::too_large, "too many orders for a book with restrictions"};
  }
  auto pairs = Flow(book, costs, price, buys, sells).run();
  for (Pair& pair : pairs) {
    pair.buy = buys[pair.buy].order;
    pair.sell = sells[pair.sell].order;
  }
  return pairs;
}

}  // namespace powershare::market
