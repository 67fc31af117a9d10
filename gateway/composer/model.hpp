// The network model of the former server (thesis, appendix A) as one table. What the routes accept
// and answer, the filters and swagger.json all follow from it (COMPOSER-REST §1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/gateway.hpp"
#include "ledger/transaction.hpp"

namespace powershare::gateway::composer {

inline constexpr std::string_view network = "org.smile.energy.network";
inline constexpr std::string_view system_space = "org.hyperledger.composer.system";

enum class Kind : std::uint8_t { participant = 1, asset, transaction };
/// "Participant", "Asset", "Transaction": as registries are called in error texts.
std::string_view to_text(Kind kind);

enum class FieldKind : std::uint8_t { text = 1, number, vehicle_type, owner_entity, reference };

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  std::string_view target{};  ///< of a reference: the name of the asset's type
  bool is_rate = false;       ///< absent: the thesis's default rate, 0.1629
};

struct Type {
  Kind kind = Kind::asset;
  std::string_view name;      ///< "Coins"
  std::string_view id_field;  ///< of a transaction: "transactionId", which is none of `fields`
  std::span<const Field> fields;

  std::string full_name() const;  ///< "org.smile.energy.network.Coins"
  const Field* find(std::string_view field) const;
};

/// All types, in the order of appendix A.
std::span<const Type> types();
const Type* find_type(std::string_view name);
/// The type that a path's segment names: its short or its full name, in any case of letters.
const Type* find_route(std::string_view segment, ComposerNamespaces namespaces);
/// The segment itself: "Coins" or "org.smile.energy.network.Coins".
std::string route_name(const Type& type, ComposerNamespaces namespaces);
/// The model's name in error texts: "Coins" or "org_smile_energy_network_Coins".
std::string model_name(const Type& type, ComposerNamespaces namespaces);

/// The names that an enum's field may have; empty for fields that are none.
std::span<const std::string_view> enum_values(FieldKind kind);
/// "ElectricVehicleType" or "OwnerEntity".
std::string_view enum_name(FieldKind kind);

std::optional<ledger::AssetClass> asset_class(const Type& type);
std::optional<ledger::ParticipantType> participant_type(const Type& type);
const Type& type_of(ledger::AssetClass asset);
const Type& type_of(ledger::ParticipantType participant);

/// "resource:org.smile.energy.network.Coins#CO_R1".
std::string resource(std::string_view type, std::string_view id);

/// Letters A to Z in either case count as equal.
bool same_name(std::string_view left, std::string_view right);

}  // namespace powershare::gateway::composer
