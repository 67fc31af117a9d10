// The thesis's four kinds of participants (§3.2.2.A) and who they are to the ledger.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/quantities.hpp"

namespace powershare::ledger {

enum class ParticipantType : std::uint8_t { resident = 1, electric_vehicle, bank, utility_company };
enum class VehicleType : std::uint8_t { bev = 1, phev, hev, scooter, bike };

/// The thesis's default rates: 0.1629 coins per kWh (appendix A).
inline constexpr Price default_rate = Price::from_nano(162'900'000);

/// A participant is (chain, type, id): two types may use the same id (DECISIONS 58).
struct ParticipantRef {
  ParticipantType type = ParticipantType::resident;
  ParticipantId id;
  friend auto operator<=>(const ParticipantRef&, const ParticipantRef&) = default;
};

/// "Resident", "ElectricVehicle", "Bank", "UtilityCompany": the names of the thesis's model.
std::string_view to_text(ParticipantType type);
std::optional<ParticipantType> participant_type(std::string_view text);
/// "Resident:H01".
std::string to_text(const ParticipantRef& ref);
Result<ParticipantRef> parse_participant_ref(std::string_view text);
std::string_view to_text(VehicleType type);
std::optional<VehicleType> vehicle_type(std::string_view text);

/// One record for all four types; fields that a type does not have stay at their defaults.
/// Names and e-mail never enter a block (DECISIONS 60): `profile` is a salted commitment to them,
/// zero where there is none.
struct Participant {
  ParticipantRef ref;
  Price buy_rate = default_rate;                ///< Resident, ElectricVehicle
  Price sell_rate = default_rate;               ///< Resident, ElectricVehicle
  std::optional<ParticipantId> owner;           ///< ElectricVehicle: the Resident who owns it
  VehicleType vehicle_type = VehicleType::bev;  ///< ElectricVehicle
  std::string brand;                            ///< ElectricVehicle
  std::string model;                            ///< ElectricVehicle
  std::string name;                             ///< Bank, UtilityCompany (firms, not persons)
  bool supplier = false;  ///< UtilityCompany: has a tariff and takes all the rest (DECISIONS 46)
  Price tariff = default_rate;             ///< UtilityCompany as supplier: its price per kWh
  Price feed_in;                           ///< UtilityCompany as supplier: what it pays per kWh
  std::array<std::uint8_t, 32> profile{};  ///< commitment to what is kept off the ledger
  friend bool operator==(const Participant&, const Participant&) = default;
};

}  // namespace powershare::ledger
