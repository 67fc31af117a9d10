// Tasmota: the JSON of tele/<topic>/SENSOR, as the energy drivers and the smart-meter interface
// write it.
#pragma once

#include <string>

#include "adapters/report.hpp"

namespace powershare::adapters {

/// Where the registers stand. The energy drivers have a fixed group and names; a script of the
/// smart-meter interface has its own, as SML.Total_in.
struct TasmotaFields {
  std::string group = "ENERGY";
  std::string imported = "Total";  ///< kWh; an array has one value per phase or channel
  std::string exported;         ///< kWh; empty: ExportActive or TotalReturned, where one of them is
  std::string power = "Power";  ///< watts; below zero while feeding in
};

/// AdapterError::malformed or too_large for what cannot be read, no_meter where the group lacks
/// both registers and power.
Result<Report> read_tasmota(std::string_view payload, const TasmotaFields& fields = {});

}  // namespace powershare::adapters
