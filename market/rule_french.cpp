// The allocation keys of French collective self-consumption (article D315-6 of its energy code;
// DECISIONS, MARKET 7). A member's own production meets its own consumption first and is in no
// pool; what is pooled is shared at one price, of each producer the same part.
#include <algorithm>
#include <numeric>

#include "market/community.hpp"
#include "market/rules.hpp"

namespace powershare::market {
namespace {

Result<CommunityBook> community_of(const Book& book, const Network& network) {
  std::optional<SharingPrice> price;
  if (book.sharing.price) price = SharingPrice{*book.sharing.price, std::nullopt};
  return CommunityBook::make(book, network, price);
}

struct Pool {
  Amounts consumption;
  Amounts production;
  std::int64_t produced = 0;
};

Pool pool_of(const Community& community) {
  Pool pool{community.consumption, community.production, 0};
  for (std::size_t i = 0; i < pool.consumption.size(); ++i) {
    const std::int64_t own = std::min(pool.consumption[i], pool.production[i]);
    pool.consumption[i] -= own;
    pool.production[i] -= own;
    pool.produced += pool.production[i];
  }
  return pool;
}

Clearing share(const CommunityBook& book, const Pool& pool, Amounts allocated) {
  const std::int64_t total = std::accumulate(allocated.begin(), allocated.end(), std::int64_t{0});
  Shared shared{std::move(allocated), Amounts(pool.production.size())};
  if (total > 0) shared.given = pro_rata(total, pool.production);
  return book.clear(shared);
}

}  // namespace

Result<Clearing> clear_french_static(const Book& book, const Network& network) {
  const auto community = community_of(book, network);
  if (!community) return community.error();
  const auto shares = community->shares();
  if (!shares) return shares.error();
  const Pool pool = pool_of(community->community());
  return share(*community, pool, french_static_key(pool.produced, pool.consumption, *shares));
}

Result<Clearing> clear_french_dynamic(const Book& book, const Network& network) {
  const auto community = community_of(book, network);
  if (!community) return community.error();
  const Pool pool = pool_of(community->community());
  return share(*community, pool, french_dynamic_key(pool.produced, pool.consumption));
}

/// The static key for each producer, in the order of their names, on what consumers still need.
Result<Clearing> clear_french_full_dynamic(const Book& book, const Network& network) {
  const auto community = community_of(book, network);
  if (!community) return community.error();
  Pool pool = pool_of(community->community());
  const auto& members = community->community().members;
  std::vector<std::uint32_t> member_of(members.size());
  for (std::uint32_t i = 0; i < members.size(); ++i) member_of[members[i]] = i;
  std::vector<MemberPair> pairs;
  for (const Sharing::PairShare& share : book.sharing.pair_shares) {
    if (share.producer >= members.size() || share.consumer >= members.size() ||
        share.share_nano < 0 || share.share_nano > whole_share) {
      return Error{MarketError::bad_keys, "a share of a pair is not 0 to 1, or of nobody"};
    }
    if (share.producer == share.consumer) continue;
    pairs.push_back({member_of[share.producer], member_of[share.consumer], share.share_nano});
  }
  std::sort(pairs.begin(), pairs.end(), [](const MemberPair& a, const MemberPair& b) {
    return std::pair(a.producer, a.consumer) < std::pair(b.producer, b.consumer);
  });
  std::int64_t given = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    MemberPair& pair = pairs[i];
    const bool first = i == 0 || pairs[i - 1].producer != pair.producer;
    given = (first ? 0 : given) + pair.energy;
    if (given > whole_share) {
      return Error{MarketError::bad_keys, "the shares of one producer are more than 1"};
    }
    const std::int64_t share = pair.energy;  // until here
    std::int64_t& wanted = pool.consumption[pair.consumer];
    pair.energy = french_static_key(pool.production[pair.producer], {wanted}, {share}).front();
    wanted -= pair.energy;
  }
  return community->clear(pairs);
}

}  // namespace powershare::market
