// What the grid adds to a trade: zones, the fees and losses between them, the limits of their
// borders, and what participants are ready to pay for the partner they want.
//
// Zones form a tree: a house or a phase below its feeder, that below its neighbourhood, that below
// the island. A trade takes the path from the seller's zone up to the lowest zone that holds both,
// and down to the buyer's; the zones on it, both ends and the turning point included, are its
// levels, each once. Between two participants of one zone that zone is the only level.
//
// Limits are all-in (DECISIONS 39): the buyer pays price + fees + losses and that is at most its
// limit; the seller gets the price. All money of a trade is computed by charges(), nowhere else.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "market/error.hpp"
#include "market/order.hpp"

namespace powershare::market {

/// Position in Network::zones.
using ZoneIndex = std::uint32_t;
inline constexpr ZoneIndex no_zone = std::numeric_limits<ZoneIndex>::max();

/// A level of the grid, in one slot: a fee that changes with time is the caller's to look up.
struct Zone {
  std::string id;
  ZoneIndex parent = no_zone;  ///< stands before this one; the first zone alone has none
  Price fee;                   ///< >= 0, for each kWh traded over this level
  std::int64_t loss_nano = 0;  ///< nano-kWh lost for each kWh traded over this level, 0 … 1e9
  /// What all trades of the slot together may carry over the border to the parent; none: anything.
  std::optional<Energy> max_export;
  std::optional<Energy> max_import;
};

/// The loss of trades between two zones where it is not the sum of the levels': it depends on phase
/// and direction. The zones may be the same one.
struct PairLoss {
  ZoneIndex from = 0;  ///< the seller's zone
  ZoneIndex to = 0;    ///< the buyer's zone
  std::int64_t loss_nano = 0;
};

/// A preference: with such a partner a bid holds up to limit + premium, an offer down to
/// limit - premium. All that apply to a pair add up. Rule `optimal` alone looks at them.
struct Premium {
  ParticipantIndex participant = 0;
  std::optional<ParticipantIndex> partner;  ///< none: any
  bool only_green = false;                  ///< as a buyer, for energy with a certificate
  Price value;                              ///< >= 0
};

/// The grid of one slot. Without zones there are no fees, losses and limits.
struct Network {
  static constexpr std::size_t max_zones = 1'000;

  std::vector<Zone> zones;
  std::vector<ZoneIndex> zone_of;  ///< by position in Book::participants; none: all in zone 0
  std::vector<PairLoss> losses;    ///< by from and to, each once
  std::vector<Premium> premiums;
  Price loss_price;  ///< >= 0: what the utility takes for a kWh that is lost (DECISIONS 42)
};

/// What is added to each kWh of a trade.
struct PairCost {
  Price fees;
  Price losses;                ///< loss_price × loss, rounded up for each level
  std::int64_t loss_nano = 0;  ///< nano-kWh per kWh
  friend bool operator==(const PairCost&, const PairCost&) = default;
};

/// One sentence where the network is not as said above, for so many participants.
/// MarketError::bad_network.
Result<void> check_network(const Network& network, std::size_t participants);

ZoneIndex zone_of(const Network& network, ParticipantIndex participant);
/// The levels between two zones, from the seller's end to the buyer's.
std::vector<ZoneIndex> levels_between(const Network& network, ZoneIndex from, ZoneIndex to);
/// What one level adds.
PairCost level_cost(const Network& network, ZoneIndex zone);
/// Of one pair of zones, in O(levels + log losses): the sum over the levels, but for the loss of a
/// listed pair. The network has been checked.
PairCost pair_cost(const Network& network, ZoneIndex from, ZoneIndex to);

/// The money of one trade: buyer_pays = seller_gets + sum of the fees + losses, to the nano-unit.
/// seller_gets = price × energy, half to even; fees and losses are rounded down, so that the buyer
/// pays at most its limit × energy, rounded up. The energy lost is rounded up (DECISIONS 42).
struct Charges {
  struct Fee {
    ZoneIndex zone = 0;
    Coins amount;
    friend bool operator==(const Fee&, const Fee&) = default;
  };
  Coins buyer_pays;
  Coins seller_gets;
  std::vector<Fee> fees;  ///< of the levels that take one, from the seller's end to the buyer's
  Energy lost;            ///< to be bought from the utility
  Coins losses;           ///< what that costs the buyer
  friend bool operator==(const Charges&, const Charges&) = default;
};

/// `price`: what the seller gets for a kWh. BaseError::overflow.
Result<Charges> charges(const Network& network, ZoneIndex from, ZoneIndex to, Energy energy,
                        Price price);

/// A fee that is a part of the seller's price, in nano-coins per coin: what the seller gets where
/// the buyer pays `all_in` and the levels take `ratios_nano` together, rounded half to even. With
/// the fee that follows it goes into Zone::fee for the slot.
Result<Price> net_of_ratio(Price all_in, std::int64_t ratios_nano);
Result<Price> fee_of_ratio(Price sellers_price, std::int64_t ratio_nano);

}  // namespace powershare::market
