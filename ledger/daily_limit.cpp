#include "ledger/daily_limit.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/membership.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t limited_from_level = 3;

struct Spending {
  std::int64_t day = 0;
  std::int64_t coins_nano = 0;
  std::int64_t cash_nano = 0;
};

Spending spending_on(const StateReader& state, ByteView key, std::int64_t day) {
  const auto value = state.get(key);
  if (!value) return {day};
  Decoder in(*value);
  Spending spending;
  spending.day = in.i64();
  spending.coins_nano = in.i64();
  spending.cash_nano = in.i64();
  PS_ASSERT(in.finished());
  return spending.day == day ? spending : Spending{day};
}

bool is_limited(const StateReader& state, const BlockContext& context, const PublicKey& signer) {
  if (context.height == 0 || current_feature_level(state) < limited_from_level) return false;
  const auto bindings = bindings_of(state, signer);
  return std::none_of(bindings.begin(), bindings.end(),
                      [](const KeyBinding& binding) { return binding.has(Scope::governance); });
}

}  // namespace

Verdict charge_daily_limit(Overlay& state, const BlockContext& context,
                           const Transaction& transaction, Coins coins, Cash cash) {
  const bool gives = coins.nano() > 0 || cash.nano() > 0;
  if (!gives || !is_limited(state, context, transaction.signer)) return {};
  auto key = state_key::Builder(StateTable::daily_spending).raw(transaction.signer).take();
  auto spending = spending_on(state, key, context.block_time.value / millis_per_day);
  // Both are at most a billion units, so the sums stay inside 64 bits.
  spending.coins_nano += std::max<std::int64_t>(coins.nano(), 0);
  spending.cash_nano += std::max<std::int64_t>(cash.nano(), 0);
  if (spending.coins_nano > context.parameters.gateway_daily_coins.nano() ||
      spending.cash_nano > context.parameters.gateway_daily_cash.nano()) {
    return Rejection{"daily_limit",
                     "This key has given out today what it may; the administrator's own key signs "
                     "for more"};
  }
  state.put(std::move(key),
            std::move(Encoder().i64(spending.day).i64(spending.coins_nano).i64(spending.cash_nano))
                .take());
  return {};
}

}  // namespace powershare::ledger
