#include "ledger/rewards.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/state_keys.hpp"
#include "market/settlement_formulas.hpp"

namespace powershare::ledger {
namespace {

constexpr std::size_t solar = 0;  ///< position in BySource

Bytes carry_key(const ParticipantRef& ref) {
  return state_key::Builder(StateTable::solar_carry).participant(ref).take();
}

void put_carry(Overlay& state, const ParticipantRef& ref, Energy carry) {
  if (carry.is_zero()) return state.erase(carry_key(ref));
  state.put(carry_key(ref), Encoder().quantity(carry).data());
}

/// One coin for each MWh.
Result<void> pay_solarcoin(Overlay& state, const SlotOrigins& origins) {
  for (const auto& [participant, origin] : origins.of) {
    if (origin.issued[solar] == 0) continue;
    const auto grant = market::solarcoin_grant(solar_carry(state, participant),
                                               Energy::from_nano(origin.issued[solar]));
    if (!grant) return grant.error();
    put_carry(state, participant, grant->carry);
    if (grant->coins == 0) continue;
    const std::int64_t nano = grant->coins * nano_per_unit;  // far inside 64 bits: of one slot
    const Posting postings[] = {
        {participant_account(participant, asset_solarcoin), nano},
        {system_account(AccountClass::solarcoin_issue, asset_solarcoin), -nano}};
    if (auto booked = post(state, postings); !booked) return booked;
  }
  return {};
}

Result<void> move_nrgcoin(Overlay& state, const ParticipantRef& who, AccountClass counterpart,
                          std::int64_t nano) {
  if (nano == 0) return {};
  const Posting postings[] = {{participant_account(who, asset_nrgcoin), nano},
                              {system_account(counterpart, asset_nrgcoin), -nano}};
  return post(state, postings);
}

/// All are minted first, so that the order of participants decides nothing.
Result<void> pay_nrgcoin(Overlay& state, const SlotOrigins& origins) {
  for (const auto& [participant, origin] : origins.of) {
    auto minted = move_nrgcoin(state, participant, AccountClass::nrgcoin_issue, total(origin.sold));
    if (!minted) return minted;
  }
  for (const auto& [participant, origin] : origins.of) {
    const std::int64_t coins = balance(state, participant_account(participant, asset_nrgcoin));
    const std::int64_t spent = std::min(coins, total(origin.bought));
    auto burned = move_nrgcoin(state, participant, AccountClass::nrgcoin_burned, -spent);
    if (!burned) return burned;
  }
  return {};
}

}  // namespace

Result<void> pay_rewards(Overlay& state, const Parameters& parameters, const SlotOrigins& origins) {
  Overlay changes(state);
  Result<void> paid;
  if (parameters.solarcoin) paid = pay_solarcoin(changes, origins);
  if (paid && parameters.nrgcoin) paid = pay_nrgcoin(changes, origins);
  if (paid) changes.merge_into(state);
  return paid;
}

Energy solar_carry(const StateReader& state, const ParticipantRef& ref) {
  const auto value = state.get(carry_key(ref));
  if (!value) return {};
  Decoder in(*value);
  const auto carry = in.quantity<Energy>();
  PS_ASSERT(in.finished());  // our own record
  return carry;
}

RewardSupply reward_supply(const StateReader& state, std::string_view asset) {
  RewardSupply supply;
  for_each_account(state, [&](const AccountId& account, std::int64_t nano) {
    if (account.asset != asset) return true;
    switch (account.account_class) {
      case AccountClass::participant:
        supply.held_nano += nano;
        break;
      case AccountClass::solarcoin_issue:
      case AccountClass::nrgcoin_issue:
        supply.minted_nano -= nano;
        break;
      case AccountClass::nrgcoin_burned:
        supply.burned_nano += nano;
        break;
      default:
        break;
    }
    return true;
  });
  return supply;
}

}  // namespace powershare::ledger
