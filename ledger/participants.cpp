#include "ledger/participants.hpp"

#include "ledger/error.hpp"

namespace powershare::ledger {
namespace {

struct TypeName {
  ParticipantType type;
  std::string_view name;
};
constexpr TypeName type_names[] = {
    {ParticipantType::resident, "Resident"},
    {ParticipantType::electric_vehicle, "ElectricVehicle"},
    {ParticipantType::bank, "Bank"},
    {ParticipantType::utility_company, "UtilityCompany"},
};

struct VehicleName {
  VehicleType type;
  std::string_view name;
};
constexpr VehicleName vehicle_names[] = {
    {VehicleType::bev, "BEV"},         {VehicleType::phev, "PHEV"}, {VehicleType::hev, "HEV"},
    {VehicleType::scooter, "SCOOTER"}, {VehicleType::bike, "BIKE"},
};

}  // namespace

std::string_view to_text(ParticipantType type) {
  for (const auto& entry : type_names) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

std::optional<ParticipantType> participant_type(std::string_view text) {
  for (const auto& entry : type_names) {
    if (entry.name == text) return entry.type;
  }
  return std::nullopt;
}

std::string to_text(const ParticipantRef& ref) {
  return std::string(to_text(ref.type)) + ":" + ref.id.text();
}

Result<ParticipantRef> parse_participant_ref(std::string_view text) {
  const auto colon = text.find(':');
  const auto type = participant_type(text.substr(0, colon));
  if (colon == std::string_view::npos || !type) {
    return Error{LedgerError::malformed, "not a participant: <type>:<id>"};
  }
  auto id = ParticipantId::parse(text.substr(colon + 1));
  if (!id) return id.error();
  return ParticipantRef{*type, *std::move(id)};
}

std::string_view to_text(VehicleType type) {
  for (const auto& entry : vehicle_names) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

std::optional<VehicleType> vehicle_type(std::string_view text) {
  for (const auto& entry : vehicle_names) {
    if (entry.name == text) return entry.type;
  }
  return std::nullopt;
}

}  // namespace powershare::ledger
