#include "gateway/composer/model.hpp"

#include <algorithm>
#include <array>

namespace powershare::gateway::composer {
namespace {

using enum FieldKind;

constexpr Field resident_fields[] = {
    {"residentID"},
    {"firstName"},
    {"lastName"},
    {"email"},
    {"buyRate", number, {}, true},
    {"sellRate", number, {}, true},
    {"coins", reference, "Coins"},
    {"cash", reference, "Cash"},
    {"energy", reference, "Energy"},
};
constexpr Field vehicle_fields[] = {
    {"evID"},
    {"type", vehicle_type},
    {"brand"},
    {"model"},
    {"ownerID"},
    {"buyRate", number, {}, true},
    {"sellRate", number, {}, true},
    {"coins", reference, "Coins"},
    {"energy", reference, "Energy"},
};
constexpr Field bank_fields[] = {
    {"bankID"}, {"name"}, {"coins", reference, "Coins"}, {"cash", reference, "Cash"}};
constexpr Field utility_fields[] = {
    {"utilityID"}, {"name"}, {"coins", reference, "Coins"}, {"energy", reference, "Energy"}};
constexpr Field coins_fields[] = {
    {"coinsID"}, {"value", number}, {"ownerID"}, {"ownerEntity", owner_entity}};
constexpr Field energy_fields[] = {
    {"energyID"}, {"units"}, {"value", number}, {"ownerID"}, {"ownerEntity", owner_entity}};
constexpr Field cash_fields[] = {
    {"cashID"}, {"currency"}, {"value", number}, {"ownerID"}, {"ownerEntity", owner_entity}};
constexpr Field energy_to_coins_fields[] = {
    {"energyRate", number},
    {"energyValue", number},
    {"coinsInc", reference, "Coins"},
    {"coinsDec", reference, "Coins"},
    {"energyInc", reference, "Energy"},
    {"energyDec", reference, "Energy"},
};
constexpr Field cash_to_coins_fields[] = {
    {"cashRate", number},
    {"cashValue", number},
    {"coinsInc", reference, "Coins"},
    {"coinsDec", reference, "Coins"},
    {"cashInc", reference, "Cash"},
    {"cashDec", reference, "Cash"},
};
constexpr Field transfer_fields[] = {
    {"coinsValue", number}, {"coinsInc", reference, "Coins"}, {"coinsDec", reference, "Coins"}};
constexpr Field funding_fields[] = {{"cashValue", number}, {"cashInc", reference, "Cash"}};
constexpr Field withdrawal_fields[] = {{"cashValue", number}, {"cashDec", reference, "Cash"}};

constexpr std::string_view transaction_id = "transactionId";

constexpr Type table[] = {
    {Kind::participant, "Resident", "residentID", resident_fields},
    {Kind::participant, "ElectricVehicle", "evID", vehicle_fields},
    {Kind::participant, "Bank", "bankID", bank_fields},
    {Kind::participant, "UtilityCompany", "utilityID", utility_fields},
    {Kind::asset, "Coins", "coinsID", coins_fields},
    {Kind::asset, "Energy", "energyID", energy_fields},
    {Kind::asset, "Cash", "cashID", cash_fields},
    {Kind::transaction, "EnergyToCoins", transaction_id, energy_to_coins_fields},
    {Kind::transaction, "CashToCoins", transaction_id, cash_to_coins_fields},
    {Kind::transaction, "TransferCoinsToEV", transaction_id, transfer_fields},
    {Kind::transaction, "CashFundingResident", transaction_id, funding_fields},
    {Kind::transaction, "CashWithdrawalResident", transaction_id, withdrawal_fields},
};

constexpr std::string_view vehicle_types[] = {"BEV", "PHEV", "HEV", "SCOOTER", "BIKE"};
constexpr std::string_view owner_entities[] = {"Resident", "Bank", "UtilityCompany",
                                               "ElectricVehicle"};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view to_text(Kind kind) {
  switch (kind) {
    case Kind::participant:
      return "Participant";
    case Kind::asset:
      return "Asset";
    case Kind::transaction:
      break;
  }
  return "Transaction";
}

std::string Type::full_name() const {
  return std::string(network) + "." + std::string(name);
}

const Field* Type::find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& known) { return known.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

std::span<const Type> types() {
  return table;
}

const Type* find_type(std::string_view name) {
  const auto found = std::find_if(std::begin(table), std::end(table),
                                  [&](const Type& known) { return known.name == name; });
  return found == std::end(table) ? nullptr : found;
}

const Type* find_route(std::string_view segment, ComposerNamespaces namespaces) {
  const auto found = std::find_if(std::begin(table), std::end(table), [&](const Type& known) {
    return same_name(route_name(known, namespaces), segment);
  });
  return found == std::end(table) ? nullptr : found;
}

std::string route_name(const Type& type, ComposerNamespaces namespaces) {
  // "required" adds the namespace only where two models have the same name; these have not.
  return namespaces == ComposerNamespaces::always ? type.full_name() : std::string(type.name);
}

std::string model_name(const Type& type, ComposerNamespaces namespaces) {
  auto name = route_name(type, namespaces);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::span<const std::string_view> enum_values(FieldKind kind) {
  if (kind == vehicle_type) return vehicle_types;
  if (kind == owner_entity) return owner_entities;
  return {};
}

std::string_view enum_name(FieldKind kind) {
  return kind == vehicle_type ? "ElectricVehicleType" : "OwnerEntity";
}

std::optional<ledger::AssetClass> asset_class(const Type& type) {
  if (type.name == "Coins") return ledger::AssetClass::coins;
  if (type.name == "Energy") return ledger::AssetClass::energy;
  if (type.name == "Cash") return ledger::AssetClass::cash;
  return std::nullopt;
}

std::optional<ledger::ParticipantType> participant_type(const Type& type) {
  return ledger::participant_type(type.name);
}

const Type& type_of(ledger::AssetClass asset) {
  switch (asset) {
    case ledger::AssetClass::energy:
      return *find_type("Energy");
    case ledger::AssetClass::coins:
      return *find_type("Coins");
    case ledger::AssetClass::cash:
      break;
  }
  return *find_type("Cash");
}

const Type& type_of(ledger::ParticipantType participant) {
  const auto* type = find_type(ledger::to_text(participant));
  PS_ASSERT(type != nullptr);
  return *type;
}

std::string resource(std::string_view type, std::string_view id) {
  std::string text = "resource:";
  if (type.find('.') == std::string_view::npos) text.append(network).append(".");
  return text.append(type).append("#").append(id);
}

bool same_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace powershare::gateway::composer
