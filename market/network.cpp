#include "market/network.hpp"

#include <algorithm>
#include <utility>

namespace powershare::market {
namespace {

/// Keeps the sum of a path's fees and of its losses far inside 64 bits.
constexpr std::int64_t max_fee_nano = 1'000 * nano_per_unit;

Error bad(std::string detail) {
  return {MarketError::bad_network, std::move(detail)};
}

bool is_limit(const std::optional<Energy>& limit) {
  return !limit || !limit->is_negative();
}

Result<void> check_zones(const Network& network) {
  if (network.zones.size() > Network::max_zones) return bad("a network has at most 1,000 zones");
  for (ZoneIndex i = 0; i < network.zones.size(); ++i) {
    const Zone& zone = network.zones[i];
    if (i == 0 ? zone.parent != no_zone : zone.parent >= i) {
      return bad("zone " + zone.id +
                 ": its parent must stand before it, and only the first has none");
    }
    if (zone.fee.is_negative() || zone.fee.nano() > max_fee_nano) {
      return bad("zone " + zone.id + ": its fee must be between 0 and 1,000");
    }
    if (zone.loss_nano < 0 || zone.loss_nano > nano_per_unit) {
      return bad("zone " + zone.id + ": its loss must be between 0 and 1");
    }
    if (!is_limit(zone.max_export) || !is_limit(zone.max_import)) {
      return bad("zone " + zone.id + ": the limit of its border must not be negative");
    }
  }
  return {};
}

Result<void> check_losses(const Network& network) {
  for (std::size_t i = 0; i < network.losses.size(); ++i) {
    const PairLoss& loss = network.losses[i];
    if (loss.from >= network.zones.size() || loss.to >= network.zones.size()) {
      return bad("a loss is between zones that are not there");
    }
    if (loss.loss_nano < 0 || loss.loss_nano > nano_per_unit) {
      return bad("the loss between two zones must be between 0 and 1");
    }
    if (i == 0) continue;
    const PairLoss& before = network.losses[i - 1];
    if (std::pair(before.from, before.to) >= std::pair(loss.from, loss.to)) {
      return bad("losses must stand by seller's and buyer's zone, each pair once");
    }
  }
  return {};
}

/// loss_price × loss, rounded up.
Price loss_cost(const Network& network, std::int64_t loss_nano) {
  __extension__ using Wide = __int128;
  const Wide product = static_cast<Wide>(network.loss_price.nano()) * loss_nano;
  return Price::from_nano(static_cast<std::int64_t>((product + nano_per_unit - 1) / nano_per_unit));
}

}  // namespace

Result<void> check_network(const Network& network, std::size_t participants) {
  if (auto zones = check_zones(network); !zones) return zones;
  if (auto losses = check_losses(network); !losses) return losses;
  if (!network.zone_of.empty() && network.zone_of.size() != participants) {
    return bad("each participant must be in a zone");
  }
  for (const ZoneIndex zone : network.zone_of) {
    if (zone >= network.zones.size()) return bad("a participant is in a zone that is not there");
  }
  for (const Premium& premium : network.premiums) {
    if (premium.participant >= participants ||
        (premium.partner && *premium.partner >= participants)) {
      return bad("a premium names a participant that is not in the book");
    }
    if (premium.value.is_negative() || premium.value.nano() > max_fee_nano) {
      return bad("a premium must be between 0 and 1,000");
    }
  }
  if (network.loss_price.is_negative() || network.loss_price.nano() > max_fee_nano) {
    return bad("the price of losses must be between 0 and 1,000");
  }
  return {};
}

ZoneIndex zone_of(const Network& network, ParticipantIndex participant) {
  return network.zone_of.empty() ? 0 : network.zone_of[participant];
}

std::vector<ZoneIndex> levels_between(const Network& network, ZoneIndex from, ZoneIndex to) {
  std::vector<ZoneIndex> up;
  std::vector<ZoneIndex> down;
  if (network.zones.empty()) return up;
  // A parent's index is the smaller one, so the larger of two different ones is never above both.
  while (from != to) {
    if (from > to) {
      up.push_back(from);
      from = network.zones[from].parent;
    } else {
      down.push_back(to);
      to = network.zones[to].parent;
    }
  }
  up.push_back(from);
  up.insert(up.end(), down.rbegin(), down.rend());
  return up;
}

PairCost level_cost(const Network& network, ZoneIndex zone) {
  const Zone& level = network.zones[zone];
  return {level.fee, loss_cost(network, level.loss_nano), level.loss_nano};
}

PairCost pair_cost(const Network& network, ZoneIndex from, ZoneIndex to) {
  PairCost cost;
  if (network.zones.empty()) return cost;
  const auto pass = [&](ZoneIndex zone) {  // at most 1,000 levels of at most 1e12 each
    const PairCost level = level_cost(network, zone);
    cost.fees = Price::from_nano(cost.fees.nano() + level.fees.nano());
    cost.losses = Price::from_nano(cost.losses.nano() + level.losses.nano());
    cost.loss_nano += level.loss_nano;
  };
  for (ZoneIndex a = from, b = to;;) {
    // The larger of two different indices is never above both.
    ZoneIndex& end = a > b ? a : b;
    pass(end);
    if (a == b) break;
    end = network.zones[end].parent;
  }
  const auto listed = std::lower_bound(
      network.losses.begin(), network.losses.end(), std::pair(from, to),
      [](const PairLoss& loss, auto pair) { return std::pair(loss.from, loss.to) < pair; });
  if (listed != network.losses.end() && listed->from == from && listed->to == to) {
    cost.loss_nano = listed->loss_nano;
    cost.losses = loss_cost(network, listed->loss_nano);
  }
  return cost;
}

Result<Charges> charges(const Network& network, ZoneIndex from, ZoneIndex to, Energy energy,
                        Price price) {
  Charges result;
  auto gets = multiply(price, energy);
  if (!gets) return gets.error();
  result.seller_gets = *gets;
  Result<Coins> total = *gets;
  for (const ZoneIndex level : levels_between(network, from, to)) {
    const Price fee = network.zones[level].fee;
    if (fee.is_zero()) continue;
    const auto amount = multiply_divide_floor(fee.nano(), energy.nano(), nano_per_unit);
    if (!amount) return amount.error();
    result.fees.push_back({level, Coins::from_nano(*amount)});
    total = add(*total, Coins::from_nano(*amount));
    if (!total) return total.error();
  }
  const PairCost cost = pair_cost(network, from, to);
  const auto lost = multiply_divide_floor(cost.loss_nano, energy.nano(), nano_per_unit);
  if (!lost) return lost.error();
  __extension__ using Wide = __int128;
  const bool exact =
      static_cast<Wide>(*lost) * nano_per_unit == static_cast<Wide>(cost.loss_nano) * energy.nano();
  result.lost = Energy::from_nano(*lost + (exact ? 0 : 1));
  const auto paid = multiply_divide_floor(cost.losses.nano(), energy.nano(), nano_per_unit);
  if (!paid) return paid.error();
  result.losses = Coins::from_nano(*paid);
  total = add(*total, result.losses);
  if (!total) return total.error();
  result.buyer_pays = *total;
  return result;
}

Result<Price> net_of_ratio(Price all_in, std::int64_t ratios_nano) {
  const auto nano = multiply_divide(all_in.nano(), nano_per_unit, nano_per_unit + ratios_nano);
  if (!nano) return nano.error();
  return Price::from_nano(*nano);
}

Result<Price> fee_of_ratio(Price sellers_price, std::int64_t ratio_nano) {
  const auto nano = multiply_divide(sellers_price.nano(), ratio_nano, nano_per_unit);
  if (!nano) return nano.error();
  return Price::from_nano(*nano);
}

}  // namespace powershare::market
