// The Flemish protocol of energy sharing, version 3.1: fixed, relative and optimal key. Unlike in
// the French keys, a member may take and give in one slot; what it would give to itself stays its
// own.
#include "market/community.hpp"
#include "market/rules.hpp"

namespace powershare::market {
namespace {

using Key = Shared (*)(const Amounts& injection, const Amounts& offtake, const Amounts& shares);

Result<Clearing> clear_flemish(const Book& book, const Network& network, Key key) {
  std::optional<SharingPrice> price;
  if (book.sharing.price) price = SharingPrice{*book.sharing.price, std::nullopt};
  const auto community = CommunityBook::make(book, network, price);
  if (!community) return community.error();
  const auto shares = community->shares();
  if (!shares) return shares.error();
  const Community& members = community->community();
  return community->clear(key(members.production, members.consumption, *shares));
}

}  // namespace

Result<Clearing> clear_flemish_fixed(const Book& book, const Network& network) {
  return clear_flemish(book, network, flemish_fixed_key);
}

Result<Clearing> clear_flemish_relative(const Book& book, const Network& network) {
  return clear_flemish(book, network, flemish_relative_key);
}

Result<Clearing> clear_flemish_optimal(const Book& book, const Network& network) {
  return clear_flemish(book, network, flemish_optimal_key);
}

}  // namespace powershare::market
