#include "market/pair_costs.hpp"

#include <algorithm>
#include <limits>

namespace powershare::market {
namespace {

constexpr std::uint32_t unused = std::numeric_limits<std::uint32_t>::max();

/// Numbers the zones in which orders of `side` stand; gives them by number.
std::vector<ZoneIndex> used_zones(const Book& book, const Network& network, Side side,
                                  std::vector<std::uint32_t>& numbers) {
  numbers.assign(network.zones.size(), unused);
  for (const Order& order : book.orders) {
    if (order.side == side) numbers[zone_of(network, order.participant)] = 0;
  }
  std::vector<ZoneIndex> zones;
  for (ZoneIndex zone = 0; zone < numbers.size(); ++zone) {
    if (numbers[zone] == unused) continue;
    numbers[zone] = static_cast<std::uint32_t>(zones.size());
    zones.push_back(zone);
  }
  return zones;
}

}  // namespace

PairCosts::PairCosts(const Book& book, const Network& network) : network_(network) {
  if (network.zones.empty()) return;
  const auto rows = used_zones(book, network, Side::sell, row_);
  const auto columns = used_zones(book, network, Side::buy, column_);
  columns_ = columns.size();
  costs_.reserve(rows.size() * columns.size());
  cheapest_.assign(columns_, rows.empty() ? 0 : std::numeric_limits<std::int64_t>::max());
  dearest_.assign(columns_, 0);
  for (const ZoneIndex from : rows) {
    for (std::size_t column = 0; column < columns_; ++column) {
      const PairCost cost = pair_cost(network, from, columns[column]);
      const std::int64_t total = cost.fees.nano() + cost.losses.nano();
      cheapest_[column] = std::min(cheapest_[column], total);
      dearest_[column] = std::max(dearest_[column], total);
      costs_.push_back(cost);
    }
  }
}

BorderRoom::BorderRoom(const Network& network) : network_(network) {
  for (const Zone& zone : network.zones) {
    const auto room = [](const std::optional<Energy>& limit) {
      return limit ? limit->nano() : std::numeric_limits<std::int64_t>::max();
    };
    limited_ = limited_ || zone.max_export || zone.max_import;
    up_.push_back(room(zone.max_export));
    down_.push_back(room(zone.max_import));
  }
}

std::int64_t BorderRoom::take(ZoneIndex from, ZoneIndex to, std::int64_t wanted) {
  if (!limited_) return wanted;
  for (const bool look : {true, false}) {
    ZoneIndex up = from;
    ZoneIndex down = to;
    while (up != down) {
      std::int64_t& room = up > down ? up_[up] : down_[down];
      if (look) wanted = std::min(wanted, room);
      if (!look && room != std::numeric_limits<std::int64_t>::max()) room -= wanted;
      ZoneIndex& end = up > down ? up : down;
      end = network_.zones[end].parent;
    }
  }
  return wanted;
}

}  // namespace powershare::market
