// Assets by their own ids, as clients of the former server name them (COMPOSER-REST §1).
//
// Whoever says nothing else has one asset of each class, and its id follows from the owner's:
// "EN_H01", "CO_H01", "CA_H01". From feature level 3 on an asset may have another id, and an owner
// more than one of a class; then a record says which account it is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/accounts.hpp"

namespace powershare::ledger {

/// "CO_H01".
std::string asset_id_of(AssetClass asset, const ParticipantId& owner);

struct AssetView {
  std::string id;
  AssetClass asset = AssetClass::coins;
  ParticipantRef owner;
  std::string currency;  ///< of cash
  std::string units;     ///< of energy, as it was given; "kWh" where nothing was
  AccountId account;
  std::int64_t balance_nano = 0;
};
/// Nothing where there is no such asset. An id without a record is the one that follows from a
/// participant's: of several types with one id the first in the order of ParticipantType.
std::optional<AssetView> find_asset(const StateReader& state, AssetClass asset,
                                    const std::string& id);
/// All assets of a class, in byte order of their ids, until `visit` returns false.
void for_each_asset(const StateReader& state, AssetClass asset,
                    const std::function<bool(const AssetView&)>& visit);

/// The account of an asset that a transaction names by owner and, where it is not the owner's only
/// one, by id. Nothing where it is not there or belongs to somebody else.
std::optional<AccountId> asset_account(const StateReader& state, const ParticipantRef& owner,
                                       AssetClass asset, std::string_view currency,
                                       const std::string& id);

/// What a participant's record refers to; empty ids where it says nothing.
AssetReferences asset_references(const StateReader& state, const ParticipantRef& ref);
void put_asset_references(Overlay& state, const ParticipantRef& ref, const AssetReferences& assets);

/// Makes the record of an asset with an id and says which account it is; nothing where the id is
/// taken. An empty id needs no record.
std::optional<AccountId> name_asset(Overlay& state, const ParticipantRef& owner, AssetClass asset,
                                    const std::string& currency, const std::string& id,
                                    const std::string& units);
/// The record of an asset that has none yet is made.
void set_asset_units(Overlay& state, AssetClass asset, const std::string& id,
                     const std::string& units);
void forget_asset_name(Overlay& state, AssetClass asset, const std::string& id);

}  // namespace powershare::ledger
