// What a clearing of the market comes to as trades of the ledger, with their money. Inside room
// ledger only.
#pragma once

#include "ledger/slot_settlement.hpp"
#include "market/book.hpp"
#include "market/clearing.hpp"

namespace powershare::ledger {

/// Clears the book. Where too many of its orders are restricted for the rule, those with partners
/// or for renewable energy only leave the book, and the others are cleared without them.
/// MarketError.
Result<market::Clearing> clear_book(const std::string& rule, market::Book& book,
                                    const market::Network& network);

/// A trade, and the positions of its orders in the book.
struct BookTrade {
  SettledTrade trade;
  std::uint32_t bid = 0;
  std::uint32_t offer = 0;
};
/// The clearing's trades between neighbours, in its order; participants of the book stand as in
/// `terms`. BaseError::overflow.
Result<std::vector<BookTrade>> trades_of(const market::Network& network, const market::Book& book,
                                         const market::Clearing& clearing,
                                         const std::vector<Terms>& terms);

}  // namespace powershare::ledger
