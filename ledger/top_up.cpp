#include "ledger/top_up.hpp"

#include <algorithm>

#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/execution.hpp"
#include "ledger/household_news.hpp"
#include "ledger/movements.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_record.hpp"

namespace powershare::ledger {
namespace {

/// Banks that are asked, in the order of their ids.
constexpr std::size_t max_banks = 16;

/// Buys coins of `bank`; false where it has too few.
bool buy(Overlay& state, const ParticipantRef& who, const ParticipantRef& bank, Coins coins,
         const std::string& currency) {
  CashToCoins exchange;
  exchange.cash_rate = Price::from_nano(nano_per_unit);
  exchange.cash = Cash::from_nano(coins.nano());
  exchange.currency = currency;
  exchange.coins_to = who;
  exchange.coins_from = bank;
  return !execute(state, exchange);
}

void top_up(Overlay& state, const BlockContext& context, UtcMillis slot,
            const SetPreferences& preferences, const std::vector<ParticipantRef>& from) {
  const auto& who = preferences.participant;
  const auto& currency = context.parameters.currency;
  const auto wallet = participant_account(who, asset_coins);
  const auto cash = balance(state, participant_account(who, asset_cash(currency)));
  const auto coins = Coins::from_nano(std::min(preferences.top_up_amount.nano(), cash));
  if (!coins.is_positive() || !find_balance(state, wallet)) return;
  for (const auto& bank : from) {
    Overlay changes(state);
    if (!buy(changes, who, bank, coins, currency)) continue;
    tell_top_up_movements(changes, state, context, slot);
    tell_news(
        context,
        {who, 0, 0, {}, NewsKind::top_up, {}, 0, slot, coins.nano(), balance(changes, wallet)});
    changes.merge_into(state);
    return;
  }
}

}  // namespace

std::vector<ParticipantRef> banks_dealing_in(const StateReader& state,
                                             const std::string& currency) {
  std::vector<ParticipantRef> result;
  std::size_t seen = 0;
  for_each_participant_of(state, ParticipantType::bank, [&](const Participant& participant) {
    const auto& bank = participant.ref;
    if (find_balance(state, participant_account(bank, asset_coins)) &&
        find_balance(state, participant_account(bank, asset_cash(currency)))) {
      result.push_back(bank);
    }
    return ++seen < max_banks;
  });
  return result;
}

void top_up_households(Overlay& state, const BlockContext& context, UtcMillis slot) {
  if (!has_any_preferences(state)) return;
  const auto record = find_slot(state, slot);
  if (!record) return;
  std::optional<std::vector<ParticipantRef>> from;
  for (const auto& terms : record->terms) {
    const auto preferences = find_preferences(state, terms.participant);
    if (!preferences || !preferences->top_up_below.is_positive()) continue;
    const auto coins = balance(state, participant_account(terms.participant, asset_coins));
    if (coins >= preferences->top_up_below.nano()) continue;
    if (!from) from = banks_dealing_in(state, context.parameters.currency);
    top_up(state, context, slot, *preferences, *from);
  }
}

}  // namespace powershare::ledger
