// One order of a slot's book.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "base/time.hpp"

namespace powershare::market {

enum class Side : std::uint8_t { buy = 1, sell };

/// Position of a participant's name in Book::participants.
using ParticipantIndex = std::uint32_t;

/// What breaks ties among standing orders: SHA-256(slot ‖ order id), made by the ledger, since this
/// room cannot hash.
using TieKey = std::array<std::uint8_t, 32>;

/// A bid or an offer. Limits are all-in (DECISIONS 39): a buyer's includes fees and losses, a
/// seller's is net of them.
struct Order {
  std::string id;  ///< unique in its book
  ParticipantIndex participant = 0;
  Side side = Side::buy;
  bool standing =
      false;           ///< from a household's criteria: ties pro rata, not by time (DECISIONS 40)
  bool green = false;  ///< sell: the energy has a renewable certificate
  bool only_green = false;                 ///< buy: takes nothing else
  Energy energy;                           ///< > 0
  Price limit;                             ///< buy: at most; sell: at least. May be negative
  UtcMillis accepted;                      ///< explicit orders: when the chain accepted it
  TieKey tie_key{};                        ///< standing orders
  std::vector<ParticipantIndex> partners;  ///< trades with these only; empty: with anyone
};

}  // namespace powershare::market
