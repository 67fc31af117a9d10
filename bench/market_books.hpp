// The books that `powershare bench market` clears, and what clearing them takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "market/clearing.hpp"

namespace powershare::bench {

/// A book of so many orders, half bids and half offers, each with an owner of its own: 50 to 1,500
/// Wh, bids 0.10 to 0.30 and offers 0.05 to 0.25 per kWh, from SplitMix64 of `seed`. The same books
/// as the shared vectors (market-vectors/synthetic_books.json, seed 42).
market::Book synthetic_book(std::uint32_t orders, std::uint64_t seed = 42);

/// Spreads the owners over eight feeders of two neighbourhoods, with fees and losses on every
/// level; half of the offers are green, and every fourth buyer pays 0.02 more for that.
market::Network synthetic_network(market::Book& book);

struct MarketFigures {
  std::string rule;
  bool network = false;  ///< fees, losses and premiums
  std::uint32_t orders = 0;
  unsigned runs = 0;
  double ms = 0;        ///< median, wall clock
  double cpu_ms = 0;    ///< least, of the thread: what a machine without neighbours takes
  double check_ms = 0;  ///< of the certificate, where there is one
  double peak_mib = 0;  ///< of memory above what the book takes
  std::size_t trades = 0;
  double volume_kwh = 0;
  std::string surplus;  ///< coins, exact; rule optimal
  std::string gap;
  bool fell_back = false;
};

/// Clears it until a second has passed, three to twenty times. MarketError.
Result<MarketFigures> measure_rule(std::string_view rule, const market::Book& book,
                                   const market::Network& network);

}  // namespace powershare::bench
