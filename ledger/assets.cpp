#include "ledger/assets.hpp"

#include <map>

#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr std::string_view default_units = "kWh";

/// What stands under StateTable::asset.
struct AssetRecord {
  ParticipantRef owner;
  std::string currency;
  std::string units;
  std::string account_name;  ///< empty: the owner's account that everybody else means

  Bytes encode() const {
    Encoder out;
    ledger::encode(out, owner);
    return out.text(currency).text(units).text(account_name).data();
  }
  static AssetRecord decode(ByteView value) {
    Decoder in(value);
    AssetRecord record;
    record.owner = decode_participant_ref(in);
    record.currency = in.text(8);
    record.units = in.text(max_label_bytes);
    record.account_name = in.text(max_asset_id_bytes);
    PS_ASSERT(in.finished());  // our own record
    return record;
  }
};

Bytes record_key(AssetClass asset, const std::string& id) {
  return state_key::Builder(StateTable::asset).u8(static_cast<std::uint8_t>(asset)).text(id).take();
}

Bytes references_key(const ParticipantRef& ref) {
  return state_key::Builder(StateTable::asset_references).participant(ref).take();
}

std::optional<AssetRecord> find_record(const StateReader& state, AssetClass asset,
                                       const std::string& id) {
  const auto value = state.get(record_key(asset, id));
  if (!value) return std::nullopt;
  return AssetRecord::decode(*value);
}

AccountId account_of(const AssetRecord& record, AssetClass asset) {
  return {AccountClass::participant, record.owner, record.account_name,
          asset_name(asset, record.currency)};
}

AssetView view_of(const StateReader& state, AssetClass asset, const std::string& id,
                  const AssetRecord& record) {
  AssetView view{id, asset, record.owner, record.currency, record.units, account_of(record, asset)};
  if (asset == AssetClass::energy && view.units.empty()) view.units = default_units;
  view.balance_nano = balance(state, view.account);
  return view;
}

std::string_view prefix_of(AssetClass asset) {
  switch (asset) {
    case AssetClass::energy:
      return "EN_";
    case AssetClass::coins:
      return "CO_";
    case AssetClass::cash:
      break;
  }
  return "CA_";
}

/// The class of an account's asset, and the currency of cash; nothing for claims.
std::optional<AssetClass> class_of(const AccountId& account, std::string& currency) {
  if (account.asset == asset_energy) return AssetClass::energy;
  if (account.asset == asset_coins) return AssetClass::coins;
  constexpr std::string_view cash = "CA:";
  if (account.asset.substr(0, cash.size()) != cash) return std::nullopt;
  currency = account.asset.substr(cash.size());
  return AssetClass::cash;
}

/// Accounts of one owner that are the only ones of their class: they have no name.
std::optional<AssetRecord> unnamed_asset(const StateReader& state, const ParticipantRef& owner,
                                         AssetClass asset) {
  std::optional<AssetRecord> found;
  for_each_account_of(state, owner, [&](const AccountId& account, std::int64_t) {
    std::string currency;
    if (account.account_class == AccountClass::participant && account.name.empty() &&
        class_of(account, currency) == asset) {
      found = AssetRecord{owner, currency, {}, {}};
    }
    return !found;
  });
  return found;
}

}  // namespace

std::string asset_id_of(AssetClass asset, const ParticipantId& owner) {
  return std::string(prefix_of(asset)) + owner.text();
}

std::optional<AssetView> find_asset(const StateReader& state, AssetClass asset,
                                    const std::string& id) {
  if (const auto record = find_record(state, asset, id)) return view_of(state, asset, id, *record);
  const auto prefix = prefix_of(asset);
  if (id.substr(0, prefix.size()) != prefix) return std::nullopt;
  const auto owner_id = ParticipantId::parse(id.substr(prefix.size()));
  if (!owner_id) return std::nullopt;
  for (const auto type : {ParticipantType::resident, ParticipantType::electric_vehicle,
                          ParticipantType::bank, ParticipantType::utility_company}) {
    if (const auto record = unnamed_asset(state, {type, *owner_id}, asset)) {
      return view_of(state, asset, id, *record);
    }
  }
  return std::nullopt;
}

