// The names of enum values in JSON, for reading, writing and describing them.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "ledger/transaction.hpp"

namespace powershare::gateway {

template <class Enum>
struct EnumNames;

template <>
struct EnumNames<ledger::ParticipantType> {
  static constexpr std::array<std::pair<ledger::ParticipantType, std::string_view>, 4> values{
      {{ledger::ParticipantType::resident, "Resident"},
       {ledger::ParticipantType::electric_vehicle, "ElectricVehicle"},
       {ledger::ParticipantType::bank, "Bank"},
       {ledger::ParticipantType::utility_company, "UtilityCompany"}}};
};
template <>
struct EnumNames<ledger::VehicleType> {
  static constexpr std::array<std::pair<ledger::VehicleType, std::string_view>, 5> values{
      {{ledger::VehicleType::bev, "BEV"},
       {ledger::VehicleType::phev, "PHEV"},
       {ledger::VehicleType::hev, "HEV"},
       {ledger::VehicleType::scooter, "SCOOTER"},
       {ledger::VehicleType::bike, "BIKE"}}};
};
template <>
struct EnumNames<ledger::AssetClass> {
  static constexpr std::array<std::pair<ledger::AssetClass, std::string_view>, 3> values{
      {{ledger::AssetClass::energy, "EN"},
       {ledger::AssetClass::coins, "CO"},
       {ledger::AssetClass::cash, "CA"}}};
};
template <>
struct EnumNames<ledger::MeterKind> {
  static constexpr std::array<std::pair<ledger::MeterKind, std::string_view>, 4> values{
      {{ledger::MeterKind::home, "home"},
       {ledger::MeterKind::plant, "plant"},
       {ledger::MeterKind::charger, "charger"},
       {ledger::MeterKind::transformer, "transformer"}}};
};
template <>
struct EnumNames<ledger::EnergySource> {
  static constexpr std::array<std::pair<ledger::EnergySource, std::string_view>, 5> values{
      {{ledger::EnergySource::solar, "solar"},
       {ledger::EnergySource::wind, "wind"},
       {ledger::EnergySource::hydro, "hydro"},
       {ledger::EnergySource::thermal, "thermal"},
       {ledger::EnergySource::other, "other"}}};
};
template <>
struct EnumNames<ledger::Scope> {
  static constexpr std::array<std::pair<ledger::Scope, std::string_view>, 5> values{
      {{ledger::Scope::own, "own"},
       {ledger::Scope::administrator, "administrator"},
       {ledger::Scope::governance, "governance"},
       {ledger::Scope::gateway, "gateway"},
       {ledger::Scope::feeder, "feeder"}}};
};
template <>
struct EnumNames<ledger::Role> {
  static constexpr std::array<std::pair<ledger::Role, std::string_view>, 5> values{
      {{ledger::Role::administrator, "administrator"},
       {ledger::Role::operator_, "operator"},
       {ledger::Role::auditor, "auditor"},
       {ledger::Role::gateway, "gateway"},
       {ledger::Role::meter, "meter"}}};
};

template <>
struct EnumNames<ledger::OrderSide> {
  static constexpr std::array<std::pair<ledger::OrderSide, std::string_view>, 2> values{
      {{ledger::OrderSide::sell, "sell"}, {ledger::OrderSide::buy, "buy"}}};
};
template <>
struct EnumNames<ledger::RankingDisplay> {
  static constexpr std::array<std::pair<ledger::RankingDisplay, std::string_view>, 3> values{
      {{ledger::RankingDisplay::anonymous, "anonymous"},
       {ledger::RankingDisplay::named, "named"},
       {ledger::RankingDisplay::hidden, "hidden"}}};
};
template <>
struct EnumNames<ledger::MeterStanding> {
  static constexpr std::array<std::pair<ledger::MeterStanding, std::string_view>, 2> values{
      {{ledger::MeterStanding::trusted, "trusted"},
       {ledger::MeterStanding::quarantined, "quarantined"}}};
};
template <>
struct EnumNames<ledger::DisputeReason> {
  static constexpr std::array<std::pair<ledger::DisputeReason, std::string_view>, 4> values{
      {{ledger::DisputeReason::too_high, "too_high"},
       {ledger::DisputeReason::too_low, "too_low"},
       {ledger::DisputeReason::not_mine, "not_mine"},
       {ledger::DisputeReason::other, "other"}}};
};

template <class Enum>
concept NamedEnum = requires {
  EnumNames<Enum>::values;
};

template <NamedEnum Enum>
std::string_view enum_name(Enum value) {
  for (const auto& [known, name] : EnumNames<Enum>::values) {
    if (known == value) return name;
  }
  return "unknown";
}

}  // namespace powershare::gateway
