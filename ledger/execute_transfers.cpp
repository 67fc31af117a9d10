// The thesis's five transactions (§3.2.2.C) and the provisioning of assets, with the thesis's error texts.
#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/execution.hpp"
#include "ledger/trading_rights.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

/// "CO_H01", as people know the asset.
std::string asset_text(const ParticipantRef& owner, AssetClass asset) {
  switch (asset) {
    case AssetClass::energy:
      return "EN_" + owner.id.text();
    case AssetClass::coins:
      return "CO_" + owner.id.text();
    case AssetClass::cash:
      break;
  }
  return "CA_" + owner.id.text();
}

AccountId account_of(const ParticipantRef& owner, AssetClass asset, std::string_view currency = {}) {
  return participant_account(owner, asset_name(asset, currency));
}

/// Rejects where the asset has not been provisioned.
Verdict require(const StateReader& state, const ParticipantRef& owner, AssetClass asset,
                std::string_view currency = {}) {
  if (find_balance(state, account_of(owner, asset, currency))) return {};
  return reject("unknown_asset",
                "Unknown asset " + asset_text(owner, asset) + " of " + to_text(owner));
}

/// The account class that issues an asset and takes it back.
AccountClass issuer(AssetClass asset) {
  switch (asset) {
    case AssetClass::energy:
      return AccountClass::adjustment;
    case AssetClass::coins:
      return AccountClass::bank_issue;
    case AssetClass::cash:
      break;
  }
  return AccountClass::fiat;
}

/// Books, then pays what those who got coins owe.
Verdict book(Overlay& state, std::span<const Posting> postings) {
  if (const auto booked = post(state, postings); !booked) return rejected(booked.error());
  for (const auto& posting : postings) {
    const auto& account = posting.account;
    if (account.account_class != AccountClass::participant || account.asset != asset_coins) continue;
    if (posting.amount_nano <= 0) continue;
    if (const auto paid = pay_claims(state, *account.owner); !paid) return rejected(paid.error());
  }
  return {};
}

/// The name of a participant's kind in the thesis's messages: "resident account".
std::string_view account_holder(ParticipantType type) {
  switch (type) {
    case ParticipantType::resident:
      return "resident";
    case ParticipantType::electric_vehicle:
      return "electric vehicle";
    case ParticipantType::bank:
      return "bank";
    case ParticipantType::utility_company:
      return "utility company";
  }
  return "unknown";
}

Verdict insufficient_coins(const ParticipantRef& owner) {
  return reject("insufficient_coins", "Insufficient coins in " +
                                          std::string(account_holder(owner.type)) + " account");
}

Verdict insufficient_cash(const ParticipantRef& owner) {
  return reject("insufficient_cash",
                "Insufficient cash in " + std::string(account_holder(owner.type)) + " account");
}

