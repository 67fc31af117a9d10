// The proof that comes with rule `optimal`: prices at which nobody would rather trade otherwise.
//
// Every group of like orders, and every zone on its way up and down, has a price (market/graph.hpp
// numbers them). What all orders would gain at these prices, and what scarce borders would earn, is
// at least the surplus of any clearing whatever (weak duality), so a clearing that reaches it is an
// optimum. Checking that needs no search: one look at each order, each trade and each arc.
#pragma once

#include <vector>

#include "base/quantities.hpp"
#include "market/book.hpp"
#include "market/network.hpp"

namespace powershare::market {

/// nano-coins per kWh × nano-kWh: 1e-18 coins.
__extension__ using Surplus = __int128;

struct Certificate {
  std::vector<Price> prices;  ///< by node of the graph
  Surplus surplus = 0;        ///< of the trades: what they are worth to both sides, net of the grid
  Surplus bound = 0;          ///< no clearing has more
  Surplus gap() const { return bound - surplus; }
  friend bool operator==(const Certificate&, const Certificate&) = default;
};

/// 18 decimals at most, no trailing zeros, in coins.
std::string to_text(Surplus surplus);

struct Clearing;

/// Checks the trades of `clearing` (limits, partners, energies, fees, borders) and its certificate
/// against the book, in O(orders + trades + arcs). MarketError::bad_certificate says in one
/// sentence what is wrong. Success with gap() 0: the clearing is an optimum.
Result<void> check_certificate(const Book& book, const Network& network, const Clearing& clearing);

}  // namespace powershare::market