void for_each_asset(const StateReader& state, AssetClass asset,
                    const std::function<bool(const AssetView&)>& visit) {
  std::map<std::string, AssetRecord> assets;
  for_each_account(state, [&](const AccountId& account, std::int64_t) {
    if (account.account_class != AccountClass::participant) return false;  // they come first
    std::string currency;
    if (account.name.empty() && class_of(account, currency) == asset) {
      assets.try_emplace(asset_id_of(asset, account.owner->id),
                         AssetRecord{*account.owner, currency, {}, {}});
    }
    return true;
  });
  const auto table =
      state_key::Builder(StateTable::asset).u8(static_cast<std::uint8_t>(asset)).take();
  state.scan(table, {}, [&](ByteView key, ByteView value) {
    state_key::Reader in(key);
    in.u8();
    assets.insert_or_assign(in.text(), AssetRecord::decode(value));
    return true;
  });
  for (const auto& [id, record] : assets) {
    if (!visit(view_of(state, asset, id, record))) return;
  }
}

std::optional<AccountId> asset_account(const StateReader& state, const ParticipantRef& owner,
                                       AssetClass asset, std::string_view currency,
                                       const std::string& id) {
  AccountId account = participant_account(owner, asset_name(asset, currency));
  if (!id.empty()) {
    if (const auto record = find_record(state, asset, id)) {
      if (record->owner != owner || record->currency != currency) return std::nullopt;
      account = account_of(*record, asset);
    } else if (id != asset_id_of(asset, owner.id)) {
      return std::nullopt;
    }
  }
  if (!find_balance(state, account)) return std::nullopt;
  return account;
}

AssetReferences asset_references(const StateReader& state, const ParticipantRef& ref) {
  const auto value = state.get(references_key(ref));
  if (!value) return {};
  Decoder in(*value);
  AssetReferences assets;
  assets.energy = in.text(max_asset_id_bytes);
  assets.coins = in.text(max_asset_id_bytes);
  assets.cash = in.text(max_asset_id_bytes);
  PS_ASSERT(in.finished());
  return assets;
}

void put_asset_references(Overlay& state, const ParticipantRef& ref,
                          const AssetReferences& assets) {
  auto key = references_key(ref);
  if (!assets.empty()) {
    state.put(std::move(key),
              Encoder().text(assets.energy).text(assets.coins).text(assets.cash).data());
  } else if (state.get(key)) {
    state.erase(std::move(key));
  }
}

std::optional<AccountId> name_asset(Overlay& state, const ParticipantRef& owner, AssetClass asset,
                                    const std::string& currency, const std::string& id,
                                    const std::string& units) {
  AssetRecord record{owner, currency, units, {}};
  if (id.empty()) return account_of(record, asset);
  if (find_asset(state, asset, id)) return std::nullopt;
  if (id != asset_id_of(asset, owner.id)) record.account_name = id;
  state.put(record_key(asset, id), record.encode());
  return account_of(record, asset);
}

void set_asset_units(Overlay& state, AssetClass asset, const std::string& id,
                     const std::string& units) {
  auto record = find_record(state, asset, id);
  if (!record) {
    const auto unnamed = find_asset(state, asset, id);
    if (!unnamed) return;
    record = AssetRecord{unnamed->owner, unnamed->currency, {}, {}};
  }
  if (record->units == units) return;
  record->units = units;
  state.put(record_key(asset, id), record->encode());
}

void forget_asset_name(Overlay& state, AssetClass asset, const std::string& id) {
  if (find_record(state, asset, id)) state.erase(record_key(asset, id));
}

}  // namespace powershare::ledger
