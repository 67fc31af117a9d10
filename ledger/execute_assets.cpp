// Assets: opened, set, handed to another owner, closed.
#include "ledger/assets.hpp"
#include "ledger/booking.hpp"
#include "ledger/execution.hpp"
#include "ledger/trading_rights.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
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

Verdict cannot_own(ParticipantType type) {
  return reject("not_allowed",
                "A " + std::string(to_text(type)) + " cannot own this class of asset");
}

Verdict asset_exists(const ParticipantRef& owner, AssetClass asset, const std::string& id) {
  return reject("asset_exists", "The asset " + (id.empty() ? asset_id_of(asset, owner.id) : id) +
                                    " of " + to_text(owner) + " already exists");
}

/// Moves all of an asset to its next owner, under the same id.
Verdict change_owner(Overlay& state, const AdjustAsset& payload, AccountId& account) {
  const auto& next = *payload.new_owner;
  if (!may_own(next.type, payload.asset)) return cannot_own(next.type);
  const auto id = payload.id.empty() ? asset_id_of(payload.asset, payload.owner.id) : payload.id;
  const auto before = find_asset(state, payload.asset, id);
  // Two participants of different types may have one id: then this is the other one's.
  if (!before || before->account != account) {
    return unknown_asset(payload.owner, payload.asset, id);
  }
  forget_asset_name(state, payload.asset, id);
  const auto moved = before->balance_nano;
  if (moved != 0) {
    const auto adjustment = system_account(AccountClass::adjustment, account.asset);
    const Posting out[] = {{account, -moved}, {adjustment, moved}};
    if (const auto posted = post(state, out); !posted) return rejected(posted.error());
  }
  if (const auto closed = close_account(state, account); !closed) return rejected(closed.error());
  const auto named = name_asset(state, next, payload.asset, payload.currency, id, before->units);
  if (!named || !open_account(state, *named)) return asset_exists(next, payload.asset, id);
  account = *named;
  return set_balance(state, account, moved, AccountClass::adjustment);
}

}  // namespace

Verdict execute(Overlay& state, const ProvisionAsset& payload) {
  if (!may_own(payload.owner.type, payload.asset)) return cannot_own(payload.owner.type);
  const auto account =
      name_asset(state, payload.owner, payload.asset, payload.currency, payload.id, payload.units);
  if (!account || !open_account(state, *account)) {
    return asset_exists(payload.owner, payload.asset, payload.id);
  }
  return set_balance(state, *account, payload.balance_nano, issuer(payload.asset));
}

Verdict execute(Overlay& state, const AdjustAsset& payload) {
  auto account = asset_account(state, payload.owner, payload.asset, payload.currency, payload.id);
  if (!account) return unknown_asset(payload.owner, payload.asset, payload.id);
  if (payload.new_owner && *payload.new_owner != payload.owner) {
    if (auto failed = change_owner(state, payload, *account)) return failed;
  }
  if (!payload.units.empty()) {
    const auto id = payload.id.empty() ? asset_id_of(payload.asset, payload.owner.id) : payload.id;
    set_asset_units(state, payload.asset, id, payload.units);
  }
  return set_balance(state, *account, payload.balance_nano, AccountClass::adjustment);
}

Verdict execute(Overlay& state, const DeleteAsset& payload) {
  const auto account =
      asset_account(state, payload.owner, payload.asset, payload.currency, payload.id);
  if (!account) return unknown_asset(payload.owner, payload.asset, payload.id);
  if (auto failed = set_balance(state, *account, 0, issuer(payload.asset))) return failed;
  if (const auto closed = close_account(state, *account); !closed) return rejected(closed.error());
  forget_asset_name(state, payload.asset,
                    payload.id.empty() ? asset_id_of(payload.asset, payload.owner.id) : payload.id);
  return {};
}

}  // namespace powershare::ledger