/// Sets a balance by booking the difference against `counterpart`.
Verdict set_balance(Overlay& state, const AccountId& account, std::int64_t balance_nano,
                    AccountClass counterpart) {
  const auto difference_nano = balance_nano - balance(state, account);  // both are >= 0
  if (difference_nano == 0) return {};
  const Posting postings[] = {{account, difference_nano},
                              {system_account(counterpart, account.asset), -difference_nano}};
  return book(state, postings);
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

Verdict execute(Overlay& state, const ProvisionAsset& payload) {
  if (!may_own(payload.owner.type, payload.asset)) {
    return reject("not_allowed", "A " + std::string(to_text(payload.owner.type)) +
                                     " cannot own this class of asset");
  }
  const auto account = account_of(payload.owner, payload.asset, payload.currency);
  if (!open_account(state, account)) {
    return reject("asset_exists", "The asset " + asset_text(payload.owner, payload.asset) +
                                      " of " + to_text(payload.owner) + " already exists");
  }
  return set_balance(state, account, payload.balance_nano, issuer(payload.asset));
}

Verdict execute(Overlay& state, const AdjustAsset& payload) {
  if (auto unknown = require(state, payload.owner, payload.asset, payload.currency)) return unknown;
  return set_balance(state, account_of(payload.owner, payload.asset, payload.currency),
                     payload.balance_nano, AccountClass::adjustment);
}

Verdict execute(Overlay& state, const DeleteAsset& payload) {
  if (auto unknown = require(state, payload.owner, payload.asset, payload.currency)) return unknown;
  const auto account = account_of(payload.owner, payload.asset, payload.currency);
  if (auto failed = set_balance(state, account, 0, issuer(payload.asset))) return failed;
  if (const auto closed = close_account(state, account); !closed) return rejected(closed.error());
  return {};
}

Verdict execute(Overlay& state, const EnergyToCoins& payload) {
  const auto& [rate, energy, seller, buyer] = payload;
  if (seller == buyer) {
    return reject("same_participant", "A participant cannot trade with itself");
  }
  if (!may_trade_energy(seller.type, buyer.type)) {
    return reject("not_allowed", "A " + std::string(to_text(seller.type)) +
                                     " cannot sell energy to a " + std::string(to_text(buyer.type)));
  }
  for (const auto asset : {AssetClass::energy, AssetClass::coins}) {
    if (auto unknown = require(state, seller, asset)) return unknown;
    if (auto unknown = require(state, buyer, asset)) return unknown;
  }
  const auto amount = multiply(rate, energy);
  if (!amount) return rejected(amount.error());
  if (balance(state, account_of(seller, AssetClass::energy)) < energy.nano()) {
    return reject("insufficient_energy", "Insufficient energy in producer account");
  }
  if (balance(state, account_of(buyer, AssetClass::coins)) < amount->nano()) {
    return reject("insufficient_coins", "Insufficient coins in consumer account");
  }
  const Posting postings[] = {
      {account_of(seller, AssetClass::energy), -energy.nano()},
      {account_of(buyer, AssetClass::energy), energy.nano()},
      {account_of(buyer, AssetClass::coins), -amount->nano()},
      {account_of(seller, AssetClass::coins), amount->nano()},
  };
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashToCoins& payload) {
  const auto& [rate, cash, currency, coins_to, coins_from] = payload;
  if (!may_exchange_cash(coins_to.type, coins_from.type)) {
    return reject("not_allowed", "Only a Resident and a Bank exchange cash for coins");
  }
  for (const auto& side : {coins_to, coins_from}) {
    if (auto unknown = require(state, side, AssetClass::coins)) return unknown;
    if (auto unknown = require(state, side, AssetClass::cash, currency)) return unknown;
  }
  const auto coins = multiply(rate, cash);
  if (!coins) return rejected(coins.error());
  if (balance(state, account_of(coins_to, AssetClass::cash, currency)) < cash.nano()) {
    return insufficient_cash(coins_to);
  }
  if (balance(state, account_of(coins_from, AssetClass::coins)) < coins->nano()) {
    return insufficient_coins(coins_from);
  }
  const Posting postings[] = {
      {account_of(coins_to, AssetClass::cash, currency), -cash.nano()},
      {account_of(coins_from, AssetClass::cash, currency), cash.nano()},
      {account_of(coins_from, AssetClass::coins), -coins->nano()},
      {account_of(coins_to, AssetClass::coins), coins->nano()},
  };
  return book(state, postings);
}

Verdict execute(Overlay& state, const TransferCoinsToEV& payload) {
  const auto& [coins, from, to] = payload;
  if (!may_transfer_coins(from.type, to.type)) {
    return reject("not_allowed", "Coins go between a Resident and an ElectricVehicle only");
  }
  for (const auto& side : {from, to}) {
    if (auto unknown = require(state, side, AssetClass::coins)) return unknown;
  }
  if (balance(state, account_of(from, AssetClass::coins)) < coins.nano()) {
    return insufficient_coins(from);
  }
  const Posting postings[] = {{account_of(from, AssetClass::coins), -coins.nano()},
                              {account_of(to, AssetClass::coins), coins.nano()}};
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashFundingResident& payload) {
  const auto& [cash, currency, resident] = payload;
  if (!may_fund_cash(resident.type)) {
    return reject("not_allowed", "Only a Resident funds cash");
  }
  if (auto unknown = require(state, resident, AssetClass::cash, currency)) return unknown;
  const auto asset = asset_cash(currency);
  const Posting postings[] = {{participant_account(resident, asset), cash.nano()},
                              {system_account(AccountClass::fiat, asset), -cash.nano()}};
  return book(state, postings);
}

Verdict execute(Overlay& state, const CashWithdrawalResident& payload) {
  const auto& [cash, currency, resident] = payload;
  if (!may_fund_cash(resident.type)) {
    return reject("not_allowed", "Only a Resident withdraws cash");
  }
  if (auto unknown = require(state, resident, AssetClass::cash, currency)) return unknown;
  const auto asset = asset_cash(currency);
  if (balance(state, participant_account(resident, asset)) < cash.nano()) {
    return insufficient_cash(resident);
  }
  const Posting postings[] = {{participant_account(resident, asset), -cash.nano()},
                              {system_account(AccountClass::fiat, asset), cash.nano()}};
  return book(state, postings);
}

}  // namespace powershare::ledger
