#include "ledger/sharing.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/versions.hpp"
#include "market/keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::int64_t max_price_nano = 1'000 * nano_per_unit;

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

bool is_share(std::int64_t nano) {
  return nano >= 0 && nano <= market::whole_share;
}

bool is_participant(const ParticipantRef& ref) {
  return to_text(ref.type) != "unknown" && !ref.id.empty();
}

Bytes prefix() {
  return state_key::table(StateTable::shares);
}

SetShares decoded(ByteView value) {
  Decoder in(value);
  auto shares = decode_shares(in);
  PS_ASSERT(in.finished());  // our own record
  return shares;
}

Result<void> check_pairs(const std::vector<PairShare>& pairs) {
  std::int64_t given = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const PairShare& pair = pairs[i];
    if (!is_participant(pair.producer) || !is_participant(pair.consumer)) {
      return malformed("a pair of shares names no participant");
    }
    if (pair.producer == pair.consumer) return malformed("nobody has a share of its own energy");
    if (!is_share(pair.share_nano)) return malformed("a share must be between 0 and 1");
    const bool same = i > 0 && pairs[i - 1].producer == pair.producer;
    if (i > 0 && (pair.producer < pairs[i - 1].producer ||
                  (same && pair.consumer <= pairs[i - 1].consumer))) {
      return malformed("pairs stand by producer and consumer, each once");
    }
    given = (same ? given : 0) + pair.share_nano;
    if (given > market::whole_share) return malformed("the shares of a producer are more than 1");
  }
  return {};
}

}  // namespace

Result<void> check_shares(const SetShares& shares) {
  if (shares.shares.size() > SharingLimits::max_shares) return malformed("at most 10000 shares");
  if (shares.pairs.size() > SharingLimits::max_pairs) return malformed("at most 20000 pairs");
  if (shares.from.value < 0) return malformed("shares begin before 1970");
  if (shares.price && (shares.price->is_negative() || shares.price->nano() > max_price_nano)) {
    return malformed("the price of shared energy must be between 0 and 1000 coins per kWh");
  }
  std::int64_t all = 0;
  for (std::size_t i = 0; i < shares.shares.size(); ++i) {
    const MemberShare& share = shares.shares[i];
    if (!is_participant(share.participant)) return malformed("a share is of no participant");
    if (!is_share(share.share_nano)) return malformed("a share must be between 0 and 1");
    if (i > 0 && share.participant <= shares.shares[i - 1].participant) {
      return malformed("shares stand by participant, each once");
    }
    all += share.share_nano;  // of at most 10,000 shares
  }
  if (all > market::whole_share) return malformed("the shares together are more than 1");
  return check_pairs(shares.pairs);
}

std::optional<SetShares> find_shares(const StateReader& state, UtcMillis slot) {
  const auto value = version_at(state, prefix(), slot);
  if (!value) return std::nullopt;
  return decoded(*value);
}

std::vector<SetShares> share_versions(const StateReader& state) {
  std::vector<SetShares> result;
  for_each_version(state, prefix(),
                   [&](UtcMillis, ByteView value) { result.push_back(decoded(value)); });
  return result;
}

bool put_shares(Overlay& state, const SetShares& shares, UtcMillis oldest_needed) {
  if (forget_versions(state, prefix(), oldest_needed) >= SharingLimits::max_versions) return false;
  put_version(state, prefix(), shares.from, encoded(shares));
  return true;
}

market::Sharing market_sharing(const SetShares& shares, const std::vector<Terms>& terms) {
  const auto position = [&](const ParticipantRef& ref) -> std::optional<std::uint32_t> {
    const auto at = std::lower_bound(terms.begin(), terms.end(), ref,
                                     [](const Terms& entry, const ParticipantRef& participant) {
                                       return entry.participant < participant;
                                     });
    if (at == terms.end() || at->participant != ref) return std::nullopt;
    return static_cast<std::uint32_t>(at - terms.begin());
  };
  market::Sharing sharing;
  sharing.price = shares.price;
  if (!shares.shares.empty()) sharing.shares_nano.resize(terms.size());
  for (const MemberShare& share : shares.shares) {
    if (const auto at = position(share.participant)) sharing.shares_nano[*at] = share.share_nano;
  }
  for (const PairShare& pair : shares.pairs) {
    const auto producer = position(pair.producer);
    const auto consumer = position(pair.consumer);
    if (producer && consumer)
      sharing.pair_shares.push_back({*producer, *consumer, pair.share_nano});
  }
  return sharing;
}

}  // namespace powershare::ledger
