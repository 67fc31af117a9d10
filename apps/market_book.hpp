// A book of orders as JSON text, and a clearing back (docs/market.md has the format).
#pragma once

#include <string>
#include <string_view>

#include "market/clearing.hpp"

namespace powershare::apps {

struct MarketBook {
  market::Book book;
  market::Network network;
};

/// AppError::damaged_data says in one sentence which entry is wrong, and how.
Result<MarketBook> parse_market_book(std::string_view text);

/// One line of JSON. `checked`: whether the certificate holds, where there is one.
std::string clearing_json(const MarketBook& book, const market::Clearing& clearing,
                          const Result<void>& checked);
/// The same for people.
std::string clearing_table(const MarketBook& book, const market::Clearing& clearing,
                           const Result<void>& checked);

}  // namespace powershare::apps
