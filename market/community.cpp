#include "market/community.hpp"

#include <algorithm>
#include <numeric>

#include "market/rules.hpp"

namespace powershare::market {
namespace {

bool takes_part(const Order& order) {
  return !order.only_green && order.partners.empty();
}

Candidates best_first(const Book& book, const Candidates& side, std::int64_t worst_limit) {
  Candidates sorted = by_limit(side, worst_limit);
  cut_and_order(book, sorted, worst_limit);
  return sorted;
}

}  // namespace

CommunityBook::CommunityBook(const Book& book, const Network& network)
    : book_(&book), network_(&network), costs_(book, network) {}

Result<CommunityBook> CommunityBook::make(const Book& book, const Network& network,
                                          std::optional<SharingPrice> price) {
  CommunityBook result(book, network);
  if (auto filled = result.fill_sides(price); !filled) return filled.error();
  auto& members = result.community_.members;
  members.resize(book.participants.size());
  std::iota(members.begin(), members.end(), 0U);
  std::sort(members.begin(), members.end(), [&](ParticipantIndex a, ParticipantIndex b) {
    return book.participants[a] < book.participants[b];
  });
  result.member_of_.resize(members.size());
  for (std::uint32_t i = 0; i < members.size(); ++i) result.member_of_[members[i]] = i;
  const auto total = [&](const Candidates& side) {
    Amounts amounts(members.size());
    for (const Candidate& one : side) amounts[result.member_of_[one.participant]] += one.energy;
    return amounts;
  };
  result.community_.consumption = total(result.buys_);
  result.community_.production = total(result.sells_);
  return result;
}

Result<void> CommunityBook::fill_sides(std::optional<SharingPrice> price) {
  auto sides = survey(*book_);
  if (!sides) return sides.error();
  const auto stays_out = [&](const Candidate& one) {
    return !takes_part(book_->orders[one.order]);
  };
  std::erase_if(sides->buys, stays_out);
  std::erase_if(sides->sells, stays_out);
  for (Candidate& buy : sides->buys) {
    buy.limit += price && price->fee ? price->fee->nano() : costs_.dearest(buy.participant);
  }
  if (!price) {
    const auto found = supporting_price(sides->buys, sides->sells);
    if (!found) return {};
    price = SharingPrice{*found, std::nullopt};
  }
  price_ = price;
  buys_ = best_first(*book_, sides->buys, -price->price.nano());
  sells_ = best_first(*book_, sides->sells, price->price.nano());
  return {};
}

Result<Amounts> CommunityBook::shares() const {
  const auto& given = book_->sharing.shares_nano;
  Amounts shares(community_.members.size());
  if (given.empty()) {
    const auto consumers =
        std::count_if(community_.consumption.begin(), community_.consumption.end(),
                      [](std::int64_t energy) { return energy > 0; });
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (community_.consumption[i] > 0) shares[i] = whole_share / consumers;
    }
    return shares;
  }
  if (given.size() != shares.size()) {
    return Error{MarketError::bad_keys, "each participant must have a share"};
  }
  std::int64_t all = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i] = given[community_.members[i]];
    if (shares[i] < 0 || shares[i] > whole_share || (all += shares[i]) > whole_share) {
      return Error{MarketError::bad_keys, "shares must be 0 to 1, and at most 1 together"};
    }
  }
  return shares;
}

Amounts CommunityBook::of_orders(const Candidates& side, const Amounts& by_member) const {
  Amounts left = by_member;
  Amounts result;
  result.reserve(side.size());
  for (const Candidate& one : side) {
    std::int64_t& rest = left[member_of_[one.participant]];
    result.push_back(std::min(rest, one.energy));
    rest -= result.back();
  }
  return result;
}

void CommunityBook::add(Clearing& clearing, BorderRoom& borders, const Pair& pair) const {
  const ParticipantIndex buyer = book_->orders[pair.buy].participant;
  const ParticipantIndex seller = book_->orders[pair.sell].participant;
  const std::int64_t energy =
      borders.take(zone_of(*network_, seller), zone_of(*network_, buyer), pair.energy_nano);
  if (energy == 0) return;
  Trade trade{pair.buy, pair.sell, Energy::from_nano(energy), price_->price, {}, {}};
  if (price_->fee) {
    trade.fees = *price_->fee;
  } else {
    trade.fees = costs_.between(seller, buyer).fees;
    trade.losses = costs_.between(seller, buyer).losses;
  }
  clearing.trades.push_back(trade);
}

void CommunityBook::finish(Clearing& clearing) const {
  count_trades(energies_of(*book_), clearing);
  if (!clearing.trades.empty()) clearing.clearing_price = price_->price;
}

Clearing CommunityBook::clear(const Shared& shared) const {
  Clearing clearing;
  BorderRoom borders(*network_);
  if (price_) {
    const auto bought = of_orders(buys_, shared.received);
    const auto sold = of_orders(sells_, shared.given);
    for (const Pair& pair : pair_up(buys_, bought, sells_, sold)) add(clearing, borders, pair);
  }
  finish(clearing);
  return clearing;
}

Clearing CommunityBook::clear(const std::vector<MemberPair>& pairs) const {
  /// A member's orders one after the other.
  struct Turn {
    std::vector<std::uint32_t> orders;
    std::size_t at = 0;
    std::int64_t used = 0;  ///< of the order at `at`
  };
  std::vector<Turn> consumers(community_.members.size());
  std::vector<Turn> producers(community_.members.size());
  for (const Candidate& one : buys_) {
    consumers[member_of_[one.participant]].orders.push_back(one.order);
  }
  for (const Candidate& one : sells_) {
    producers[member_of_[one.participant]].orders.push_back(one.order);
  }
  Clearing clearing;
  BorderRoom borders(*network_);
  for (const MemberPair& pair : pairs) {
    Turn& buy = consumers[pair.consumer];
    Turn& sell = producers[pair.producer];
    for (std::int64_t left = pair.energy; left > 0;) {
      const auto rest = [&](Turn& turn) {
        while (book_->orders[turn.orders[turn.at]].energy.nano() == turn.used) {
          ++turn.at;
          turn.used = 0;
        }
        return book_->orders[turn.orders[turn.at]].energy.nano() - turn.used;
      };
      const std::int64_t energy = std::min({left, rest(buy), rest(sell)});
      add(clearing, borders, {buy.orders[buy.at], sell.orders[sell.at], energy});
      buy.used += energy;
      sell.used += energy;
      left -= energy;
    }
  }
  finish(clearing);
  return clearing;
}

}  // namespace powershare::market
