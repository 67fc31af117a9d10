// `powershare market`: clears a book of orders, or replays the readings of a neighbourhood under
// several rules and tariffs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/certificate.hpp"

namespace powershare::apps {

struct MarketClearOptions {
  std::string rule = "pay_as_clear";
  std::filesystem::path book = "-";  ///< JSON; -: standard input
  bool json = false;                 ///< no table on standard error
};
/// Prints the clearing as one line of JSON, and a table on standard error. 65 where the book is
/// wrong, 1 where the certificate does not hold.
int run_market_clear(const MarketClearOptions& options);

struct MarketCheckOptions {
  std::filesystem::path certificate = "-";  ///< as GET /v1/slots/{start}/certificate; -: stdin
  bool json = false;
};
/// The certificate of a book and its clearing by rule `optimal`. AppError::damaged_data where it is
/// not one, MarketError::bad_certificate where it does not hold.
Result<market::Certificate> check_market_certificate(std::string_view text);
int run_market_check(const MarketCheckOptions& options);

struct MarketReplayOptions {
  std::optional<std::filesystem::path> profiles;  ///< none: the built-in neighbourhood
  std::optional<std::filesystem::path> ledger;    ///< data folder of a stopped peer, instead
  std::vector<std::string> rules;                 ///< empty: all
  std::vector<std::string> tariffs = {"0.1629"};
  std::string feed_in = "0";
  std::string buy_rate;               ///< of all homes; empty: the tariff
  std::string sell_rate;              ///< empty: half of the way from feed-in to tariff
  std::string fee = "0";              ///< of the neighbourhood's grid, per kWh traded
  std::string loss = "0";             ///< kWh lost per kWh traded
  std::string start;                  ///< ISO 8601; empty: the profiles' start
  std::string until;                  ///< empty: their end
  std::string storage = "none";       ///< none, home, community
  std::string vehicles = "none";      ///< none, naive, smart, v2g
  std::string battery_reserve = "0";  ///< kWh of each battery
  std::filesystem::path chart;        ///< SVG file to write; empty: none
  bool json = false;
};
int run_market_replay(const MarketReplayOptions& options);

/// The names of all clearing rules, one a line.
int run_market_rules();

}  // namespace powershare::apps
