// `powershare network losses`: loss factors of a feeder by power flow, for a chain to take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace powershare::apps {

struct NetworkLossesOptions {
  std::filesystem::path feeder;        ///< folder of buses.csv, lines.csv, linecodes.csv, loads.csv
  std::filesystem::path profiles;      ///< empty: profiles_1min_kw.csv of that folder
  std::string minutes = "0-1439/15";   ///< operating points, as read_minutes() says
  std::string load_kw;                 ///< instead of profiles: each load draws so much
  std::string method = "marginal";     ///< or "average"
  double trade_kw = 2;                 ///< of method average
  std::string zones = "load";          ///< "load", "phase", or a file of load,zone
  std::filesystem::path participants;  ///< file of load,participant; empty: Resident:<load>
  std::string source;                  ///< bus; empty: the first
  double line_to_line_v = 416;
  std::string name = "feeder";    ///< of the feeder's level; not empty
  std::vector<std::string> fees;  ///< LEVEL=COINS per kWh: feeder, neighbourhood, island
  /// kVA that the transformer carries; 0: no limit. The chain takes energy per slot.
  double transformer_kva = 0;
  std::string slot = "15m";   ///< of the chain that the limit is for
  std::filesystem::path out;  ///< empty: nowhere
  bool json = false;
};

/// "566", "0-1439/15" (from, to, step), and several of them with commas; ascending, each once.
/// AppError::usage for what is none, or more than 1,440 of them.
Result<std::vector<std::uint32_t>> read_minutes(std::string_view text);

/// The SetNetwork transaction's payload in JSON, and with the table that people read before it.
struct NetworkLosses {
  std::string table;
  std::string payload;
};
/// AppError::usage or bad_configuration, GridError.
Result<NetworkLosses> find_network_losses(const NetworkLossesOptions& options);

int run_network_losses(const NetworkLossesOptions& options);

}  // namespace powershare::apps
