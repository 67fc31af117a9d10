// Instances as payloads of the ledger.
#include "gateway/composer/submission.hpp"
#include "ledger/accounts.hpp"
#include "ledger/registry.hpp"
#include "ledger/validity.hpp"

namespace powershare::gateway::composer {
namespace {

using ledger::AssetClass;
using ledger::ParticipantRef;

/// Payloads are checked here as well, so that the sentence names the client's field.
Outcome<ledger::Payload> checked(ledger::Payload payload) {
  const auto valid = ledger::check_payload(payload);
  if (!valid) return plain(500, valid.error().detail());
  return payload;
}

const std::string& text(const Instance& instance, std::string_view field) {
  static const std::string none;
  const auto found = instance.texts.find(field);
  return found == instance.texts.end() ? none : found->second;
}

std::string reference(const Instance& instance, std::string_view field) {
  const auto found = instance.references.find(field);
  return found == instance.references.end() ? std::string() : found->second;
}

std::int64_t number(const Instance& instance, std::string_view field) {
  const auto found = instance.numbers.find(field);
  return found == instance.numbers.end() ? 0 : found->second;
}

Outcome<ParticipantId> participant_id(std::string_view field, const std::string& id) {
  auto parsed = ParticipantId::parse(id);
  if (!parsed) {
    return plain(500, std::string(field) + ": " + parsed.error().detail());
  }
  return *parsed;
}

Outcome<ParticipantRef> owner_of(const Instance& instance) {
  const auto type = ledger::participant_type(text(instance, "ownerEntity"));
  auto id = participant_id("ownerID", text(instance, "ownerID"));
  if (auto* problem = std::get_if<Problem>(&id)) return std::move(*problem);
  PS_ASSERT(type.has_value());  // an enum that has been checked
  return ParticipantRef{*type, std::get<ParticipantId>(id)};
}

/// Fills in what the former server's model knows; the rest of `participant` stays.
std::optional<Problem> set_fields(const Instance& instance, const Digest& profile,
                                  ledger::Participant& participant) {
  const auto& type = *instance.type;
  if (type.find("buyRate") != nullptr) {
    participant.buy_rate = Price::from_nano(number(instance, "buyRate"));
    participant.sell_rate = Price::from_nano(number(instance, "sellRate"));
  }
  if (type.find("firstName") != nullptr) participant.profile = profile;
  if (type.find("name") != nullptr) participant.name = text(instance, "name");
  if (type.find("brand") == nullptr) return std::nullopt;
  participant.brand = text(instance, "brand");
  participant.model = text(instance, "model");
  const auto vehicle = ledger::vehicle_type(text(instance, "type"));
  PS_ASSERT(vehicle.has_value());
  participant.vehicle_type = *vehicle;
  auto owner = participant_id("ownerID", text(instance, "ownerID"));
  if (auto* problem = std::get_if<Problem>(&owner)) return std::move(*problem);
  participant.owner = std::get<ParticipantId>(owner);
  return std::nullopt;
}

ledger::AssetReferences references_of(const Instance& instance) {
  return {reference(instance, "energy"), reference(instance, "coins"), reference(instance, "cash")};
}

Outcome<ledger::Payload> asset_creation(const Instance& instance, AssetClass asset) {
  auto owner = owner_of(instance);
  if (auto* problem = std::get_if<Problem>(&owner)) return std::move(*problem);
  ledger::ProvisionAsset payload;
  payload.owner = std::get<ParticipantRef>(owner);
  payload.asset = asset;
  payload.currency = text(instance, "currency");
  payload.balance_nano = number(instance, "value");
  payload.id = instance.id;
  payload.units = text(instance, "units");
  return checked(payload);
}

Outcome<ledger::Payload> asset_update(const Instance& instance, AssetClass asset,
                                      const ledger::StateReader& state) {
  const auto before = ledger::find_asset(state, asset, instance.id);
  if (!before) return object_not_found(*instance.type, instance.id);
  auto owner = owner_of(instance);
  if (auto* problem = std::get_if<Problem>(&owner)) return std::move(*problem);
  if (before->currency != text(instance, "currency")) {
    return plain(500, "The currency of " + instance.id + " cannot be updated from " +
                          before->currency + " to " + text(instance, "currency"));
  }
  ledger::AdjustAsset payload;
  payload.owner = before->owner;
  payload.asset = asset;
  payload.currency = before->currency;
  payload.balance_nano = number(instance, "value");
  payload.id = instance.id;
  payload.units = text(instance, "units");
  if (std::get<ParticipantRef>(owner) != before->owner) {
    payload.new_owner = std::get<ParticipantRef>(owner);
  }
  return checked(payload);
}

/// The assets that a transaction names, found in the state.
class Assets {
 public:
  Assets(const Instance& instance, const ledger::StateReader& state)
      : instance_(instance), state_(state) {}

