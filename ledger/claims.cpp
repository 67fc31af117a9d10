#include "ledger/claims.hpp"

#include <algorithm>
#include <limits>

#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

struct Claim {
  UtcMillis since;
  ParticipantId creditor;
  Coins coins;
};

Bytes encode_coins(Coins coins) {
  return std::move(Encoder().quantity(coins)).take();
}

/// All claims on `debtor`, oldest first.
std::vector<Claim> claims(const StateReader& state, const ParticipantRef& debtor) {
  std::vector<Claim> result;
  state.scan(state_key::claims_of(debtor), {}, [&](ByteView key, ByteView value) {
    state_key::Reader in(key);
    in.participant();
    Claim claim;
    claim.since = in.time();
    auto creditor = ParticipantId::parse(in.text());
    Decoder amount(value);
    claim.coins = amount.quantity<Coins>();
    PS_ASSERT(in.finished() && amount.finished() && creditor.ok());
    claim.creditor = *std::move(creditor);
    result.push_back(std::move(claim));
    return true;
  });
  return result;
}

void put_claim(Overlay& state, const ParticipantRef& debtor, const Claim& claim) {
  auto key = state_key::claim(debtor, claim.since, claim.creditor);
  if (claim.coins.is_zero()) {
    state.erase(std::move(key));
  } else {
    state.put(std::move(key), encode_coins(claim.coins));
  }
}

/// The postings that shrink a claim.
void release(std::vector<Posting>& postings, const ParticipantRef& debtor,
             const ParticipantId& creditor, std::int64_t coins_nano) {
  postings.push_back({claim_account(debtor, creditor), -coins_nano});
  postings.push_back({system_account(AccountClass::claims_debtor, asset_due), coins_nano});
}

}  // namespace

Result<void> add_claim(Overlay& state, const ParticipantRef& debtor, const ParticipantId& utility,
                       UtcMillis since, Coins coins) {
  PS_ASSERT(coins.is_positive() && since.value >= 0);
  const Posting postings[] = {
      {claim_account(debtor, utility), coins.nano()},
      {system_account(AccountClass::claims_debtor, asset_due), -coins.nano()},
  };
  auto booked = post(state, postings);
  if (!booked) return booked;
  Claim claim{since, utility, coins};
  if (const auto value = state.get(state_key::claim(debtor, since, utility))) {
    Decoder in(*value);
    auto sum = add(in.quantity<Coins>(), coins);
    if (!sum) return sum.error();
    claim.coins = *sum;
  }
  put_claim(state, debtor, claim);
  return {};
}

Result<Coins> reduce_claim(Overlay& state, const ParticipantRef& debtor,
                           const ParticipantId& utility, Coins coins) {
  PS_ASSERT(!coins.is_negative());
  auto open = claims(state, debtor);
  std::int64_t rest_nano = coins.nano();
  for (auto claim = open.rbegin(); claim != open.rend() && rest_nano > 0; ++claim) {
    if (claim->creditor != utility) continue;
    const auto part_nano = std::min(rest_nano, claim->coins.nano());
    rest_nano -= part_nano;
    claim->coins = Coins::from_nano(claim->coins.nano() - part_nano);
    put_claim(state, debtor, *claim);
  }
  const auto taken_nano = coins.nano() - rest_nano;
  std::vector<Posting> postings;
  if (taken_nano > 0) release(postings, debtor, utility, taken_nano);
  auto booked = post(state, postings);
  if (!booked) return booked.error();
  return Coins::from_nano(taken_nano);
}

Result<Coins> pay_claims(Overlay& state, const ParticipantRef& debtor) {
  const auto wallet = participant_account(debtor, asset_coins);
  const auto coins_nano = balance(state, wallet);
  if (coins_nano <= 0) return Coins{};
  std::int64_t rest_nano = coins_nano;
  std::vector<Posting> postings;
  for (auto& claim : claims(state, debtor)) {
    if (rest_nano == 0) break;
    const auto part_nano = std::min(rest_nano, claim.coins.nano());
    rest_nano -= part_nano;
    postings.push_back({wallet, -part_nano});
    postings.push_back(
        {participant_account({ParticipantType::utility_company, claim.creditor}, asset_coins),
         part_nano});
    release(postings, debtor, claim.creditor, part_nano);
    claim.coins = Coins::from_nano(claim.coins.nano() - part_nano);
    put_claim(state, debtor, claim);
  }
  auto booked = post(state, postings);
  if (!booked) return booked.error();
  return Coins::from_nano(coins_nano - rest_nano);
}

Coins claims_on(const StateReader& state, const ParticipantRef& debtor) {
  std::int64_t sum_nano = 0;
  for (const auto& claim : claims(state, debtor)) {
    // Each claim stands in the debtor's claim accounts too, whose postings are checked; the sum is
    // capped, not wrapped.
    if (__builtin_add_overflow(sum_nano, claim.coins.nano(), &sum_nano)) {
      return Coins::from_nano(std::numeric_limits<std::int64_t>::max());
    }
  }
  return Coins::from_nano(sum_nano);
}

}  // namespace powershare::ledger
