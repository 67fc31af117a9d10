// The thesis's five transactions (§3.2.2.C), with the thesis's error texts.
#include "ledger/assets.hpp"
#include "ledger/booking.hpp"
#include "ledger/execution.hpp"
#include "ledger/membership.hpp"
#include "ledger/trading_rights.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

}  // namespace

Verdict rejected(const Error& error) {
  if (error.code() == LedgerError::insufficient) {
    return reject("insufficient_balance", error.detail());
  }
  if (error.code() == LedgerError::overflow || error.code() == BaseError::overflow) {
    return reject("overflow", error.detail());
  }
  return reject("invariant", error.detail());
}

Verdict execute(Overlay& state, const EnergyToCoins& payload) {
  const auto& seller = payload.seller;
  const auto& buyer = payload.buyer;
  if (seller == buyer) {
    return reject("same_participant", "A participant cannot trade with itself");
  }
  if (!may_trade_energy(seller.type, buyer.type)) {
    return reject("not_allowed", "A " + std::string(to_text(seller.type)) +
                                     " cannot sell energy to a " +
                                     std::string(to_text(buyer.type)));
  }
  const auto energy_from = asset_account(state, seller, AssetClass::energy, {}, payload.energy_dec);
  if (!energy_from) return unknown_asset(seller, AssetClass::energy, payload.energy_dec);
  const auto energy_to = asset_account(state, buyer, AssetClass::energy, {}, payload.energy_inc);
  if (!energy_to) return unknown_asset(buyer, AssetClass::energy, payload.energy_inc);
  const auto coins_to = asset_account(state, seller, AssetClass::coins, {}, payload.coins_inc);
  if (!coins_to) return unknown_asset(seller, AssetClass::coins, payload.coins_inc);
  const auto coins_from = asset_account(state, buyer, AssetClass::coins, {}, payload.coins_dec);
  if (!coins_from) return unknown_asset(buyer, AssetClass::coins, payload.coins_dec);
  const auto energy = payload.energy;
  const auto amount = multiply(payload.energy_rate, energy);
  if (!amount) return rejected(amount.error());
  if (balance(state, *energy_from) < energy.nano()) {
    return reject("insufficient_energy", "Insufficient energy in producer account");
  }
  if (balance(state, *coins_from) < amount->nano()) {
    return reject("insufficient_coins", "Insufficient coins in consumer account");
  }
  const Posting postings[] = {
      {*energy_from, -energy.nano()},
      {*energy_to, energy.nano()},
      {*coins_from, -amount->nano()},
      {*coins_to, amount->nano()},
  };
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashToCoins& payload) {
  const auto& gets_coins = payload.coins_to;
  const auto& gets_cash = payload.coins_from;
  const auto& currency = payload.currency;
  if (!may_exchange_cash(gets_coins.type, gets_cash.type)) {
    return reject("not_allowed", "Only a Resident and a Bank exchange cash for coins");
  }
  const auto coins_to = asset_account(state, gets_coins, AssetClass::coins, {}, payload.coins_inc);
  if (!coins_to) return unknown_asset(gets_coins, AssetClass::coins, payload.coins_inc);
  const auto cash_from =
      asset_account(state, gets_coins, AssetClass::cash, currency, payload.cash_dec);
  if (!cash_from) return unknown_asset(gets_coins, AssetClass::cash, payload.cash_dec);
  const auto coins_from = asset_account(state, gets_cash, AssetClass::coins, {}, payload.coins_dec);
  if (!coins_from) return unknown_asset(gets_cash, AssetClass::coins, payload.coins_dec);
  const auto cash_to =
      asset_account(state, gets_cash, AssetClass::cash, currency, payload.cash_inc);
  if (!cash_to) return unknown_asset(gets_cash, AssetClass::cash, payload.cash_inc);
  const auto cash = payload.cash;
  const auto coins = multiply(payload.cash_rate, cash);
  if (!coins) return rejected(coins.error());
  if (balance(state, *cash_from) < cash.nano()) return insufficient_cash(gets_coins);
  if (balance(state, *coins_from) < coins->nano()) return insufficient_coins(gets_cash);
  const Posting postings[] = {
      {*cash_from, -cash.nano()},
      {*cash_to, cash.nano()},
      {*coins_from, -coins->nano()},
      {*coins_to, coins->nano()},
  };
  return book(state, postings);
}

Verdict execute(Overlay& state, const TransferCoinsToEV& payload) {
  // The former server let Residents pay one another in this way; so does this one since level 3.
  const bool residents = payload.from.type == ParticipantType::resident &&
                         payload.to.type == ParticipantType::resident &&
                         payload.from != payload.to && current_feature_level(state) >= 3;
  if (!residents && !may_transfer_coins(payload.from.type, payload.to.type)) {
    return reject("not_allowed", "Coins go between a Resident and an ElectricVehicle only");
  }
  const auto from = asset_account(state, payload.from, AssetClass::coins, {}, payload.coins_dec);
  if (!from) return unknown_asset(payload.from, AssetClass::coins, payload.coins_dec);
  const auto to = asset_account(state, payload.to, AssetClass::coins, {}, payload.coins_inc);
  if (!to) return unknown_asset(payload.to, AssetClass::coins, payload.coins_inc);
  const auto coins = payload.coins;
  if (balance(state, *from) < coins.nano()) return insufficient_coins(payload.from);
  const Posting postings[] = {{*from, -coins.nano()}, {*to, coins.nano()}};
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashFundingResident& payload) {
  if (!may_fund_cash(payload.resident.type)) {
    return reject("not_allowed", "Only a Resident funds cash");
  }
  const auto account =
      asset_account(state, payload.resident, AssetClass::cash, payload.currency, payload.cash_inc);
  if (!account) return unknown_asset(payload.resident, AssetClass::cash, payload.cash_inc);
  const auto cash = payload.cash;
  const Posting postings[] = {{*account, cash.nano()},
                              {system_account(AccountClass::fiat, account->asset), -cash.nano()}};
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashWithdrawalResident& payload) {
  if (!may_fund_cash(payload.resident.type)) {
    return reject("not_allowed", "Only a Resident withdraws cash");
  }
  const auto account =
      asset_account(state, payload.resident, AssetClass::cash, payload.currency, payload.cash_dec);
  if (!account) return unknown_asset(payload.resident, AssetClass::cash, payload.cash_dec);
  const auto cash = payload.cash;
  if (balance(state, *account) < cash.nano()) return insufficient_cash(payload.resident);
  const Posting postings[] = {{*account, -cash.nano()},
                              {system_account(AccountClass::fiat, account->asset), cash.nano()}};
  return book(state, postings);
}

}  // namespace powershare::ledger