  /// nullptr, and problem(), where there is no such asset.
  const ledger::AssetView* find(std::string_view field) {
    const auto& type = *find_type(instance_.type->find(field)->target);
    const auto id = reference(instance_, field);
    auto found = ledger::find_asset(state_, *asset_class(type), id);
    if (!found) {
      if (!problem_) problem_ = invalid_relationship(type, id);
      return nullptr;
    }
    found_.push_back(std::make_unique<ledger::AssetView>(std::move(*found)));
    return found_.back().get();
  }
  /// Two assets of one transaction belong to one participant.
  bool same_owner(std::string_view one, const ledger::AssetView& first, std::string_view other,
                  const ledger::AssetView& second) {
    if (first.owner == second.owner) return true;
    problem_ = plain(500, std::string(one) + " and " + std::string(other) +
                              " must belong to the same participant");
    return false;
  }
  std::optional<Problem>& problem() { return problem_; }

 private:
  const Instance& instance_;
  const ledger::StateReader& state_;
  std::vector<std::unique_ptr<ledger::AssetView>> found_;
  std::optional<Problem> problem_;
};

Outcome<ledger::Payload> energy_to_coins(const Instance& instance, Assets& assets) {
  const auto* energy_dec = assets.find("energyDec");
  const auto* coins_dec = assets.find("coinsDec");
  const auto* coins_inc = assets.find("coinsInc");
  const auto* energy_inc = assets.find("energyInc");
  if (assets.problem() || !assets.same_owner("coinsInc", *coins_inc, "energyDec", *energy_dec) ||
      !assets.same_owner("coinsDec", *coins_dec, "energyInc", *energy_inc)) {
    return std::move(*assets.problem());
  }
  ledger::EnergyToCoins payload;
  payload.energy_rate = Price::from_nano(number(instance, "energyRate"));
  payload.energy = Energy::from_nano(number(instance, "energyValue"));
  payload.seller = energy_dec->owner;
  payload.buyer = energy_inc->owner;
  payload.coins_inc = coins_inc->id;
  payload.coins_dec = coins_dec->id;
  payload.energy_inc = energy_inc->id;
  payload.energy_dec = energy_dec->id;
  return checked(payload);
}

Outcome<ledger::Payload> cash_to_coins(const Instance& instance, Assets& assets) {
  const auto* cash_dec = assets.find("cashDec");
  const auto* coins_dec = assets.find("coinsDec");
  const auto* coins_inc = assets.find("coinsInc");
  const auto* cash_inc = assets.find("cashInc");
  if (assets.problem() || !assets.same_owner("coinsInc", *coins_inc, "cashDec", *cash_dec) ||
      !assets.same_owner("coinsDec", *coins_dec, "cashInc", *cash_inc)) {
    return std::move(*assets.problem());
  }
  if (cash_dec->currency != cash_inc->currency) {
    return plain(500, "cashInc and cashDec must be of the same currency");
  }
  ledger::CashToCoins payload;
  payload.cash_rate = Price::from_nano(number(instance, "cashRate"));
  payload.cash = Cash::from_nano(number(instance, "cashValue"));
  payload.currency = cash_dec->currency;
  payload.coins_to = coins_inc->owner;
  payload.coins_from = coins_dec->owner;
  payload.coins_inc = coins_inc->id;
  payload.coins_dec = coins_dec->id;
  payload.cash_inc = cash_inc->id;
  payload.cash_dec = cash_dec->id;
  return checked(payload);
}

Outcome<ledger::Payload> transfer(const Instance& instance, Assets& assets) {
  const auto* from = assets.find("coinsDec");
  const auto* to = assets.find("coinsInc");
  if (assets.problem()) return std::move(*assets.problem());
  ledger::TransferCoinsToEV payload;
  payload.coins = Coins::from_nano(number(instance, "coinsValue"));
  payload.from = from->owner;
  payload.to = to->owner;
  payload.coins_inc = to->id;
  payload.coins_dec = from->id;
  return checked(payload);
}

Outcome<ledger::Payload> funding(const Instance& instance, Assets& assets) {
  const auto* cash = assets.find("cashInc");
  if (cash == nullptr) return std::move(*assets.problem());
  ledger::CashFundingResident payload;
  payload.cash = Cash::from_nano(number(instance, "cashValue"));
  payload.currency = cash->currency;
  payload.resident = cash->owner;
  payload.cash_inc = cash->id;
  return checked(payload);
}

Outcome<ledger::Payload> withdrawal(const Instance& instance, Assets& assets) {
  const auto* cash = assets.find("cashDec");
  if (cash == nullptr) return std::move(*assets.problem());
  ledger::CashWithdrawalResident payload;
  payload.cash = Cash::from_nano(number(instance, "cashValue"));
  payload.currency = cash->currency;
  payload.resident = cash->owner;
  payload.cash_dec = cash->id;
  return checked(payload);
}

}  // namespace

Outcome<ledger::Payload> creation(const Instance& instance, const Digest& profile) {
  if (const auto asset = asset_class(*instance.type)) return asset_creation(instance, *asset);
  auto id = participant_id(instance.type->id_field, instance.id);
  if (auto* problem = std::get_if<Problem>(&id)) return std::move(*problem);
  ledger::AddParticipant payload;
  payload.participant.ref = {*participant_type(*instance.type), std::get<ParticipantId>(id)};
  // A utility company that clients of the former server make supplies (DECISIONS 46).
  payload.participant.supplier =
      payload.participant.ref.type == ledger::ParticipantType::utility_company;
  if (auto problem = set_fields(instance, profile, payload.participant)) return std::move(*problem);
  payload.assets = references_of(instance);
  return checked(payload);
}

Outcome<ledger::Payload> update(const Instance& instance, const Digest& profile,
                                const ledger::StateReader& state) {
  if (const auto asset = asset_class(*instance.type)) {
    return asset_update(instance, *asset, state);
  }
  const auto id = ParticipantId::parse(instance.id);
  const auto before =
      id ? ledger::find_participant(state, {*participant_type(*instance.type), *id}) : std::nullopt;
  if (!before) return object_not_found(*instance.type, instance.id);
  ledger::UpdateParticipant payload;
  payload.participant = *before;
  if (auto problem = set_fields(instance, profile, payload.participant)) return std::move(*problem);
  payload.assets = references_of(instance);
  return checked(payload);
}

Outcome<ledger::Payload> deletion(const Type& type, const std::string& id,
                                  const ledger::StateReader& state) {
  if (const auto asset = asset_class(type)) {
    const auto found = ledger::find_asset(state, *asset, id);
    if (!found) return object_not_found(type, id);
    ledger::DeleteAsset payload;
    payload.owner = found->owner;
    payload.asset = *asset;
    payload.currency = found->currency;
    payload.id = id;
    return ledger::Payload(payload);
  }
  const auto parsed = ParticipantId::parse(id);
  if (!parsed) return object_not_found(type, id);
  const ParticipantRef ref{*participant_type(type), *parsed};
  if (!ledger::find_participant(state, ref)) return object_not_found(type, id);
  return ledger::Payload(ledger::DeleteParticipant{ref});
}

Outcome<ledger::Payload> transaction(const Instance& instance, const ledger::StateReader& state) {
  Assets assets(instance, state);
  const auto name = instance.type->name;
  if (name == "EnergyToCoins") return energy_to_coins(instance, assets);
  if (name == "CashToCoins") return cash_to_coins(instance, assets);
  if (name == "TransferCoinsToEV") return transfer(instance, assets);
  if (name == "CashFundingResident") return funding(instance, assets);
  return withdrawal(instance, assets);
}

}  // namespace powershare::gateway::composer
